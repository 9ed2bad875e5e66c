"""Tell cubes, boxes, cylinders and balls apart by their outlines.

A cuboid's outline, seen by any camera, is a convex polygon of at most six corners: a hexagon
drawn into it fills it. A cylinder's rounded ends and a ball do not let a hexagon fill them.
The thresholds stand in the middle of the gaps seen in rendered scenes.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

_WORK_SIZE_PX = 240  # objects are enlarged to this, so that a pixel's edge is no corner
_ROUND = 0.87  # share of the enclosing circle that a ball fills, at least
_ROUNDED_ENDS = 0.075  # share of the outline that a hexagon leaves empty, at least
_LONG = 1.40  # length over width: cubes below, boxes and cylinders above


def classify(cover: NDArray[np.float32]) -> str:
    """Return 'cube', 'box', 'cylinder' or 'ball' for a crop of coverage in [0, 1]."""
    hull = _outline(cover)
    area = cv2.contourArea(hull)
    _, radius = cv2.minEnclosingCircle(hull)
    if area > _ROUND * np.pi * radius**2:
        return 'ball'
    _, sides, _ = cv2.minAreaRect(hull)
    if max(sides) < _LONG * min(sides):
        return 'cube'
    empty = 1.0 - cv2.contourArea(_inner_polygon(hull, corners=6)) / area
    return 'cylinder' if empty > _ROUNDED_ENDS else 'box'


def _outline(cover: NDArray[np.float32]) -> NDArray[np.int32]:
    """Return the convex hull (N, 1, 2) of the covered region, enlarged and smoothed."""
    scale = max(1.0, _WORK_SIZE_PX / max(cover.shape))
    padded = np.pad(cover, 2)
    size = (round(padded.shape[1] * scale), round(padded.shape[0] * scale))
    large = cv2.resize(padded, size, interpolation=cv2.INTER_CUBIC)
    large = cv2.GaussianBlur(large, (0, 0), scale / 2)
    mask = (large > 0.5).astype(np.uint8)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    hull: NDArray[np.int32] = cv2.convexHull(max(contours, key=cv2.contourArea))
    return hull


def _inner_polygon(hull: NDArray[np.int32], corners: int) -> NDArray[np.float32]:
    """Drop the hull's least important corners, by area, until `corners` are left."""
    points = hull[:, 0].astype(np.float32)
    while len(points) > corners:
        before, after = np.roll(points, 1, axis=0), np.roll(points, -1, axis=0)
        a, b = before - points, after - points
        points = np.delete(
            points, np.argmin(np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])), axis=0
        )
    return points
