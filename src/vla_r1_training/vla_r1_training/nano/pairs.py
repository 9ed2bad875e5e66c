"""Pairs of colour and shape that training never shows are not taught to be impossible.

A model that is only shown green cubes and green boxes learns that no ball is green, and then calls
a green ball a cube, whatever it sees. So what was never shown is left out of the softmax where a
name is learned: no gradient speaks for or against it, and what decides is what a ball looks like
in other colours. (The bias-only model of arXiv 1909.03683, with certainty where nothing is shown.)

But nothing then speaks against it either where something else is seen: in the end a purple cube
is called a yellow one, because no cube was yellow. Once a model sees, these pairs may be likelier
than what is right only by so many nats.
"""

from collections.abc import Iterable

import torch
from vla_r1_sim.vocabulary import COLORS, SHAPES

_COLORS, _SHAPES = list(COLORS), list(SHAPES)
ANY = 1e4
"""Nats by which a pair that was never shown may be likelier than what is right: any number.

Not infinity, which times a probability of 0 is none.
"""


def shown_pairs(names: Iterable[str]) -> torch.Tensor:
    """Return (colours, shapes) bool: which of them are among names such as 'red cube'."""
    shown = torch.zeros(len(_COLORS), len(_SHAPES), dtype=torch.bool)
    for color, _, shape in {name.partition(' ') for name in names}:
        if color in _COLORS and shape in _SHAPES:
            shown[_COLORS.index(color), _SHAPES.index(shape)] = True
    return shown


def unshown(
    places: torch.Tensor, given: torch.Tensor, shown: torch.Tensor, right: torch.Tensor
) -> torch.Tensor:
    """Return (N, K) bool, which colours, or shapes, would be a pair that was never shown.

    What is right is not: a thing that is asked for and not there may be such a pair.

    Args:
        places: (K,) where the K colours, or shapes, stand among a vocabulary.
        given: (N,) which shape, or colour, goes with it; -1 where none does.
        shown: (given, K) bool.
        right: (N,) which of the vocabulary is to be learned.
    """
    return ~shown[given.clamp(min=0)] & (given >= 0)[:, None] & (places != right[:, None])


def without_unshown(
    logits: torch.Tensor, places: torch.Tensor, hidden: torch.Tensor, by: float = ANY
) -> torch.Tensor:
    """Return (N, V) logits that are lower [nats] at K places where (N, K) say so."""
    out = logits.clone()
    out[:, places] = logits[:, places] - by * hidden
    return out
