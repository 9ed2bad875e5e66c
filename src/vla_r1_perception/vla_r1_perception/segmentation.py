"""Find the vividly coloured things in a picture: one mask with soft edges for each.

Saturation tells painted objects from wood, metal, floor and their shadows: a shadow darkens a
surface but hardly changes its saturation. The soft edge matters because a grasp is only as exact
as the box: at 30 px, one pixel on each side is a tenth of the object.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

# OpenCV's hue is in units of 2 degrees; each colour starts where the one before ends.
_HUE_STARTS = {
    'red': 0,
    'orange': 6,
    'yellow': 20,
    'green': 35,
    'teal': 79,
    'blue': 101,
    'purple': 127,
    'pink': 158,
}
_HUE_RED_AGAIN = 175
# Containers are wide: what is before them cuts them into pieces.
_ONE_AT_MOST = ('teal', 'pink')
_MIN_SATURATION = 140
_MIN_VALUE = 40
_MIN_SIDE_PX = 6
_MIN_AREA_PX = 60
_MARGIN_PX = 4
_EDGE = 0.45  # share of object colour from which a pixel belongs to the object


@dataclass(frozen=True)
class Blob:
    """One coloured region.

    Attributes:
        color: its name.
        x, y: the crop's left and top edge [px].
        cover: (h, w) float32 crop, how much of each pixel the object covers, in [0, 1].
        corners_px: left, top, right, bottom edge of the region [px].
    """

    color: str
    x: int
    y: int
    cover: NDArray[np.float32]
    corners_px: tuple[int, int, int, int]


def find_blobs(image: NDArray[np.uint8]) -> list[Blob]:
    """Return the coloured regions of an (H, W, 3) RGB picture, far ones (top) first."""
    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
    vivid = (hsv[..., 1] > _MIN_SATURATION) & (hsv[..., 2] > _MIN_VALUE)
    labels = np.where(vivid, _HUE_TABLE[hsv[..., 0]], 0)
    blobs = []
    for number, color in enumerate(_HUE_STARTS, start=1):
        regions = (labels == number).view(np.uint8)
        _, index, stats, _ = cv2.connectedComponentsWithStats(regions)
        large = [
            i
            for i, (_, _, w, h, area) in enumerate(stats[1:], start=1)
            if area >= _MIN_AREA_PX and min(w, h) >= _MIN_SIDE_PX
        ]
        for pieces in [large] if large and color in _ONE_AT_MOST else [[i] for i in large]:
            region = np.isin(index, pieces)
            blobs.append(
                _soften(image, vivid, region, color, cv2.boundingRect(region.view(np.uint8)))
            )
    return sorted(blobs, key=lambda blob: (blob.corners_px[3], blob.corners_px[0]))


def _hue_table() -> NDArray[np.uint8]:
    """Return the colour's number, from 1, of each of OpenCV's 180 hues."""
    starts = list(_HUE_STARTS.values())
    table = np.searchsorted(starts, np.arange(180), side='right').astype(np.uint8)
    table[_HUE_RED_AGAIN:] = 1
    return table


_HUE_TABLE = _hue_table()


def _soften(
    image: NDArray[np.uint8],
    vivid: NDArray[np.bool_],
    region: NDArray[np.bool_],
    color: str,
    rect: tuple[int, int, int, int],
) -> Blob:
    """Estimate the cover of the pixels along the edge, which mix object and background."""
    x, y, w, h = rect
    top, left = max(0, y - _MARGIN_PX), max(0, x - _MARGIN_PX)
    crop = np.s_[top : y + h + _MARGIN_PX, left : x + w + _MARGIN_PX]
    inside = region[crop].view(np.uint8)
    core = cv2.erode(inside, np.ones((3, 3), np.uint8)) > 0
    if not core.any():
        core = inside > 0
    around = cv2.dilate(vivid[crop].view(np.uint8), np.ones((5, 5), np.uint8)) == 0
    cover = inside.astype(np.float32)
    if around.any():
        chroma = cv2.cvtColor(image[crop], cv2.COLOR_RGB2LAB)[..., 1:].astype(np.float32)
        background = np.median(chroma[around], axis=0)
        step = np.median(chroma[core], axis=0) - background
        share = np.clip((chroma - background) @ step / (step @ step), 0.0, 1.0)
        near = cv2.dilate(inside, np.ones((3, 3), np.uint8)) > 0
        someone_else = vivid[crop] & (inside == 0)
        cover = np.where(near & ~someone_else, share, 0.0).astype(np.float32)
        cover[core] = 1.0
    rows, columns = np.nonzero(cover > _EDGE)
    corners = (
        left + int(columns.min()),
        top + int(rows.min()),
        left + int(columns.max()) + 1,
        top + int(rows.max()) + 1,
    )
    return Blob(color, left, top, cover, corners)
