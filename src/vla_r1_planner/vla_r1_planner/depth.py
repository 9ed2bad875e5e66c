"""A window of the depth image as points in the base frame."""

from dataclasses import dataclass
import math

import numpy as np
from numpy.typing import NDArray
from vla_r1_core.errors import GroundingError, OutcomeCode
from vla_r1_core.geometry import CameraModel, transform_points
from vla_r1_core.types import Box

Array = NDArray[np.float64]
Window = tuple[int, int, int, int]

# More pixels than this add time, not accuracy; windows above it are thinned out evenly.
MAX_POINTS = 10_000


@dataclass(frozen=True)
class DepthView:
    """A depth image with all that is needed to place its pixels in space.

    Attributes:
        depth: (H, W) float32 [m], along the optical axis; NaN, infinite or <= 0 is invalid.
        camera: intrinsics of that image.
        T_base_camera: (4, 4), maps optical-frame coordinates to the base frame.
    """

    depth: NDArray[np.float32]
    camera: CameraModel
    T_base_camera: Array

    def __post_init__(self) -> None:
        """Refuse depth that is not registered to the colour image."""
        height, width = self.depth.shape
        if (width, height) != (self.camera.width, self.camera.height):
            raise GroundingError(
                OutcomeCode.DEPTH_SIZE_MISMATCH,
                f'depth is {width}x{height} but the camera is '
                f'{self.camera.width}x{self.camera.height}; '
                'remap `depth` to the depth image that is aligned to colour',
            )


@dataclass(frozen=True)
class Patch:
    """A (thinned-out) window of a depth view.

    Attributes:
        cols, rows: (w,), (h,) pixel indices of the source image.
        step: [px] between neighbouring columns and rows.
        depth: (h, w) float32 [m], NaN where invalid.
        points: (h, w, 3) [m] in the base frame, NaN where invalid.
    """

    cols: NDArray[np.int64]
    rows: NDArray[np.int64]
    step: int
    depth: NDArray[np.float32]
    points: Array

    @property
    def valid(self) -> NDArray[np.bool_]:
        """(h, w) where the depth can be used."""
        return np.isfinite(self.depth)

    def inside(self, window: Window) -> NDArray[np.bool_]:
        """(h, w) where the pixel lies in a window (left, top, right, bottom) [px]."""
        left, top, right, bottom = window
        cols = (self.cols >= left) & (self.cols < right)
        rows = (self.rows >= top) & (self.rows < bottom)
        return rows[:, None] & cols[None, :]


def window_px(box: Box, camera: CameraModel, *, grow: float = 0.0, pad_px: int = 0) -> Window:
    """Return a box as (left, top, right, bottom) [px], grown on every side, cut at the border.

    Args:
        box: in [0, 1] of the image.
        camera: gives the image's size.
        grow: part of the box's width and height that is added on each side.
        pad_px: [px] added on each side on top of that.

    Raises:
        GroundingError: nothing of the box lies in the image.
    """
    x, y, width, height = box.to_px(camera.width, camera.height)
    half_w, half_h = width * (0.5 + grow) + pad_px, height * (0.5 + grow) + pad_px
    left, right = max(0, math.floor(x - half_w)), min(camera.width, math.ceil(x + half_w))
    top, bottom = max(0, math.floor(y - half_h)), min(camera.height, math.ceil(y + half_h))
    if left >= right or top >= bottom:
        raise GroundingError(
            OutcomeCode.NO_OBJECT_POINTS, 'the box lies outside the image; ask the model again'
        )
    return left, top, right, bottom


def cut(view: DepthView, window: Window, max_points: int = MAX_POINTS) -> Patch:
    """Return the window's pixels as points in the base frame."""
    left, top, right, bottom = window
    step = max(1, math.ceil(math.sqrt((right - left) * (bottom - top) / max_points)))
    depth = view.depth[top:bottom:step, left:right:step].astype(np.float32)
    depth[~(np.isfinite(depth) & (depth > 0))] = np.nan
    cols, rows = np.arange(left, right, step), np.arange(top, bottom, step)
    u, v = np.meshgrid(cols, rows)
    pixels = np.stack([u.ravel(), v.ravel()], axis=1).astype(np.float64)
    in_camera = view.camera.deproject(pixels, depth.ravel().astype(np.float64))
    points = transform_points(view.T_base_camera, in_camera).reshape(*depth.shape, 3)
    return Patch(cols, rows, step, depth, points)
