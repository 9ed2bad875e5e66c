"""How high to carry something along a path, so that it clears what stands beneath."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vla_r1_planner.neighbours import Thing
from vla_r1_planner.polyline import arc_length
from vla_r1_planner.support import Plane

Array = NDArray[np.float64]

SLOPE = 1.0  # of the way up and down again: 45 degrees
MAX_POINTS = 2000  # of each thing


def above(
    path_xy: Array,
    surface: Plane,
    things: Sequence[Thing],
    *,
    radius_m: float,
    clearance_m: float,
) -> Array:
    """Return a path (N, 3) [m] in the base frame that is clear of the surface and of things.

    Args:
        path_xy: (N, 2) [m], close together.
        surface: that everything stands on.
        things: on it.
        radius_m: [m] how far what is carried reaches to its sides.
        clearance_m: [m] under it.
    """
    height = np.full(len(path_xy), clearance_m)
    for thing in things:
        points = thing.points[:: max(1, len(thing.points) // MAX_POINTS)]
        tops = surface.height(points)
        apart = np.linalg.norm(path_xy[:, None] - points[None, :, :2], axis=2)
        under = np.where(apart < radius_m, tops, 0.0).max(axis=1)
        height = np.maximum(height, under + clearance_m)
    along = arc_length(path_xy)
    # Rise before what is high begins, and stay high until it ends.
    ramps = height[None] - SLOPE * np.abs(along[:, None] - along[None])
    return np.column_stack([path_xy, surface.z_at(path_xy) + ramps.max(axis=1)])
