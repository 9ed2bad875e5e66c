"""What the scripted backend sees: objects with colour, shape and place, and the gripper."""

from dataclasses import dataclass
import math

import cv2
import numpy as np
from numpy.typing import NDArray
from vla_r1_core.types import Box

from vla_r1_perception.segmentation import find_blobs
from vla_r1_perception.shapes import classify

Point = tuple[float, float]

# Containers are told by their colours: things in them and before them hide their outlines.
_CONTAINER_OF_COLOR = {'teal': 'bowl', 'pink': 'tray'}
# Of the box's height, seen obliquely: the far wall shows above the floor. Flat: nothing.
_FLOOR_BELOW_MIDDLE = {'bowl': 0.17, 'tray': 0.01}
# Half of the depth of what is as deep as wide, seen obliquely, over its width.
_HALF_DEPTH = 0.35
_DARK = 95  # brightest channel of the gripper's dark plastic, at most
_MIN_GRIPPER_AREA = 0.002  # of the image
_FINGERS_AT = 0.85  # of the gripper's height: the fingers are apart there


@dataclass(frozen=True)
class SeenObject:
    """A coloured thing.

    Attributes:
        color, shape: names such as 'red' and 'cube'.
        box: what is visible of it.
        foot: (x, y), about where its middle stands on the table, in image heights, y down.
        size: side of a square that covers as much of the image, in image heights.
    """

    color: str
    shape: str
    box: Box
    foot: Point
    size: float

    @property
    def name(self) -> str:
        """Colour and shape, such as 'red cube'."""
        return f'{self.color} {self.shape}'

    @property
    def where(self) -> str:
        """Its place in words, such as 'front left (0.31, 0.74)'."""
        row = 'back' if self.box.y < 1 / 3 else 'front' if self.box.y > 2 / 3 else 'middle'
        column = 'left' if self.box.x < 1 / 3 else 'right' if self.box.x > 2 / 3 else ''
        place = f'{row} {column}'.strip()
        return f'{place} ({self.box.x:.2f}, {self.box.y:.2f})'

    @property
    def middle(self) -> Point:
        """The middle of a container's floor, (x, y) in [0, 1]; its far wall shows above it."""
        lower = _FLOOR_BELOW_MIDDLE[self.shape] * self.box.height
        return self.box.x, self.box.y + lower


def see_objects(image: NDArray[np.uint8]) -> list[SeenObject]:
    """Return the coloured objects in an (H, W, 3) RGB picture, far ones (top) first."""
    height, width = image.shape[:2]
    objects = []
    for blob in find_blobs(image):
        left, top, right, bottom = blob.corners_px
        box = Box.from_corners(left / width, top / height, right / width, bottom / height)
        # Four decimals are a tenth of a pixel of the usual cameras, and readable.
        box = Box(*(round(float(v), 4) for v in (box.x, box.y, box.width, box.height)))
        shape = _CONTAINER_OF_COLOR.get(blob.color) or classify(blob.cover)
        foot = ((left + right) / 2 / height, (bottom - _HALF_DEPTH * (right - left)) / height)
        size = math.sqrt(float(blob.cover.sum())) / height
        objects.append(SeenObject(blob.color, shape, box, foot, size))
    return objects


def see_gripper(image: NDArray[np.uint8]) -> Point | None:
    """Return the point between the fingertips, (x, y) in [0, 1], or None when not in view.

    The gripper is a dark part that ends, downwards, in two fingers with a gap.
    """
    height, width = image.shape[:2]
    dark = (image.max(axis=2) < _DARK).view(np.uint8)
    _, index, stats, _ = cv2.connectedComponentsWithStats(dark)
    for i, (x, y, w, h, area) in enumerate(stats[1:], start=1):
        if area < _MIN_GRIPPER_AREA * height * width:
            continue
        row = (index[y + int(_FINGERS_AT * h), x : x + w] == i).astype(np.int8)
        edges = np.flatnonzero(np.diff(row, prepend=0, append=0))
        if len(edges) != 4:
            continue
        first, gap, second = np.diff(edges)
        if gap > max(first, second):
            middle = x + (edges[0] + edges[3]) / 2
            return round(float(middle / width), 4), round(float((y + h) / height), 4)
    return None
