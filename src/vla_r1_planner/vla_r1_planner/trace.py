"""A trace in the image as waypoints in space, each with the reason why it can be used or not."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray
from vla_r1_core.errors import GroundingError, OutcomeCode
from vla_r1_core.geometry import transform_points
from vla_r1_core.types import Trajectory2D

from vla_r1_planner.depth import DepthView

Array = NDArray[np.float64]

PATCH_PX = 2  # depth is the median over (2 * PATCH_PX + 1)² pixels
MIN_VALID_SHARE = 0.5


class PointState(str, Enum):
    """Where a waypoint's depth comes from."""

    MEASURED = 'measured'
    NO_DEPTH = 'no depth: bridged from its neighbours'
    OUTSIDE_IMAGE = 'outside the image: bridged from its neighbours'


@dataclass(frozen=True)
class TracePath:
    """Waypoints on the surface that the camera sees.

    Attributes:
        points: (N, 3) [m] in the base frame, in the order of travel.
        states: N reasons.
    """

    points: Array
    states: tuple[PointState, ...]


def trace_path(view: DepthView, trace: Trajectory2D) -> TracePath:
    """Lift a trace into space.

    A point without depth takes it from its neighbours in the trace: inverse depth is linear
    along a line in the image of a flat surface.

    Raises:
        GroundingError: fewer than two points, or fewer than half of them, have depth
            (TRACE_INVALID).
    """
    pixels = np.array(trace.points) * (view.camera.width, view.camera.height) - 0.5
    measured = [_depth_at(view, u, v) for u, v in pixels]
    states = tuple(state for state, _ in measured)
    depth = np.array([depth for _, depth in measured])
    valid = np.isfinite(depth)
    if valid.sum() < max(2, MIN_VALID_SHARE * len(depth)):
        bad = {s.value.split(':')[0] for s in states if s is not PointState.MEASURED}
        reasons = ', '.join(sorted(bad))
        raise GroundingError(
            OutcomeCode.TRACE_INVALID,
            f'{valid.sum()} of {len(depth)} trace points have depth ({reasons}); '
            'check the depth image along the trace or ask the model again',
        )
    along = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(pixels, axis=0), axis=1))]
    inverse = np.interp(along, along[valid], 1.0 / depth[valid])
    in_camera = view.camera.deproject(pixels, 1.0 / inverse)
    return TracePath(transform_points(view.T_base_camera, in_camera), states)


def _depth_at(view: DepthView, u: float, v: float) -> tuple[PointState, float]:
    """Return the median depth [m] around a pixel, NaN with the reason when there is none."""
    height, width = view.depth.shape
    col, row = round(u), round(v)
    # x = 1 is the image's right edge, half a pixel beyond the last pixel's centre.
    if not (-1 <= col <= width and -1 <= row <= height):
        return PointState.OUTSIDE_IMAGE, np.nan
    near = view.depth[
        max(0, row - PATCH_PX) : row + PATCH_PX + 1, max(0, col - PATCH_PX) : col + PATCH_PX + 1
    ]
    usable = near[np.isfinite(near) & (near > 0)]
    if not len(usable):
        return PointState.NO_DEPTH, np.nan
    return PointState.MEASURED, float(np.median(usable))
