"""What stands on the surface beside places of interest, as points and as cuboids."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from vla_r1_core.geometry import transform_points

from vla_r1_planner.depth import cut, DepthView, Window
from vla_r1_planner.footprint import Footprint, rectangle
from vla_r1_planner.objects import blobs
from vla_r1_planner.support import Plane

Array = NDArray[np.float64]

MAX_POINTS = 40_000  # the window is large and the things are small
STANDING_M = 0.03  # what starts higher up is the arm itself, not something on the table


class Solid(Protocol):
    """A part of space that is known already."""

    def holds(self, points: Array) -> NDArray[np.bool_]:
        """(...) where points (..., 3) [m] in the base frame lie inside."""


@dataclass(frozen=True)
class Cylinder:
    """A part of the robot that the camera may see: all within radius [m] of a line.

    Attributes:
        start, end: (3,) [m], of the line, in the base frame; both ends are flat.
    """

    start: Array
    end: Array
    radius: float

    def holds(self, points: Array) -> NDArray[np.bool_]:
        """(...) where points (..., 3) [m] in the base frame lie inside."""
        axis = self.end - self.start
        along = (points - self.start) @ axis / (axis @ axis)
        beside = np.linalg.norm(points - self.start - along[..., None] * axis, axis=-1)
        with np.errstate(invalid='ignore'):
            return np.asarray((along > 0.0) & (along < 1.0) & (beside < self.radius))


@dataclass(frozen=True)
class Thing:
    """Something that stands on the surface.

    Attributes:
        points: (N, 3) [m] that the camera sees of it, in the base frame.
        outline: the cuboid around them.
    """

    points: Array
    outline: Footprint


def neighbours(
    view: DepthView,
    surface: Plane,
    places: Array,
    radius_m: float,
    known: Sequence[Solid] = (),
) -> list[Thing]:
    """Return what stands on the surface within radius_m [m] of places (N, 2) [m].

    What lies inside the solids that are known, as the target and the robot, is left out.
    """
    window = around(view, surface, places, radius_m)
    if window is None:
        return []
    patch = cut(view, window, MAX_POINTS)
    for solid in known:
        inside = solid.holds(patch.points)
        patch.depth[inside] = np.nan
        patch.points[inside] = np.nan
    found = []
    for blob in blobs(patch, surface):
        height = surface.height(blob.points)
        outline = cuboid(blob.points, surface)
        apart = np.linalg.norm(blob.points[:, None, :2] - places[None], axis=2)
        if apart.min() < radius_m and height.min() < STANDING_M:
            found.append(Thing(blob.points, outline))
    return found


def around(view: DepthView, surface: Plane, places: Array, radius_m: float) -> Window | None:
    """Return the window of the image that shows the surface within radius_m [m] of places.

    Args:
        view: the image.
        surface: that the places lie on.
        places: (N, 2) [m] in the base frame.
        radius_m: [m].

    Returns:
        (left, top, right, bottom) [px]; None when all of it lies behind the camera.
    """
    angles = np.linspace(0.0, 2 * np.pi, 12, endpoint=False)
    rim = radius_m * np.column_stack([np.cos(angles), np.sin(angles)])
    rims = (places[:, None] + rim).reshape(-1, 2)
    rims_3d = np.column_stack([rims, surface.z_at(rims)])
    pixels = view.camera.project(transform_points(np.linalg.inv(view.T_base_camera), rims_3d))
    if not np.isfinite(pixels).any():
        return None
    size = np.array([view.camera.width, view.camera.height])
    left, top = np.clip(np.floor(np.nanmin(pixels, axis=0)), 0, size - 1).astype(int)
    right, bottom = np.clip(np.ceil(np.nanmax(pixels, axis=0)) + 1, 1, size).astype(int)
    return int(left), int(top), int(right), int(bottom)


def cuboid(points: Array, surface: Plane) -> Footprint:
    """Return the cuboid from the surface up around points (N, 3) [m] in the base frame."""
    centre, yaw, short, long = rectangle(points[:, :2])
    floor = float(surface.z_at(centre))
    top = floor + float(np.percentile(surface.height(points), 98.0))
    return Footprint(centre, yaw, short, long, floor, top)
