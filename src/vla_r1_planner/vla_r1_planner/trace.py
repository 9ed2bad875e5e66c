"""A trace in the image as waypoints in space, each with the reason why it can be used or not."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray
from vla_r1_core.errors import GroundingError, OutcomeCode
from vla_r1_core.geometry import CameraModel, transform_points
from vla_r1_core.types import Box, Trajectory2D

from vla_r1_planner.depth import cut, DepthView, window_px
from vla_r1_planner.neighbours import Solid
from vla_r1_planner.polyline import arc_length, resampled
from vla_r1_planner.support import fit_support, Plane

Array = NDArray[np.float64]

AROUND_PX = 40
MAX_HEIGHT_M = 0.25  # what is higher above the surface does not stand on it
MAX_DEPTH_M = 0.03  # what is lower lies beyond the surface's edge
STEP_PX = 10.0  # between two points of a dense trace
PATCH_PX = 2  # depth is the median over (2 * PATCH_PX + 1)² pixels
MIN_VALID_SHARE = 0.5


class PointState(str, Enum):
    """Where a waypoint's place comes from."""

    MEASURED = 'measured'
    NO_DEPTH = 'no depth'
    OUTSIDE_IMAGE = 'outside the image'
    IN_THE_AIR = 'shows the robot or the background, not what stands on the surface'


@dataclass(frozen=True)
class TracePath:
    """Waypoints on what the camera sees: the support surface and the things on it.

    Attributes:
        points: (N, 3) [m] in the base frame, in the order of travel.
        states: N reasons; what is not measured was bridged from its neighbours.
        skipped: the reasons of the points before the first measured one. They are left out:
            a trace mostly begins at the gripper, in the air, and the tool comes from there.
        surface: the support surface.
    """

    points: Array
    states: tuple[PointState, ...]
    skipped: tuple[PointState, ...]
    surface: Plane


def trace_path(
    view: DepthView, trace: Trajectory2D, robot: Sequence[Solid] = (), *, standing: int = -1
) -> TracePath:
    """Lift a trace into space.

    A point that cannot be measured takes its depth from its neighbours in the trace: inverse
    depth is linear along a line in the image of a flat surface. What shows a part of the robot
    is as good as in the air.

    Args:
        view: that the trace was drawn in.
        trace: of two points or more.
        robot: its parts that the camera may see.
        standing: which of the measured points is surely over the support surface; the others may
            lie on the floor behind it.

    Raises:
        GroundingError: no point, or fewer than half of those that are not in the air, are
            measured (TRACE_INVALID); no depth or no level surface around the trace
            (NO_VALID_DEPTH, NO_OBJECT_POINTS).
    """
    pixels = np.array(trace.points) * (view.camera.width, view.camera.height) - 0.5
    looked = [_depth_at(view, u, v) for u, v in pixels]
    depth = np.array([depth for _, depth in looked])
    places = _lift(view, pixels, depth)
    surface = fit_support(_around(view, trace, places, standing))
    height = surface.height(places)
    with np.errstate(invalid='ignore'):
        floating = (height > MAX_HEIGHT_M) | (height < -MAX_DEPTH_M)
    for part in robot:
        floating |= part.holds(places)
    depth[floating] = np.nan
    states = tuple(
        PointState.IN_THE_AIR if air else state
        for (state, _), air in zip(looked, floating, strict=True)
    )
    valid = np.isfinite(depth)
    first = int(valid.argmax())
    if valid.sum() < max(1, MIN_VALID_SHARE * (~floating).sum()):
        reasons = sorted({state.value for state in states if state is not PointState.MEASURED})
        raise GroundingError(
            OutcomeCode.TRACE_INVALID,
            f'{valid.sum()} of {len(depth)} trace points can be measured ({"; ".join(reasons)}); '
            'check the depth image along the trace or ask the model again',
        )
    along = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(pixels, axis=0), axis=1))]
    bridged = 1.0 / np.interp(along, along[valid], 1.0 / depth[valid])
    points = _lift(view, pixels[first:], bridged[first:])
    return TracePath(points, states[first:], states[:first], surface)


def dense(trace: Trajectory2D, camera: CameraModel, step_px: float = STEP_PX) -> Trajectory2D:
    """Return the same trace with a point every few pixels, so that it misses nothing.

    Raises:
        GroundingError: TRACE_INVALID, it is only a point.
    """
    size = np.array([camera.width, camera.height])
    drawn = np.array(trace.points) * size
    if arc_length(drawn)[-1] < 1.0:
        raise leads_nowhere()
    points = resampled(drawn, step_px) / size
    return Trajectory2D(tuple((float(x), float(y)) for x, y in points))


def leads_nowhere() -> GroundingError:
    """Return the error of a trace that ends where it begins."""
    return GroundingError(
        OutcomeCode.TRACE_INVALID,
        'the trace is a single place and leads nowhere; ask the model again',
    )


def at_heights(view: DepthView, trace: Trajectory2D, plane: Plane, heights: Array) -> Array:
    """Return where the rays of a trace's points are at heights over a plane.

    Args:
        view: that the trace was drawn in.
        trace: N points.
        plane: in the base frame.
        heights: (N,) [m] over it.

    Returns:
        (N, 3) [m], in the base frame.

    Raises:
        GroundingError: TRACE_INVALID, a ray does not get there.
    """
    pixels = np.array(trace.points) * (view.camera.width, view.camera.height) - 0.5
    eye = view.T_base_camera[:3, 3]
    rays = _lift(view, pixels, np.ones(len(pixels))) - eye
    with np.errstate(divide='ignore', invalid='ignore'):
        distance = (heights - plane.height(eye)) / (rays @ plane.normal)
    if not (np.isfinite(distance) & (distance > 0.0)).all():
        raise GroundingError(
            OutcomeCode.TRACE_INVALID,
            'the trace leaves the surface that the object stands on; ask the model again',
        )
    return np.asarray(eye + distance[:, None] * rays)


def _around(view: DepthView, trace: Trajectory2D, places: Array, standing: int) -> Array:
    """Return the points (N, 3) [m] in a window around a trace, level with one of its places."""
    low, high = (
        np.clip(np.min(trace.points, axis=0), 0, 1),
        np.clip(np.max(trace.points, axis=0), 0, 1),
    )
    box = Box.from_corners(*low, *high)
    points = cut(view, window_px(box, view.camera, pad_px=AROUND_PX)).points.reshape(-1, 3)
    heights = places[np.isfinite(places[:, 2]), 2]
    if not len(heights):
        return points
    with np.errstate(invalid='ignore'):
        return np.asarray(points[np.abs(points[:, 2] - heights[standing]) < MAX_HEIGHT_M])


def _lift(view: DepthView, pixels: Array, depth: Array) -> Array:
    """Return pixels (N, 2) [px] with depth (N,) [m] as points (N, 3) [m] in the base frame."""
    return transform_points(view.T_base_camera, view.camera.deproject(pixels, depth))


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
