"""Straight-line motion of a link: as much of it as inverse kinematics and collisions allow."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from moveit_ros_move_group.collision import CollisionScene
from moveit_ros_move_group.ik import step_to
from moveit_ros_move_group.robot import Group
from moveit_ros_move_group.timing import (
    first_contact,
    parameterize,
    Scaling,
    standing,
    Trajectory,
)
from moveit_ros_move_group.transforms import Matrix, rotation_of, rotation_vector

STEP = 0.01  # [m] at most between two solutions of the inverse kinematics
TURN = 0.02  # [rad], likewise
JUMP = 0.35  # [rad] in one step: the arm would change its posture


@dataclass(frozen=True)
class CartesianRequest:
    """A polyline for a link to follow.

    Attributes:
        group: that moves.
        link: that follows the line.
        start: configuration of all joints of the scene.
        waypoints: (4, 4) poses in the planning frame.
        max_step: [m] between two steps, at most.
        max_jump: [rad or m] that a joint may move in one step; 0 means the default.
        jump_factor: times the mean step, that a step may be long; 0 means no such check.
        avoid_collisions: stop before the first contact.
        scaling: speed.
    """

    group: Group
    link: str
    start: Matrix
    waypoints: tuple[Matrix, ...]
    max_step: float
    max_jump: float
    jump_factor: float
    avoid_collisions: bool
    scaling: Scaling


class CartesianResult(NamedTuple):
    """The part of the line that works: its share in [0, 1], and why it ends there."""

    trajectory: Trajectory
    fraction: float
    stopped_by: str


def follow(scene: CollisionScene, request: CartesianRequest) -> CartesianResult:
    """Follow the waypoints in small steps until one fails, and time what was reached.

    Nothing is followed where there are no waypoints: MoveIt gives a fraction of 0 for it, too.
    """
    poses = _interpolate(scene.link_pose(request.start, request.link), request)
    steps, stopped_by = [request.start], '' if poses else 'the lack of waypoints'
    for pose in poses:
        q = step_to(scene, request.group, request.link, pose, steps[-1])
        stopped_by = _obstacle(scene, request, steps[-1], q)
        if q is None or stopped_by:
            break
        steps.append(q)
    if request.jump_factor > 0.0 and len(steps) > 2:
        lengths = np.linalg.norm(np.diff(steps, axis=0), axis=1)
        jumps = np.nonzero(lengths > request.jump_factor * lengths.mean())[0]
        if len(jumps):
            steps, stopped_by = steps[: jumps[0] + 1], 'a jump of the joints (jump_threshold)'
    trajectory, reached = _timed(scene, request, steps)
    if reached < len(steps):
        stopped_by = 'a collision'
    return CartesianResult(trajectory, (reached - 1) / max(1, len(poses)), stopped_by)


def _interpolate(start: Matrix, request: CartesianRequest) -> list[Matrix]:
    """Return (4, 4) poses along the polyline: lines for the position, slerp for the rotation."""
    poses, last = [], start
    longest = min(request.max_step, STEP)
    for target in request.waypoints:
        shift = target[:3, 3] - last[:3, 3]
        turn = rotation_vector(last[:3, :3].T @ target[:3, :3])
        count = max(
            1, *np.ceil([np.linalg.norm(shift) / longest, np.linalg.norm(turn) / TURN]).astype(int)
        )
        for share in np.arange(1, count + 1) / count:
            pose = np.eye(4)
            pose[:3, :3] = last[:3, :3] @ rotation_of(share * turn)
            pose[:3, 3] = last[:3, 3] + share * shift
            poses.append(pose)
        last = target
    return poses


def _obstacle(
    scene: CollisionScene, request: CartesianRequest, before: Matrix, q: Matrix | None
) -> str:
    """Say why the line cannot go on to `q`, or '' when it can."""
    if q is None:
        return 'the inverse kinematics (out of reach, joint limit or singularity)'
    if np.abs(q - before).max() > (request.max_jump or JUMP):
        return 'a jump of the joints'
    if request.avoid_collisions and scene.collides(q):
        return f'a collision between {scene.touching(q)}'
    return ''


def _timed(
    scene: CollisionScene, request: CartesianRequest, steps: list[Matrix]
) -> tuple[Trajectory, int]:
    """Time the steps; drop the last ones while the timed motion touches something.

    Returns:
        The trajectory, and how many steps it covers.
    """
    index = scene.indices(request.group.joints)
    for count in range(len(steps), 1, -1):
        path = np.array(steps[:count])[:, index]
        trajectory = parameterize(scene, request.group, request.start, path, request.scaling)
        if not request.avoid_collisions:
            return trajectory, count
        if first_contact(scene, request.group, request.start, trajectory) is None:
            return trajectory, count
    return standing(request.group.joints, request.start[index]), 1
