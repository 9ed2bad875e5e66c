"""Pictures whose hues are turned: shapes in colours that have no part in what is asked."""

from collections.abc import Iterable, Sequence
import colorsys

import cv2
import numpy as np
from numpy.typing import NDArray
from vla_r1_sim.vocabulary import COLORS, SHAPES

_HUES = np.array([360 * colorsys.rgb_to_hsv(*rgb)[0] for rgb in COLORS.values()])
_TURNS = np.arange(20.0, 341.0, 5.0)
"""Degrees; by less than 20 nothing looks new."""
_LOOKS = np.abs((_HUES[:, None] + _TURNS[:, None, None] - _HUES + 180) % 360 - 180).argmin(-1)
"""(turns, colours): which colour of the palette each is nearest to then."""
_MARGIN = 6.0
"""Degrees; a picture's hues are whole parts of 256 of a turn."""


def turn_hues(
    rng: np.random.Generator,
    pictures: NDArray[np.uint8],
    names: Sequence[Iterable[str]],
    shown: NDArray[np.bool_],
    share: float,
) -> tuple[NDArray[np.uint8], NDArray[np.int_]]:
    """Turn the hues of some pictures, all by one angle each.

    So a shape is seen in nearly every colour, and cannot be known by it. An angle is not taken
    when a thing would then have nearly the colour that it is never shown in: the colour of the
    palette whose hue is nearest.

    Args:
        rng: draws which, and how far.
        pictures: (B, height, width, 3), RGB.
        names: of all things in each, such as 'red cube'; others than colour and shape are ignored.
        shown: (colours, shapes): the pairs that training shows.
        share: of the pictures. Where no angle is left, a picture stays as it is.

    Returns:
        The pictures, and which colour of the palette each looks like in them: (B, colours).
    """
    out, looks = pictures.copy(), np.tile(np.arange(len(COLORS)), (len(pictures), 1))
    for i in np.flatnonzero(rng.random(len(pictures)) < share).tolist():
        allowed = np.flatnonzero(_allowed(names[i], shown))
        if len(allowed):
            turn = rng.choice(allowed)
            hsv = cv2.cvtColor(pictures[i], cv2.COLOR_RGB2HSV_FULL)
            hsv[..., 0] += np.uint8(round(_TURNS[turn] * 256 / 360))  # wraps around
            out[i], looks[i] = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB_FULL), _LOOKS[turn]
    return out, looks


def _allowed(names: Iterable[str], shown: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which of the turns shows nothing in a colour that it is never shown in."""
    allowed = np.ones(len(_TURNS), bool)
    for color, _, shape in (name.partition(' ') for name in names):
        if color in COLORS and shape in SHAPES:
            hues = _HUES[list(COLORS).index(color)] + _TURNS
            apart = np.abs((hues[:, None] - _HUES + 180) % 360 - 180)
            may_be = shown[:, SHAPES.index(shape)]
            shown_by = apart[:, may_be].min(1, initial=np.inf)
            allowed &= apart[:, ~may_be].min(1, initial=np.inf) > shown_by + _MARGIN
    return allowed
