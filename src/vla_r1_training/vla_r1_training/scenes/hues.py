"""Pictures in other colours: shapes in colours that have no part in what is asked."""

from collections.abc import Iterable, Sequence
import colorsys
from dataclasses import replace
import re

import cv2
import numpy as np
from numpy.typing import NDArray
from vla_r1_sim.vocabulary import COLORS, SHAPES

from vla_r1_training.scenes.examples import Asked


def _apart(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far hues are from others, the shorter way round [degrees]."""
    return np.abs((one - other + 180) % 360 - 180)


_HUES = np.array([360 * colorsys.rgb_to_hsv(*rgb)[0] for rgb in COLORS.values()])
_TURNS = np.arange(0.0, 360.0, 5.0)
"""Degrees."""
_ALIKE = 30.0
"""Degrees; a hue that is farther from all colours of the palette is none of them."""
_FROM = _apart(_HUES[:, None] + _TURNS[:, None, None], _HUES)
"""(turns, colours, colours): how far each is then from each of the palette [degrees]."""
_LOOKS = np.where(_FROM.min(-1) < _ALIKE, _FROM.argmin(-1), -1)
"""(turns, colours): which colour of the palette each looks like then, -1 for none."""
_MARGIN = 6.0
"""Degrees; a picture's hues are whole parts of 256 of a turn."""
_NEAREST = _apart(np.arange(256)[:, None] * 360 / 256, _HUES).argmin(1)
"""(256,): the colour of the palette that each of OpenCV's whole hues belongs to."""
_PLAIN, _FULL = 110, 150
"""Saturations: up to the first it is a table or clutter, from the second on a coloured thing."""
_COLOR_WORD = re.compile(rf'\b(?:{"|".join(COLORS)})\b')
_STRENGTH, _LIGHT = (0.55, 1.05), (0.6, 1.25)
"""Of saturation and brightness, in parts of what they were."""


def turn_hues(
    rng: np.random.Generator,
    pictures: NDArray[np.uint8],
    names: Sequence[Iterable[str]],
    shown: NDArray[np.bool_],
    share: float,
) -> tuple[NDArray[np.uint8], NDArray[np.int_]]:
    """Give each colour of some pictures another hue, strength and brightness; tables stay.

    So a shape is seen in nearly every colour, and cannot be known by it. A hue is not taken when a
    thing would then have nearly the colour that it is never shown in: when it is within 30 degrees
    of that colour's hue, and nearer to none that it is shown in.

    Args:
        rng: draws which, and what.
        pictures: (B, height, width, 3), RGB.
        names: of all things in each, such as 'red cube'; others than colour and shape are ignored.
        shown: (colours, shapes): the pairs that training shows.
        share: of the pictures.

    Returns:
        The pictures, and which colour of the palette each looks like in them, -1 for none:
        (B, colours).
    """
    out, looks = pictures.copy(), np.tile(np.arange(len(COLORS)), (len(pictures), 1))
    for i in np.flatnonzero(rng.random(len(pictures)) < share).tolist():
        allowed = _allowed(names[i], shown)
        chosen = np.array([rng.choice(np.flatnonzero(column)) for column in allowed.T])
        looks[i] = _LOOKS[chosen, np.arange(len(COLORS))]
        out[i] = _painted(
            pictures[i],
            _TURNS[chosen],
            rng.uniform(*_STRENGTH, len(COLORS)),
            rng.uniform(*_LIGHT, len(COLORS)),
        )
    return out, looks


def rename_colors(
    rng: np.random.Generator, asked: Asked, looks: NDArray[np.int_]
) -> tuple[Asked, NDArray[np.int_]]:
    """Give all colours of a question other names, each its own.

    Where no colour is what it was, any name will do for it as long as it is always the same: which
    thing is meant then follows from what is said to be seen, for every colour with every shape.

    Args:
        rng: draws.
        asked: a question.
        looks: (colours,), which colour of the palette each looks like, -1 for none.

    Returns:
        The question, and what each colour that it names looks like.
    """
    names = list(COLORS)
    order = rng.permutation(len(names))
    other = {name: names[i] for name, i in zip(names, order, strict=True)}

    def renamed(text: str) -> str:
        return _COLOR_WORD.sub(lambda found: other[found[0]], text)

    called = replace(
        asked,
        instruction=renamed(asked.instruction),
        request=renamed(asked.request),
        things=tuple(replace(thing, name=renamed(thing.name)) for thing in asked.things),
        name=None if asked.name is None else renamed(asked.name),
    )
    looked = np.empty_like(looks)
    looked[order] = looks
    return called, looked


def _painted(
    picture: NDArray[np.uint8],
    turns: NDArray[np.float64],
    strength: NDArray[np.float64],
    light: NDArray[np.float64],
) -> NDArray[np.uint8]:
    """Return an (H, W, 3) picture with what each colour of the palette becomes (each: colours)."""
    hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV_FULL)
    which = _NEAREST[hsv[..., 0]]
    changed = np.empty_like(hsv)
    changed[..., 0] = hsv[..., 0] + np.round(turns * 256 / 360).astype(np.uint8)[which]  # wraps
    changed[..., 1] = np.minimum(hsv[..., 1] * strength[which], 255)
    changed[..., 2] = np.minimum(hsv[..., 2] * light[which], 255)
    thing = np.clip((hsv[..., 1:2].astype(np.float32) - _PLAIN) / (_FULL - _PLAIN), 0, 1)
    other = cv2.cvtColor(changed, cv2.COLOR_HSV2RGB_FULL).astype(np.float32)
    painted: NDArray[np.uint8] = (picture + thing * (other - picture)).round().astype(np.uint8)
    return painted


def _allowed(names: Iterable[str], shown: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return (turns, colours): which show nothing in a colour that it is never shown in."""
    allowed = np.ones((len(_TURNS), len(COLORS)), bool)
    for color, _, shape in (name.partition(' ') for name in names):
        if color in COLORS and shape in SHAPES:
            which = list(COLORS).index(color)
            apart = _FROM[:, which]
            may_be = shown[:, SHAPES.index(shape)]
            shown_by = apart[:, may_be].min(1, initial=np.inf)
            least = np.minimum(shown_by, _ALIKE) + _MARGIN
            allowed[:, which] &= apart[:, ~may_be].min(1, initial=np.inf) > least
    return allowed
