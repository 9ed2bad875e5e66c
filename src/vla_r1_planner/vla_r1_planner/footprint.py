"""An object's outline on the surface, with the side that the camera cannot see filled in."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from vla_r1_core.geometry import transform_points

from vla_r1_planner.depth import DepthView
from vla_r1_planner.support import Plane

Array = NDArray[np.float64]

SAMPLE = 2500
SEEN_THROUGH_M = 0.008
TRIM_PERCENT = 0.5
MARGIN_M = 0.008  # points this far outside belong to the object all the same


@dataclass(frozen=True)
class Footprint:
    """The smallest upright cuboid around an object.

    Attributes:
        centre: (2,) [m], x and y in the base frame.
        yaw: [rad] about base z, direction of the short side.
        short, long: [m] sides.
        bottom, top: [m] base z of the surface and of the object's top.
    """

    centre: Array
    yaw: float
    short: float
    long: float
    bottom: float
    top: float

    @property
    def reach(self) -> float:
        """From the centre to a corner, seen from above [m]."""
        return float(np.hypot(self.short, self.long)) / 2

    def beside(self, xy: Array) -> Array:
        """Return how far (...) [m] places (..., 2) [m] lie outside; negative inside."""
        c, s = np.cos(self.yaw), np.sin(self.yaw)
        local = np.abs((xy - self.centre) @ np.array([[c, -s], [s, c]]))
        out = local - np.array([self.short, self.long]) / 2
        outside = np.linalg.norm(np.maximum(out, 0.0), axis=-1)
        return np.asarray(outside + np.minimum(out.max(axis=-1), 0.0))

    def holds(self, points: Array) -> NDArray[np.bool_]:
        """(...) where points (..., 3) [m] lie over the slightly widened outline."""
        with np.errstate(invalid='ignore'):
            return np.asarray(self.beside(points[..., :2]) < MARGIN_M)


def footprint(view: DepthView, points: Array, plane: Plane) -> Footprint:
    """Return the cuboid around an object's points (N, 3) [m] in the base frame.

    A camera sees the top and the near faces. Objects on tables are mostly symmetric about
    their top's middle, so the points are mirrored there, and a mirrored point is believed
    unless the camera looks straight through its place.
    """
    points = points[np.linspace(0, len(points) - 1, min(SAMPLE, len(points))).astype(int)]
    height = plane.height(points)
    top = float(np.percentile(height, 98.0))
    cap = points[height > top - max(0.004, 0.08 * top, 2 * plane.noise), :2]
    middle = np.array(cv2.minAreaRect(cap.astype(np.float32))[0], dtype=np.float64)
    mirrored = points.copy()
    mirrored[:, :2] = 2 * middle - points[:, :2]
    outline = np.vstack([points, mirrored[~seen_through(view, mirrored)]])[:, :2]
    centre, yaw, short, long = rectangle(outline)
    bottom = float(plane.z_at(centre))
    return Footprint(centre, yaw, short, long, bottom, bottom + top)


def seen_through(view: DepthView, points: Array) -> NDArray[np.bool_]:
    """(N,) where the camera measures something behind the place of a point (N, 3) [m]."""
    wanted, measured = measured_at(view, points)
    with np.errstate(invalid='ignore'):
        return np.asarray(measured > wanted + SEEN_THROUGH_M)


def measured_at(view: DepthView, points: Array) -> tuple[Array, Array]:
    """Return the depth (N,) [m] of points (N, 3) [m] in the base frame, and that of their pixels.

    The latter is NaN outside the image and where nothing was measured.
    """
    in_camera = transform_points(np.linalg.inv(view.T_base_camera), points)
    pixels = np.nan_to_num(view.camera.project(in_camera), nan=-1e6).round().astype(int)
    height, width = view.depth.shape
    inside = ((pixels >= 0) & (pixels < (width, height))).all(axis=1)
    measured = np.full(len(points), np.nan)
    measured[inside] = view.depth[pixels[inside, 1], pixels[inside, 0]]
    return in_camera[:, 2], measured


def rectangle(xy: Array) -> tuple[Array, float, float, float]:
    """Return centre, yaw of the short side, short and long side of the smallest rectangle."""
    (_, _), (_, _), degrees = cv2.minAreaRect(xy.astype(np.float32))
    yaw = np.radians(degrees)
    axes = np.array([[np.cos(yaw), np.sin(yaw)], [-np.sin(yaw), np.cos(yaw)]])
    along = xy @ axes.T
    # Single stray points must not widen the object.
    low, high = np.percentile(along, [TRIM_PERCENT, 100 - TRIM_PERCENT], axis=0)
    centre, size = axes.T @ ((low + high) / 2), high - low
    if size[0] <= size[1]:
        return centre, float(yaw), float(size[0]), float(size[1])
    return centre, float(yaw + np.pi / 2), float(size[1]), float(size[0])
