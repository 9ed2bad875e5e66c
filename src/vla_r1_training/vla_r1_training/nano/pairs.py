"""Pairs of colour and shape that training never shows are not taught to be impossible.

A model that is only shown green cubes and green boxes learns that no ball is green, and then calls
a green ball a cube, whatever it sees. So what was never shown is left out of the softmax where a
name is learned: no gradient speaks for or against it, and what decides is what a ball looks like
in other colours. (The bias-only model of arXiv 1909.03683, with certainty where nothing is shown.)
"""

from collections.abc import Iterable

import torch
from vla_r1_sim.vocabulary import COLORS, SHAPES

_COLORS, _SHAPES = list(COLORS), list(SHAPES)
_NEVER = -1e4
"""Not -inf, which times a probability of 0 is no number."""


def shown_pairs(names: Iterable[str]) -> torch.Tensor:
    """Return (colours, shapes) bool: which of them are among names such as 'red cube'."""
    shown = torch.zeros(len(_COLORS), len(_SHAPES), dtype=torch.bool)
    for color, _, shape in {name.partition(' ') for name in names}:
        if color in _COLORS and shape in _SHAPES:
            shown[_COLORS.index(color), _SHAPES.index(shape)] = True
    return shown


def without_unshown(
    logits: torch.Tensor,
    places: torch.Tensor,
    given: torch.Tensor,
    shown: torch.Tensor,
    right: torch.Tensor,
) -> torch.Tensor:
    """Return logits that are very low where they stand for a pair that was never shown.

    What is right is not left out: a thing that is asked for and not there may be such a pair.

    Args:
        logits: (N, V).
        places: (K,) where the K colours, or shapes, stand among V.
        given: (N,) which shape, or colour, goes with it; -1 where none does.
        shown: (given, K) bool.
        right: (N,) which of V is to be learned.
    """
    hidden = ~shown[given.clamp(min=0)] & (given >= 0)[:, None] & (places != right[:, None])
    out = logits.clone()
    out[:, places] = logits[:, places].masked_fill(hidden, _NEVER)
    return out
