"""What the depth image shows, in the fixed frame: the surface that things stand on, and things.

The fixed frame's z points up (REP-103); the surface is level or nearly so.
"""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray
from vla_r1_core.geometry import CameraModel, transform_points
from vla_r1_core.types import Box

from vla_r1_training.bags.episode import Array, View

STANDS_OUT_M = 0.004
"""What is this much above the surface stands on it."""
_BIN_M = 0.005
_LEVEL_M = 0.02  # from the likeliest height, what may belong to the surface
_NEAR_M = 0.3  # around a place, from where the surface is estimated
_BESIDE_M = 0.01
_STEP_M = 0.012  # between neighbouring pixels, more is an edge between two things
_TALL_M = 0.35
_SMOOTH_PX = 5
_LOW_M = 0.008  # at the foot of a thing
_HANGS_M = 0.06  # above the surface; what begins higher does not stand on it
_FEW_PX = 12


class GroundError(ValueError):
    """The depth does not show what is needed; the text says what."""


@dataclass(frozen=True)
class Thing:
    """What stands on the surface.

    Attributes:
        box: around what is visible of it.
        top: height of its highest points [m].
    """

    box: Box
    top: float


class Ground:
    """The points that a view shows.

    Attributes:
        camera: of the view.
        T_camera_fixed: (4, 4).
    """

    def __init__(self, view: View) -> None:
        """Take a view.

        Raises:
            GroundError: it lacks the calibration, the camera's place or depth.
        """
        if view.camera is None or view.T_fixed_camera is None or view.depth is None:
            raise GroundError('calibration, place of the camera and depth are needed')
        self.camera: CameraModel = view.camera
        self.T_camera_fixed: Array = np.asarray(np.linalg.inv(view.T_fixed_camera))
        self._T_fixed_camera = view.T_fixed_camera
        self._depth = view.depth
        self._stood: dict[float, tuple[Array, NDArray[np.int32]]] = {}  # of one surface

    def project(self, points: Array) -> Array:
        """Return where points (N, 3) [m] in the fixed frame are in the image, (N, 2) in [0, 1].

        NaN behind the camera; what is beside the image is outside of [0, 1].
        """
        pixels = self.camera.project(transform_points(self.T_camera_fixed, points))
        return np.asarray((pixels + 0.5) / (self.camera.width, self.camera.height))

    @cached_property
    def points(self) -> Array:
        """(height, width, 3) [m] in the fixed frame, single holes filled; NaN without depth."""
        smooth = cv2.medianBlur(np.nan_to_num(self._depth), _SMOOTH_PX)
        height, width = smooth.shape
        pixels = np.dstack(np.meshgrid(np.arange(width), np.arange(height))).reshape(-1, 2)
        there = self.camera.deproject(pixels, smooth.ravel())
        return transform_points(self._T_fixed_camera, there).reshape(height, width, 3)

    def surface_height(self, place: Array) -> float:
        """Return the height [m] of the surface at a place (2,) [m].

        Raises:
            GroundError: there is nothing level around it.
        """
        points = self.points.reshape(-1, 3)
        with np.errstate(invalid='ignore'):
            near = points[np.linalg.norm(points[:, :2] - place, axis=1) < _NEAR_M]
        if len(near) < _FEW_PX:
            raise GroundError('no depth was measured around it')
        bins = np.floor(near[:, 2] / _BIN_M).astype(int)
        lowest = bins.min()
        counts = np.bincount(bins - lowest)
        level = (int(counts.argmax()) + lowest + 0.5) * _BIN_M
        flat = near[np.abs(near[:, 2] - level) < _LEVEL_M]
        for _ in range(2):  # what stands on it is above the plane and drops out
            design = np.column_stack([flat[:, :2] - place, np.ones(len(flat))])
            plane, *_ = np.linalg.lstsq(design, flat[:, 2], rcond=None)
            flat = flat[np.abs(design @ plane - flat[:, 2]) < _BIN_M]
        return float(plane[2])

    def seen_height(self, place: Array) -> float:
        """Return the height [m] of what is seen at a place (2,) [m]: the surface, or a thing.

        Raises:
            GroundError: there is nothing level around it.
        """
        surface = self.surface_height(place)
        height, parts = self._standing(surface)
        there = (parts > 0) | (np.abs(height) < STANDS_OUT_M)
        found = height[there & (self._distance(place) < _BESIDE_M)]
        return surface + (float(np.median(found)) if len(found) else 0.0)

    def thing_at(self, place: Array) -> Thing:
        """Return the thing that stands at a place (2,) [m].

        Raises:
            GroundError: nothing stands there.
        """
        surface = self.surface_height(place)
        points, (_, parts) = self.points, self._standing(surface)
        inside = parts[(parts > 0) & (self._distance(place) < 2 * _BESIDE_M)]
        if len(inside) < _FEW_PX:
            raise GroundError('nothing stands out of the surface there')
        whole = parts == np.bincount(inside).argmax()
        mask = self._with_foot(whole, surface)
        rows, columns = np.nonzero(mask)
        height, width = mask.shape
        box = Box.from_corners(
            columns.min() / width,
            rows.min() / height,
            (columns.max() + 1) / width,
            (rows.max() + 1) / height,
        )
        return Thing(box, float(np.percentile(points[whole, 2], 95)))

    def _distance(self, place: Array) -> Array:
        """Return (height, width) [m]: how far beside a place (2,) each pixel's point is."""
        return np.asarray(np.linalg.norm(self.points[..., :2] - place, axis=2))

    def _standing(self, surface: float) -> tuple[Array, NDArray[np.int32]]:
        """Return heights above a surface [m], and numbers from 1 of the things that stand on it.

        What hangs above it, such as the robot's hand, has the number 0, too.
        """
        if surface not in self._stood:
            height = self.points[..., 2] - surface
            with np.errstate(invalid='ignore'):
                above = (height > STANDS_OUT_M) & (height < _TALL_M)
            parts = _connected(self.points, above)
            lowest = np.full(int(parts.max()) + 1, np.inf)
            np.minimum.at(lowest, parts[above], height[above])
            parts[lowest[parts] > _HANGS_M] = 0
            self._stood = {surface: (height, _with_edges(parts, above))}
        return self._stood[surface]

    def _with_foot(self, mask: NDArray[np.bool_], surface: float) -> NDArray[np.bool_]:
        """Add the pixels between a thing's lowest visible points and the surface."""
        low = self.points[mask & (self.points[..., 2] < surface + _LOW_M)]
        feet = np.column_stack([low[:, :2], np.full(len(low), surface)])
        grown = mask.copy()
        height, width = mask.shape
        at = self.project(feet) * (width, height)
        columns, rows = np.floor(at).astype(int).T
        within = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
        grown[rows[within], columns[within]] = True
        return grown


def _connected(points: Array, mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Return (height, width) numbers of the parts of a mask, from 1; edges in depth part them.

    The pixels at the edges have the number 0.
    """
    whole = mask.copy()
    for axis in (0, 1):
        step = np.linalg.norm(np.diff(points, axis=axis), axis=2)
        with np.errstate(invalid='ignore'):
            edge = step > _STEP_M
        before = [slice(None)] * 2
        before[axis] = slice(0, -1)
        whole[tuple(before)] &= ~edge
    _, parts = cv2.connectedComponents(whole.astype(np.uint8), connectivity=4)
    return np.asarray(parts, dtype=np.int32)


def _with_edges(parts: NDArray[np.int32], mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Return the same with the numbers of their neighbours for the pixels at edges."""
    grown = cv2.dilate(parts.astype(np.float32), np.ones((3, 3)))
    return np.asarray(np.where(mask & (parts == 0), grown, parts), dtype=np.int32)
