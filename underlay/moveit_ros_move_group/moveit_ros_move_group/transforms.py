"""Poses as (4, 4) homogeneous matrices [m]."""

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def make_pose(translation: object, quaternion: object = (0.0, 0.0, 0.0, 1.0)) -> Matrix:
    """Return the (4, 4) pose of a translation [m] and a quaternion (x, y, z, w).

    The quaternion need not have length one; the zero quaternion means no rotation, as in MoveIt.
    """
    x, y, z, w = np.asarray(quaternion, dtype=float)
    pose = np.eye(4)
    pose[:3, 3] = np.asarray(translation, dtype=float)
    norm = x * x + y * y + z * z + w * w
    if norm > 0.0:
        s = 2.0 / norm
        pose[:3, :3] = [
            [1 - s * (y * y + z * z), s * (x * y - z * w), s * (x * z + y * w)],
            [s * (x * y + z * w), 1 - s * (x * x + z * z), s * (y * z - x * w)],
            [s * (x * z - y * w), s * (y * z + x * w), 1 - s * (x * x + y * y)],
        ]
    return pose


def quaternion_of(rotation: Matrix) -> tuple[float, float, float, float]:
    """Return (x, y, z, w), w >= 0, of a (3, 3) rotation."""
    r = rotation
    # The largest of the four squares is at least 1/4: dividing by it is always safe.
    squares = np.array(
        [
            1 + r[0, 0] - r[1, 1] - r[2, 2],
            1 - r[0, 0] + r[1, 1] - r[2, 2],
            1 - r[0, 0] - r[1, 1] + r[2, 2],
            1 + r[0, 0] + r[1, 1] + r[2, 2],
        ]
    )
    products = np.array(
        [
            [squares[0], r[1, 0] + r[0, 1], r[0, 2] + r[2, 0], r[2, 1] - r[1, 2]],
            [r[1, 0] + r[0, 1], squares[1], r[2, 1] + r[1, 2], r[0, 2] - r[2, 0]],
            [r[0, 2] + r[2, 0], r[2, 1] + r[1, 2], squares[2], r[1, 0] - r[0, 1]],
            [r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1], squares[3]],
        ]
    )
    q = products[int(np.argmax(squares))]
    q = q / np.linalg.norm(q) * (1.0 if q[3] >= 0 else -1.0)
    return float(q[0]), float(q[1]), float(q[2]), float(q[3])


def rotation_vector(rotation: Matrix) -> Matrix:
    """Return the (3,) rotation vector [rad] of a (3, 3) rotation."""
    x, y, z, w = quaternion_of(rotation)
    sine = float(np.sqrt(x * x + y * y + z * z))
    scale = 2.0 if sine < 1e-9 else 2.0 * float(np.arctan2(sine, w)) / sine
    return scale * np.array([x, y, z])


def rotation_of(vector: Matrix) -> Matrix:
    """Return the (3, 3) rotation of a (3,) rotation vector [rad]."""
    angle = float(np.linalg.norm(vector))
    if angle < 1e-12:
        return np.eye(3)
    axis = vector / angle
    half = angle / 2.0
    return make_pose(np.zeros(3), (*(axis * np.sin(half)), np.cos(half)))[:3, :3]


def invert(pose: Matrix) -> Matrix:
    """Return the inverse of a (4, 4) pose."""
    inverse = np.eye(4)
    inverse[:3, :3] = pose[:3, :3].T
    inverse[:3, 3] = -pose[:3, :3].T @ pose[:3, 3]
    return inverse
