"""From start and goal to a timed, collision-checked trajectory."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
import time

import numpy as np
import roboplan.core as rp
from roboplan.rrt import RRT, RRTOptions

from moveit_ros_move_group.collision import CollisionScene
from moveit_ros_move_group.errors import Code, MoveItError
from moveit_ros_move_group.ik import PoseGoal, solve_pose
from moveit_ros_move_group.robot import Group
from moveit_ros_move_group.timing import (
    first_contact,
    parameterize,
    Scaling,
    standing,
    Trajectory,
)
from moveit_ros_move_group.transforms import Matrix

# [rad] between the collision checks of the search. Coarse at first, because most of the time goes
# there; what slips through, the check of the timed path finds, and the next search looks closer.
EDGE_STEP, FINEST_EDGE_STEP = 0.1, 0.0125
# [rad or m] between two looks at a timed path that was planned with padding: 1 m from the joint
# that turns, nothing is further than 5 mm from where it was looked at.
COARSE_STEP = 0.01
SLICE = 0.5  # [s] of search between two looks at `cancelled`


@dataclass(frozen=True)
class JointGoal:
    """Positions (J,) of all joints of the group [rad or m], and how near (J,) is near enough."""

    positions: Matrix
    tolerance: Matrix


@dataclass(frozen=True)
class Request:
    """One motion to plan.

    Attributes:
        group: that moves.
        start: configuration of all joints of the scene.
        goals: alternatives; any of them will do.
        scaling: speed.
        seconds: the search may take [s].
        attempts: plans to compute; the one of shortest duration is taken.
    """

    group: Group
    start: Matrix
    goals: tuple[PoseGoal | JointGoal, ...]
    scaling: Scaling
    seconds: float
    attempts: int


def plan(
    exact: CollisionScene,
    padded: CollisionScene,
    request: Request,
    *,
    seed: int,
    cancelled: Callable[[], bool],
) -> Trajectory:
    """Plan among `padded` objects, or, where that fails, among the `exact` ones.

    Whatever is returned was checked against `exact` along its whole way.

    Raises:
        MoveItError: with the code that says why there is no plan.
    """
    deadline = time.monotonic() + request.seconds
    check_start(exact, request.group, request.start)
    if any(_is_met(exact, request, goal) for goal in request.goals):
        return standing(request.group.joints, request.start[exact.indices(request.group.joints)])
    candidates = _goal_configurations(exact, request, seed)
    found: list[Trajectory] = []
    reason = 'no time left after the inverse kinematics'
    edge_step = EDGE_STEP
    while len(found) < request.attempts and time.monotonic() < deadline:
        for goal, scene in product(candidates, (padded, exact)):
            seconds = min(SLICE, deadline - time.monotonic())
            if cancelled():
                raise MoveItError(Code.PREEMPTED, 'The request was cancelled while planning.')
            if seconds <= 0.0:
                break
            seed += 1
            try:
                path = _search(scene, request, goal, edge_step, seconds, seed)
                timed = parameterize(exact, request.group, request.start, path, request.scaling)
            except (RuntimeError, ValueError) as error:
                reason = str(error)
                continue
            # A path planned with padding has millimetres to spare, any other has none.
            step = COARSE_STEP if scene is padded else 0.0
            if first_contact(exact, request.group, request.start, timed, step) is None:
                found.append(timed)
                break
            reason = 'the timed path touched an obstacle'
            edge_step = max(edge_step / 2, FINEST_EDGE_STEP)
    if not found:
        raise MoveItError(
            Code.TIMED_OUT,
            f'No plan within allowed_planning_time = {request.seconds:g} s ({reason}): '
            'give it more time, or another goal or start.',
        )
    return min(found, key=lambda t: t.duration)


def check_start(scene: CollisionScene, group: Group, start: Matrix) -> None:
    """Refuse a start outside the joint limits or in collision.

    Raises:
        MoveItError: START_STATE_INVALID or START_STATE_IN_COLLISION.
    """
    low, high = scene.model.getPositionLimitVectors(group.name)
    at = start[scene.indices(group.joints)]
    outside = [
        n for n, q, a, b in zip(group.joints, at, low, high, strict=True) if not a <= q <= b
    ]
    if outside:
        raise MoveItError(
            Code.START_STATE_INVALID,
            f'The start is outside the position limits of {", ".join(outside)}: '
            'move the robot back by other means.',
        )
    if scene.collides(start):
        raise MoveItError(
            Code.START_STATE_IN_COLLISION,
            f'The start is in collision between {scene.touching(start)}: move the robot away, '
            'correct the scene, or allow the contact in the planning scene.',
        )


def _is_met(scene: CollisionScene, request: Request, goal: PoseGoal | JointGoal) -> bool:
    if isinstance(goal, PoseGoal):
        return goal.is_met(scene.link_pose(request.start, goal.link))
    at = request.start[scene.indices(request.group.joints)]
    return bool((np.abs(at - goal.positions) <= goal.tolerance).all())


def _goal_configurations(scene: CollisionScene, request: Request, seed: int) -> list[Matrix]:
    """Return configurations (J,) that reach one of the goals, goal by goal, nearest first."""
    found: list[Matrix] = []
    errors: list[MoveItError] = []
    for goal in request.goals:
        try:
            if isinstance(goal, PoseGoal):
                found += solve_pose(scene, request.group, goal, request.start, seed)
            else:
                found.append(_checked(scene, request, goal))
        except MoveItError as error:  # noqa: PERF203
            errors.append(error)
    if not found:
        raise errors[0]
    return found


def _checked(scene: CollisionScene, request: Request, goal: JointGoal) -> Matrix:
    low, high = scene.model.getPositionLimitVectors(request.group.name)
    if (goal.positions < low).any() or (goal.positions > high).any():
        raise MoveItError(
            Code.INVALID_GOAL_CONSTRAINTS,
            'The joint goal is outside the position limits of the URDF.',
        )
    q = request.start.copy()
    q[scene.indices(request.group.joints)] = goal.positions
    if scene.collides(q):
        raise MoveItError(
            Code.GOAL_IN_COLLISION,
            f'The joint goal is in collision between {scene.touching(q)}.',
        )
    return goal.positions


def _search(
    scene: CollisionScene,
    request: Request,
    goal: Matrix,
    edge_step: float,
    seconds: float,
    seed: int,
) -> Matrix:
    """Return a shortcut path (N, J) from the start to `goal` (J,), or raise RuntimeError."""
    group = request.group
    names = list(group.joints)
    scene.model.setJointPositions(request.start)  # what the joints outside the group keep
    planner = RRT(
        scene.model,
        RRTOptions(
            group_name=group.name,
            max_nodes=20000,
            max_connection_distance=3.0,
            collision_check_step_size=edge_step,
            collision_check_use_bisection=True,
            max_planning_time=seconds,
            rrt_connect=True,
        ),
    )
    planner.setRngSeed(seed)
    start = rp.JointConfiguration(names, request.start[scene.indices(names)])
    path = planner.plan(start, rp.JointConfiguration(names, goal))
    shortcutter = rp.PathShortcutter(
        scene.model,
        rp.PathShortcuttingOptions(
            group_name=group.name,
            max_step_size=edge_step,
            max_iters=100,
            max_convergence_iters=10,
            redundant_removal_iters=10,
            seed=seed,
        ),
    )
    return np.array(shortcutter.shortcut(path).positions)
