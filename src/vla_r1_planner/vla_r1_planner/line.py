"""Straight lines of the tool as positions of the joints, step by step."""

from collections.abc import Callable
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

TURN_RAD_PER_M = 3.5  # of turning counts as a metre of way, as in MoveIt
JUMP_RAD = 0.3  # [rad or m] of a joint within one step: another posture, not the way along a line


def stepped(tool_poses: Array, step_m: float) -> Array:
    """Return poses (M, 4, 4) on the straight lines through poses (N, 4, 4) and at their corners.

    Neighbours are at most step_m [m] and TURN_RAD_PER_M * step_m [rad] apart.
    """
    poses = [tool_poses[0]]
    for one, next_ in pairwise(tool_poses):
        way = next_[:3, 3] - one[:3, 3]
        turn = cv2.Rodrigues(one[:3, :3].T @ next_[:3, :3])[0].ravel()
        length = max(float(np.linalg.norm(way)), float(np.linalg.norm(turn)) / TURN_RAD_PER_M)
        count = max(1, int(np.ceil(length / step_m - 1e-9)))
        for part in np.linspace(0.0, 1.0, count + 1)[1:]:
            pose = np.eye(4)
            pose[:3, :3] = one[:3, :3] @ cv2.Rodrigues(part * turn)[0]
            pose[:3, 3] = one[:3, 3] + part * way
            poses.append(pose)
    return np.array(poses)


def followed(
    poses: Array, start: Array, solve: Callable[[Array], Array | None]
) -> tuple[Array, float]:
    """Return the joints' way along poses (M, 4, 4) as far as it goes, and which part that is.

    Args:
        poses: of the tool; the first one is where it stands.
        start: (J,) [rad or m], the joints at the first pose.
        solve: gives the joints (J,) at a pose, near those of the pose before; None when they
            cannot be found or must not be.

    Returns:
        Positions (K, J) [rad or m], K <= M, and K - 1 of M - 1 in [0, 1].
    """
    way = [start]
    for pose in poses[1:]:
        joints = solve(pose)
        if joints is None or np.abs(joints - way[-1]).max() > JUMP_RAD:
            break
        way.append(joints)
    return np.array(way), (len(way) - 1) / max(1, len(poses) - 1)
