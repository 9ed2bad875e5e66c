"""Where the tool is at given joint positions, by the robot's own URDF."""

from collections.abc import Sequence
from dataclasses import dataclass
import xml.etree.ElementTree as ET

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MOVING = ('revolute', 'continuous', 'prismatic')


@dataclass(frozen=True)
class Joint:
    """One joint of a chain.

    Attributes:
        name, kind: as in the URDF.
        origin: T_parent_joint (4, 4) at position 0.
        axis: (3,) unit vector, in the joint's frame.
        effort: the URDF's limit [N m or N]; 0: it states none.
    """

    name: str
    kind: str
    origin: Array
    axis: Array
    effort: float = 0.0

    def motion(self, positions: Array) -> Array:
        """Return T_joint_child (N, 4, 4) at positions (N,) [rad or m]."""
        result = np.tile(np.eye(4), (len(positions), 1, 1))
        if self.kind == 'prismatic':
            result[:, :3, 3] = positions[:, None] * self.axis
        elif self.kind in MOVING:
            # Rodrigues: R = I + sin(q) K + (1 - cos(q)) K^2
            x, y, z = self.axis
            cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
            sin, cos = np.sin(positions)[:, None, None], np.cos(positions)[:, None, None]
            result[:, :3, :3] += sin * cross + (1 - cos) * (cross @ cross)
        return result


@dataclass(frozen=True)
class Chain:
    """The joints from a base link to a tip link, in order."""

    joints: tuple[Joint, ...]

    def tool_poses(self, names: Sequence[str], positions: Array) -> Array:
        """Return T_base_tip (N, 4, 4) at positions (N, J) [rad or m] of the named joints.

        A moving joint that is not named counts as 0.
        """
        columns = dict(zip(names, positions.T, strict=True))
        still = np.zeros(len(positions))
        pose = np.tile(np.eye(4), (len(positions), 1, 1))
        for joint in self.joints:
            pose = pose @ joint.origin @ joint.motion(columns.get(joint.name, still))
        return pose


def chain_from_urdf(urdf: str, base: str, tip: str) -> Chain:
    """Return the chain between two links.

    Raises:
        ValueError: no such URDF, or the tip does not hang from the base.
    """
    try:
        joints = {_link(j, 'child'): j for j in ET.fromstring(urdf).findall('joint')}
    except ET.ParseError as error:
        raise ValueError(f'robot_description is no URDF: {error}') from error
    way, link = [], tip
    while link != base:
        if link not in joints:
            raise ValueError(f'no chain of joints leads from {base} to {tip} in robot_description')
        way.append(_joint(joints[link]))
        link = _link(joints[link], 'parent')
    return Chain(tuple(reversed(way)))


def _link(joint: ET.Element, end: str) -> str:
    element = joint.find(end)
    return '' if element is None else element.get('link', '')


def _joint(element: ET.Element) -> Joint:
    origin, axis, limit = (element.find(name) for name in ('origin', 'axis', 'limit'))
    pose = np.eye(4)
    if origin is not None:
        pose[:3, :3] = _rotation(*_numbers(origin.get('rpy', '0 0 0')))
        pose[:3, 3] = _numbers(origin.get('xyz', '0 0 0'))
    direction = _numbers('1 0 0' if axis is None else axis.get('xyz', '1 0 0'))
    return Joint(
        element.get('name', ''),
        element.get('type', ''),
        pose,
        direction / np.linalg.norm(direction),
        0.0 if limit is None else float(limit.get('effort', 0.0)),
    )


def _numbers(text: str) -> Array:
    return np.array([float(word) for word in text.split()])


def _rotation(roll: float, pitch: float, yaw: float) -> Array:
    """Return R (3, 3) of fixed-axis angles [rad], as URDF has them."""
    (cr, cp, cy), (sr, sp, sy) = np.cos((roll, pitch, yaw)), np.sin((roll, pitch, yaw))
    return np.array(
        [
            [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
            [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
            [-sp, cp * sr, cp * cr],
        ]
    )
