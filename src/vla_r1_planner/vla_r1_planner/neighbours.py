"""What stands beside the target, as cuboids that the arm has to keep away from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from vla_r1_core.geometry import transform_points

from vla_r1_planner.depth import cut, DepthView
from vla_r1_planner.footprint import Footprint, rectangle
from vla_r1_planner.objects import blobs
from vla_r1_planner.support import Plane

Array = NDArray[np.float64]

STANDING_M = 0.03  # what starts higher up is the arm itself, not something on the table
TARGET_MARGIN_M = 0.008


@dataclass(frozen=True)
class Capsule:
    """A part of the robot that the camera may see: all within radius [m] of a line.

    Attributes:
        start, end: (3,) [m], of the line, in the base frame.
    """

    start: Array
    end: Array
    radius: float

    def holds(self, points: Array) -> NDArray[np.bool_]:
        """(...) where points (..., 3) [m] in the base frame lie inside."""
        axis = self.end - self.start
        along = np.clip((points - self.start) @ axis / (axis @ axis), 0.0, 1.0)
        nearest = self.start + along[..., None] * axis
        with np.errstate(invalid='ignore'):
            return np.asarray(np.linalg.norm(points - nearest, axis=-1) < self.radius)


def neighbours(
    view: DepthView,
    surface: Plane,
    target: Footprint,
    radius_m: float,
    robot: Sequence[Capsule] = (),
) -> list[Footprint]:
    """Return the cuboids of what stands on the surface within radius_m [m] of the target.

    Neither the target nor the parts of the robot that are given are among them.
    """
    angles = np.linspace(0.0, 2 * np.pi, 12, endpoint=False)
    rim = target.centre + radius_m * np.column_stack([np.cos(angles), np.sin(angles)])
    rim_3d = np.column_stack([rim, surface.z_at(rim)])
    pixels = view.camera.project(transform_points(np.linalg.inv(view.T_base_camera), rim_3d))
    if not np.isfinite(pixels).any():
        return []
    size = np.array([view.camera.width, view.camera.height])
    left, top = np.clip(np.floor(np.nanmin(pixels, axis=0)), 0, size - 1).astype(int)
    right, bottom = np.clip(np.ceil(np.nanmax(pixels, axis=0)) + 1, 1, size).astype(int)
    patch = cut(view, (int(left), int(top), int(right), int(bottom)))
    known = _inside(patch.points, target)
    for part in robot:
        known |= part.holds(patch.points)
    patch.depth[known] = np.nan
    patch.points[known] = np.nan
    found = []
    for blob in blobs(patch, surface):
        height = surface.height(blob.points)
        near = np.linalg.norm(blob.points[:, :2] - target.centre, axis=1).min() < radius_m
        if near and height.min() < STANDING_M:
            centre, yaw, short, long = rectangle(blob.points[:, :2])
            floor = float(surface.z_at(centre))
            top_z = floor + float(np.percentile(height, 98.0))
            found.append(Footprint(centre, yaw, short, long, floor, top_z))
    return found


def _inside(points: Array, cuboid: Footprint) -> NDArray[np.bool_]:
    """(h, w) where points (h, w, 3) [m] lie in a slightly widened cuboid."""
    c, s = np.cos(cuboid.yaw), np.sin(cuboid.yaw)
    local = (points[..., :2] - cuboid.centre) @ np.array([[c, -s], [s, c]])
    half = np.array([cuboid.short, cuboid.long]) / 2 + TARGET_MARGIN_M
    with np.errstate(invalid='ignore'):
        return np.asarray((np.abs(local) < half).all(axis=-1))
