"""Where things may lie on the table: with room for the gripper, and each in the camera's view.

The table top is the plane z = 0 of `base_link`; x points from the robot to the camera.
"""

from dataclasses import dataclass
import math

import numpy as np

TABLE_CENTER = (0.27, 0.0)
"""[m], in base_link"""
TABLE_HALF_SIZE = (0.44, 0.44)
"""[m]"""
WORKSPACE_X = (0.33, 0.60)
WORKSPACE_Y = (-0.30, 0.30)
"""Where object centres may lie: within reach from above [m], in base_link."""
CONTAINER_X = (0.38, 0.56)
CONTAINER_Y = (-0.26, 0.26)
"""Where the middle of a container may lie: all of it in reach and in the picture [m]."""
CAMERA_POSITION = (1.16, 0.0, 0.78)
"""Before jitter [m], in base_link."""
FINGERS = 0.07
"""Half of what the open gripper needs around a grasp, fingers and some air included [m]."""
HAND_AXIS = (0.22, 0.0)
HAND_REACH = (0.10, 0.49)
"""How near and how far from an upright axis the hand of every robot can work on the table [m]."""

_PUSHED_X = (0.22, 0.66)
_PUSHED_Y = (-0.40, 0.40)
"""Where a pushed object may end up: on the table and within reach [m]."""
_BEHIND = 0.09
"""Room for the fingers between a pushed object and what lies on the side they come from [m]."""
_BESIDE = 0.05
"""Between a pushed object and where the hand comes down [m]."""


@dataclass(frozen=True)
class Footprint:
    """The upright cylinder around a thing on the table.

    Attributes:
        x, y: its middle [m], in base_link.
        radius, height: [m]
        room: from the middle, what the gripper that works there needs [m].
    """

    x: float
    y: float
    radius: float
    height: float
    room: float


def too_close(
    a: Footprint, b: Footprint, camera: tuple[float, float, float] = CAMERA_POSITION
) -> bool:
    """Whether the gripper has no room between two things, or one hides the other.

    Args:
        a: one of them.
        b: the other.
        camera: its position [m], in base_link.
    """
    needed = max(a.room, b.room) + max(a.radius, b.radius)
    if math.hypot(a.x - b.x, a.y - b.y) < needed:
        return True
    return _hides(a, b, camera) or _hides(b, a, camera)


def _hides(front: Footprint, back: Footprint, camera: tuple[float, float, float]) -> bool:
    """Whether the camera cannot see all of `back` for `front`."""
    camera_x, camera_y, camera_z = camera
    ray = np.array([front.x - camera_x, front.y - camera_y])
    distance = float(np.linalg.norm(ray))
    along, sideways = np.array([[ray[0], ray[1]], [-ray[1], ray[0]]]) @ (
        np.array([back.x - front.x, back.y - front.y]) / distance
    )
    reach = front.radius + back.radius
    top = front.height
    hidden_length = top / (camera_z - top) * (distance + front.radius)
    return bool(0 < along < reach + hidden_length and abs(sideways) < reach)


def can_be_pushed(
    item: Footprint, direction: np.ndarray, way: float, others: list[Footprint]
) -> bool:
    """Whether the hand can push a thing `way` [m] along a unit vector (2,) on the table.

    The strip that the thing and the hand sweep must be free of `others`, and in reach.
    """
    middle = np.array([item.x, item.y])
    begin = middle - (item.radius + _BEHIND) * direction
    length = way + 2 * item.radius + _BEHIND
    end_x, end_y = middle + way * direction
    if not (_PUSHED_X[0] < end_x < _PUSHED_X[1] and _PUSHED_Y[0] < end_y < _PUSHED_Y[1]):
        return False
    hand = [middle + along * direction for along in (-_BESIDE - item.radius, way - item.radius)]
    reach = np.linalg.norm(np.subtract(hand, HAND_AXIS), axis=1)
    if reach.min() < HAND_REACH[0] or reach.max() > HAND_REACH[1]:
        return False
    for other in others:
        offset = np.array([other.x, other.y]) - begin
        gap = np.linalg.norm(offset - np.clip(offset @ direction, 0.0, length) * direction)
        if gap < other.radius + max(item.radius, FINGERS):
            return False
    return True
