"""What a camera sees at a place: nothing, something, or not the place at all."""

from collections.abc import Sequence
from dataclasses import replace
from enum import Enum

import cv2
import numpy as np
from numpy.typing import NDArray
from vla_r1_core.geometry import transform_points

from vla_r1_planner.depth import cut, DepthView, Patch
from vla_r1_planner.footprint import Footprint, seen_through
from vla_r1_planner.neighbours import Cylinder

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

CORE = 0.8  # of an object's sides: its edges may be round, and are measured worst
FLOOR = 0.4  # of its height: lower down, the surface is too close to be told apart
MARGIN_M = 0.008  # around an object's cuboid: what is measured there belongs to it
NOISE_M = 0.002
ABOVE_M = 0.005  # lower things are the surface
MIN_SEEN = 0.3  # of the pixels of a place that must show it
FILLED, EMPTY = 0.5, 0.15  # share of the seen pixels that show something there
MIN_PIXELS = 15


class Sight(Enum):
    """What a camera sees at a place."""

    EMPTY = 'empty'
    FILLED = 'filled'
    UNCLEAR = 'hidden or unclear'


def look(view: DepthView, cuboid: Footprint, robot: Sequence[Cylinder] = ()) -> Sight:
    """Say whether something stands where a cuboid is."""
    height = cuboid.top - cuboid.bottom
    core = replace(
        cuboid,
        short=CORE * cuboid.short,
        long=CORE * cuboid.long,
        bottom=cuboid.bottom + FLOOR * height,
    )
    patch = _around(view, cuboid)
    if patch is None or not _within(view, core):
        return Sight.UNCLEAR
    enters, leaves = _crossing(view, patch, core)
    begins, _ = _crossing(view, patch, _grown(cuboid))
    through = enters < leaves
    with np.errstate(invalid='ignore'):
        seen = through & (patch.depth >= begins) & ~_of(robot, patch.points)
        filled = seen & (patch.depth <= leaves + NOISE_M)
    if through.sum() < MIN_PIXELS or seen.sum() < MIN_SEEN * through.sum():
        return Sight.UNCLEAR
    share = filled.sum() / seen.sum()
    if share >= FILLED:
        return Sight.FILLED
    return Sight.EMPTY if share <= EMPTY else Sight.UNCLEAR


def appeared(
    region: Footprint,
    before: DepthView,
    after: DepthView,
    robot: Sequence[Cylinder] = (),
) -> Array:
    """Return the points (N, 3) [m] in a region where there was nothing before.

    Args:
        region: where to look; what is just above its bottom is the surface.
        before: the older view; the camera may have moved since.
        after: the newer one.
        robot: parts that do not count.
    """
    patch = _around(after, region)
    if patch is None:
        return np.empty((0, 3))
    half = np.array([region.short, region.long]) / 2
    with np.errstate(invalid='ignore'):
        local = (patch.points - _middle(region)) @ _axes(region).T
        inside = (np.abs(local[..., :2]) < half).all(axis=-1)
        inside &= patch.points[..., 2] > region.bottom + ABOVE_M
        inside &= patch.points[..., 2] < region.top
    points = patch.points[inside & ~_of(robot, patch.points)]
    return points[seen_through(_nearest_around(before), points)]


def _nearest_around(view: DepthView) -> DepthView:
    """Return a view in which each pixel has the least depth of its own and those around it.

    A camera that has moved sees an edge beside where it saw it before, by a pixel or so.
    """
    holes = ~np.isfinite(view.depth)
    nearest = cv2.erode(np.where(holes, np.inf, view.depth).astype(np.float32), np.ones((3, 3)))
    nearest[holes] = np.nan
    return replace(view, depth=nearest)


def _around(view: DepthView, cuboid: Footprint) -> Patch | None:
    """Return the pixels around a cuboid, None when it is out of sight."""
    pixels = _corners_px(view, _grown(cuboid))
    limits = np.array([view.camera.width, view.camera.height])
    if not np.isfinite(pixels).all():
        return None
    low = np.clip(np.floor(pixels.min(axis=0)), 0, limits).astype(int)
    high = np.clip(np.ceil(pixels.max(axis=0)) + 1, 0, limits).astype(int)
    if (low >= high).any():
        return None
    return cut(view, (int(low[0]), int(low[1]), int(high[0]), int(high[1])))


def _within(view: DepthView, cuboid: Footprint) -> bool:
    """Whether all of a cuboid is in the picture: what a part of it shows says little."""
    pixels = _corners_px(view, cuboid)
    limits = np.array([view.camera.width, view.camera.height])
    with np.errstate(invalid='ignore'):
        return bool(((pixels > -0.5) & (pixels < limits - 0.5)).all())


def _corners_px(view: DepthView, cuboid: Footprint) -> Array:
    """Return where a camera sees the corners (8, 2) [px] of a cuboid, NaN behind it."""
    signs = np.array([[i >> 2 & 1, i >> 1 & 1, i & 1] for i in range(8)]) - 0.5
    size = np.array([cuboid.short, cuboid.long, cuboid.top - cuboid.bottom])
    corners = (signs * size) @ _axes(cuboid) + _middle(cuboid)
    in_camera = transform_points(np.linalg.inv(view.T_base_camera), corners)
    return np.asarray(view.camera.project(in_camera))


def _crossing(view: DepthView, patch: Patch, cuboid: Footprint) -> tuple[Array, Array]:
    """Return the depth (h, w) [m] at which each pixel's ray enters and leaves a cuboid.

    A ray that misses it enters after it leaves.
    """
    u, v = np.meshgrid(patch.cols, patch.rows)
    pixels = np.stack([u.ravel(), v.ravel()], axis=1).astype(np.float64)
    rays = view.camera.deproject(pixels, np.ones(len(pixels))) @ view.T_base_camera[:3, :3].T
    axes = _axes(cuboid)
    origin = axes @ (view.T_base_camera[:3, 3] - _middle(cuboid))
    half = np.array([cuboid.short, cuboid.long, cuboid.top - cuboid.bottom]) / 2
    with np.errstate(divide='ignore', invalid='ignore'):
        one, other = (-half - origin) / (rays @ axes.T), (half - origin) / (rays @ axes.T)
    enters = np.minimum(one, other).max(axis=1).reshape(u.shape)
    leaves = np.maximum(one, other).min(axis=1).reshape(u.shape)
    return enters, leaves


def _of(robot: Sequence[Cylinder], points: Array) -> Mask:
    """(...) where points (..., 3) [m] belong to the robot."""
    parts = [part.holds(points) for part in robot]
    return np.logical_or.reduce(parts) if parts else np.zeros(points.shape[:-1], dtype=bool)


def _grown(cuboid: Footprint) -> Footprint:
    return replace(
        cuboid,
        short=cuboid.short + 2 * MARGIN_M,
        long=cuboid.long + 2 * MARGIN_M,
        top=cuboid.top + MARGIN_M,
    )


def _axes(cuboid: Footprint) -> Array:
    """(3, 3), rows: the directions of the short side, the long side and up, in the base frame."""
    c, s = np.cos(cuboid.yaw), np.sin(cuboid.yaw)
    return np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])


def _middle(cuboid: Footprint) -> Array:
    return np.array([*cuboid.centre, (cuboid.top + cuboid.bottom) / 2])
