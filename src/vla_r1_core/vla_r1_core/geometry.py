"""Boxes in the image, the pinhole camera with distortion, and rigid transforms.

Pixels follow OpenCV and REP-104: the *centre* of the top-left pixel is (0, 0), so the image
spans -0.5 ... width - 0.5. Normalized image coordinates (`Box`, `Trajectory2D`) span the image
from edge to edge: a normalized x lies at the pixel coordinate x * width - 0.5.

The optical frame follows REP-103: x right, y down, z forward. `T_a_b` is the (4, 4) matrix that
maps coordinates in frame b to frame a. Quaternions are (x, y, z, w), as in ROS.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vla_r1_core.types import Box

Array = NDArray[np.float64]

_COEFFICIENTS = {'plumb_bob': 5, 'rational_polynomial': 8}
_TINY_AREA = 1e-12
_NEWTON_STEPS = 20
_NEWTON_TOLERANCE = 1e-9  # of the focal length: far below a thousandth of a pixel


def box_iou(a: Box, b: Box) -> float:
    """Return the intersection over union of two boxes, in [0, 1]."""
    ax0, ay0, ax1, ay1 = a.corners
    bx0, by0, bx1, by1 = b.corners
    overlap = max(0.0, min(ax1, bx1) - max(ax0, bx0)) * max(0.0, min(ay1, by1) - max(ay0, by0))
    union = a.width * a.height + b.width * b.height - overlap
    return overlap / union if union > 0.0 else 0.0


def generalized_iou(a: ArrayLike, b: ArrayLike) -> Array:
    """Return the generalized IoU (N,) of N pairs of boxes, in [-1, 1].

    GIoU = IoU - (hull - union) / hull, where the hull is the smallest box around both (arXiv
    1902.09630). Two boxes without area have an IoU of 0.

    Args:
        a: (N, 4), left, top, right and bottom edges.
        b: (N, 4) likewise.
    """
    boxes = np.stack([np.asarray(edges, dtype=np.float64).reshape(-1, 4) for edges in (a, b)])
    overlap = _area(boxes[..., :2].max(axis=0), boxes[..., 2:].min(axis=0))
    hull = _area(boxes[..., :2].min(axis=0), boxes[..., 2:].max(axis=0))
    union = _area(boxes[..., :2], boxes[..., 2:]).sum(axis=0) - overlap
    iou = np.divide(overlap, union, out=np.zeros_like(union), where=union > 0.0)
    hull, union = np.where(hull > 0.0, hull, _TINY_AREA), np.maximum(union, _TINY_AREA)
    return np.asarray(np.clip(iou - (hull - union) / hull, -1.0, 1.0))


def _area(top_left: Array, bottom_right: Array) -> Array:
    return np.asarray(np.maximum(bottom_right - top_left, 0.0).prod(axis=-1))


@dataclass(frozen=True)
class CameraModel:
    """A pinhole camera as in sensor_msgs/CameraInfo.

    Attributes:
        fx, fy, cx, cy: focal lengths and principal point [px], CameraInfo.k[0], [4], [2], [5].
        width, height: image size [px].
        distortion: CameraInfo.d: none, k1 k2 p1 p2 k3, or k1 k2 p1 p2 k3 k4 k5 k6.
        model: 'plumb_bob' or 'rational_polynomial'.
    """

    fx: float
    fy: float
    cx: float
    cy: float
    width: int
    height: int
    distortion: tuple[float, ...] = ()
    model: str = 'plumb_bob'

    def __post_init__(self) -> None:
        if not (self.fx > 0.0 and self.fy > 0.0 and self.width > 0 and self.height > 0):
            raise ValueError(
                'the camera is not calibrated: fx, fy, width and height must be positive'
            )
        if self.model not in _COEFFICIENTS:
            raise ValueError(
                f'distortion model {self.model!r}; supported are {", ".join(_COEFFICIENTS)}'
            )
        if len(self.distortion) not in (0, 4, _COEFFICIENTS[self.model]):
            raise ValueError(
                f'{self.model} takes {_COEFFICIENTS[self.model]} coefficients, '
                f'not {len(self.distortion)}'
            )

    @classmethod
    def from_calibration(
        cls,
        k: Sequence[float],
        d: Sequence[float],
        width: int,
        height: int,
        model: str = 'plumb_bob',
    ) -> 'CameraModel':
        """Make a camera from CameraInfo's row-major `k` (9) and `d`; an empty `d` means none."""
        return cls(
            fx=float(k[0]),
            fy=float(k[4]),
            cx=float(k[2]),
            cy=float(k[5]),
            width=int(width),
            height=int(height),
            distortion=tuple(float(value) for value in d),
            model=model or 'plumb_bob',
        )

    def project(self, points: ArrayLike) -> Array:
        """Project points in the optical frame onto the image.

        Args:
            points: (N, 3) [m], in the optical frame.

        Returns:
            (N, 2) [px]; NaN where the point is not in front of the camera. The pixel may lie
            outside the image.
        """
        p = np.asarray(points, dtype=np.float64).reshape(-1, 3)
        z = np.where(p[:, 2] > 0.0, p[:, 2], np.nan)
        x, y = _distort(p[:, 0] / z, p[:, 1] / z, self._padded())
        return np.column_stack((self.fx * x + self.cx, self.fy * y + self.cy))

    def deproject(self, pixels: ArrayLike, depth: ArrayLike) -> Array:
        """Lift pixels with depth into space: the inverse of `project`.

        Args:
            pixels: (N, 2) [px].
            depth: (N,) [m] along the optical axis (REP-118), not along the ray.

        Returns:
            (N, 3) [m], in the optical frame; NaN where the depth is not finite and positive, or
            where no ray is distorted onto the pixel.
        """
        uv = np.asarray(pixels, dtype=np.float64).reshape(-1, 2)
        z = np.asarray(depth, dtype=np.float64).reshape(-1)
        z = np.where(np.isfinite(z) & (z > 0.0), z, np.nan)
        xd, yd = (uv[:, 0] - self.cx) / self.fx, (uv[:, 1] - self.cy) / self.fy
        x, y = _undistort(xd, yd, self._padded())
        return np.column_stack((x * z, y * z, np.where(np.isnan(x), np.nan, z)))

    def _padded(self) -> tuple[float, ...]:
        """Return the eight coefficients of the rational model; plumb_bob is a special case."""
        return self.distortion + (0.0,) * (8 - len(self.distortion))


def _radial(r2: Array, d: tuple[float, ...]) -> tuple[Array, Array]:
    """Return the radial factor and its derivative by r2."""
    k1, k2, _, _, k3, k4, k5, k6 = d
    top = 1.0 + r2 * (k1 + r2 * (k2 + r2 * k3))
    bottom = 1.0 + r2 * (k4 + r2 * (k5 + r2 * k6))
    d_top = k1 + r2 * (2.0 * k2 + 3.0 * k3 * r2)
    d_bottom = k4 + r2 * (2.0 * k5 + 3.0 * k6 * r2)
    return top / bottom, (d_top * bottom - top * d_bottom) / bottom**2


def _distort(x: Array, y: Array, d: tuple[float, ...]) -> tuple[Array, Array]:
    """Apply lens distortion to ideal coordinates on the plane z = 1."""
    if not any(d):
        return x, y
    p1, p2 = d[2], d[3]
    r2 = x * x + y * y
    radial, _ = _radial(r2, d)
    return (
        x * radial + 2.0 * p1 * x * y + p2 * (r2 + 2.0 * x * x),
        y * radial + p1 * (r2 + 2.0 * y * y) + 2.0 * p2 * x * y,
    )


def _undistort(xd: Array, yd: Array, d: tuple[float, ...]) -> tuple[Array, Array]:
    """Invert `_distort` by Newton's method; NaN where no ray is distorted onto the point."""
    if not any(d):
        return xd, yd
    p1, p2 = d[2], d[3]
    x, y = xd.copy(), yd.copy()
    with np.errstate(all='ignore'):  # what diverges becomes NaN below
        for _ in range(_NEWTON_STEPS):
            ex, ey = _distort(x, y, d)
            ex, ey = ex - xd, ey - yd
            f, g = _radial(x * x + y * y, d)
            jxx = f + 2.0 * x * x * g + 2.0 * p1 * y + 6.0 * p2 * x
            jxy = 2.0 * x * y * g + 2.0 * p1 * x + 2.0 * p2 * y
            jyy = f + 2.0 * y * y * g + 6.0 * p1 * y + 2.0 * p2 * x
            det = jxx * jyy - jxy * jxy
            x = x - (jyy * ex - jxy * ey) / det
            y = y - (jxx * ey - jxy * ex) / det
        ex, ey = _distort(x, y, d)
        # Polynomials fold over beyond the lens's field of view: a root there is no ray.
        unfolded = (f > 0.0) & (det > 0.0)
        bad = ~(unfolded & (np.hypot(ex - xd, ey - yd) < _NEWTON_TOLERANCE))
    x[bad] = np.nan
    y[bad] = np.nan
    return x, y


def matrix_from_pose(xyz: ArrayLike, quat_xyzw: ArrayLike) -> Array:
    """Return the (4, 4) transform of a position [m] and a quaternion, which is normalized.

    Raises:
        ValueError: the quaternion has no direction.
    """
    q = np.asarray(quat_xyzw, dtype=np.float64)
    norm = float(np.linalg.norm(q))
    if not (np.isfinite(norm) and norm > 1e-9):
        raise ValueError(f'{q.tolist()} is not a rotation; give a quaternion x, y, z, w')
    x, y, z, w = q / norm
    matrix = np.eye(4)
    matrix[:3, :3] = [
        [1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - z * w), 2.0 * (x * z + y * w)],
        [2.0 * (x * y + z * w), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - x * w)],
        [2.0 * (x * z - y * w), 2.0 * (y * z + x * w), 1.0 - 2.0 * (x * x + y * y)],
    ]
    matrix[:3, 3] = np.asarray(xyz, dtype=np.float64)
    return matrix


def quat_from_matrix(rotation: ArrayLike) -> Array:
    """Return the unit quaternion (x, y, z, w), w >= 0, of a (3, 3) or (4, 4) matrix."""
    r = np.asarray(rotation, dtype=np.float64)[:3, :3]
    # Every row of 4 q qᵀ is parallel to q; the one with the largest diagonal is the most exact.
    outer = np.empty((4, 4))
    outer[:3, :3] = r + r.T - np.trace(r) * np.eye(3) + np.eye(3)
    outer[:3, 3] = outer[3, :3] = r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1]
    outer[3, 3] = 1.0 + np.trace(r)
    q: Array = outer[int(np.argmax(np.diag(outer)))]
    q = q / np.linalg.norm(q)
    return -q if q[3] < 0.0 else q


def transform_points(T_target_source: ArrayLike, points: ArrayLike) -> Array:
    """Map (N, 3) [m] points from the source frame to the target frame."""
    matrix = np.asarray(T_target_source, dtype=np.float64)
    p = np.asarray(points, dtype=np.float64).reshape(-1, 3)
    return np.asarray(p @ matrix[:3, :3].T + matrix[:3, 3])
