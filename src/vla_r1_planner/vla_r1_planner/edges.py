"""Where the support surface ends."""

import numpy as np
from numpy.typing import NDArray

from vla_r1_planner.depth import DepthView
from vla_r1_planner.footprint import measured_at
from vla_r1_planner.support import Plane

Array = NDArray[np.float64]

BEYOND_M = 0.03  # what is measured this far behind the surface's place lies beyond its edge
RIM = 12
MIN_SEEN = 0.5


def on_surface_at(
    view: DepthView, surface: Plane, places: Array, radius_m: float
) -> NDArray[np.bool_]:
    """(N,) where the surface goes on within radius_m [m] of places (N, 2) [m].

    What hides the surface does not end it, nor do holes in the depth; a place that is mostly
    unseen is not trusted.
    """
    angles = np.linspace(0.0, 2 * np.pi, RIM, endpoint=False)
    rim = radius_m * np.column_stack([np.cos(angles), np.sin(angles)])
    xy = (places[:, None] + rim).reshape(-1, 2)
    expected, measured = measured_at(view, np.column_stack([xy, surface.z_at(xy)]))
    with np.errstate(invalid='ignore'):
        beyond = (measured > expected + BEYOND_M).reshape(-1, RIM)
        seen = (measured > 0.0).reshape(-1, RIM)
    return np.asarray(~beyond.any(axis=1) & (seen.mean(axis=1) > MIN_SEEN))
