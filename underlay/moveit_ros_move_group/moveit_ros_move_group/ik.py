"""Inverse kinematics: pose goals to collision-free configurations, and small Cartesian steps."""

from dataclasses import dataclass

import numpy as np
import roboplan.core as rp
from roboplan.simple_ik import SimpleIk, SimpleIkOptions

from moveit_ros_move_group.collision import CollisionScene
from moveit_ros_move_group.errors import Code, MoveItError
from moveit_ros_move_group.robot import Group
from moveit_ros_move_group.transforms import make_pose, Matrix, rotation_of, rotation_vector

SOLUTIONS = 2  # configurations tried for one pose; the one nearest to the start goes first
TRIES = 6
SECONDS_PER_TRY = 0.05
FREE_TOLERANCE = 0.05  # [rad]; below it a tolerance is met by aiming at the middle


@dataclass(frozen=True)
class PoseGoal:
    """Where a link shall be, in the planning frame.

    Attributes:
        link: name of the link.
        target: (3,) position [m] of the link's point `offset`.
        offset: (3,) point in the link's frame [m].
        rotation: (3, 3) orientation, or None when any will do.
        tolerance: (3,) allowed rotation [rad] about the x, y, z axes of `rotation`.
        radius: [m] from `target` that counts as there.
    """

    link: str
    target: Matrix
    offset: Matrix
    rotation: Matrix | None
    tolerance: Matrix
    radius: float

    def is_met(self, pose: Matrix) -> bool:
        """Say whether a (4, 4) pose of the link is within the tolerances."""
        point = pose[:3, :3] @ self.offset + pose[:3, 3]
        if np.linalg.norm(point - self.target) > self.radius:
            return False
        if self.rotation is None:
            return True
        turn = rotation_vector(self.rotation.T @ pose[:3, :3])
        return bool((np.abs(turn) <= self.tolerance).all())

    def sample(self, rng: np.random.Generator, attempt: int) -> Matrix:
        """Return a (4, 4) link pose that meets the goal; attempt 0 is the middle of it."""
        if self.rotation is None:
            quaternion = rng.normal(size=4)
            rotation = make_pose(np.zeros(3), quaternion)[:3, :3]
        else:
            width = np.where(self.tolerance > FREE_TOLERANCE, self.tolerance, 0.0)
            turn = rng.uniform(-width, width) if attempt else np.zeros(3)
            rotation = self.rotation @ rotation_of(np.minimum(turn, np.pi))
        pose = np.eye(4)
        pose[:3, :3] = rotation
        pose[:3, 3] = self.target - rotation @ self.offset
        return pose


def solve_pose(
    scene: CollisionScene, group: Group, goal: PoseGoal, start: Matrix, seed: int
) -> list[Matrix]:
    """Return up to SOLUTIONS collision-free configurations (J,) of the group, nearest first.

    Raises:
        MoveItError: NO_IK_SOLUTION when the pose is out of reach, GOAL_IN_COLLISION when it can
            be reached in collision only.
    """
    found = _solutions(scene, group, goal, start, seed, collision_free=True)
    if found:
        index = scene.indices(group.joints)
        return sorted(found, key=lambda q: float(np.linalg.norm(q - start[index])))
    blocked = _solutions(scene, group, goal, start, seed, collision_free=False)
    at = np.round(goal.target, 3).tolist()
    if not blocked:
        raise MoveItError(
            Code.NO_IK_SOLUTION,
            f"'{goal.link}' cannot reach {at} m in '{scene.robot.root}' with that orientation: "
            'choose a nearer pose or another orientation.',
        )
    q = _within(scene, group, start, blocked[0])
    raise MoveItError(
        Code.GOAL_IN_COLLISION,
        f"'{goal.link}' at {at} m is in collision, for one between {scene.touching(q)}: "
        'move the goal, or allow the contact in the planning scene.',
    )


def _within(scene: CollisionScene, group: Group, start: Matrix, positions: Matrix) -> Matrix:
    """Return `start` with the group's joints at `positions` (J,)."""
    q = start.copy()
    q[scene.indices(group.joints)] = positions
    return q


def _solutions(
    scene: CollisionScene,
    group: Group,
    goal: PoseGoal,
    start: Matrix,
    seed: int,
    *,
    collision_free: bool,
) -> list[Matrix]:
    solver = SimpleIk(
        scene.model,
        SimpleIkOptions(
            group_name=group.name,
            max_time=SECONDS_PER_TRY,
            # Long steps, and a new start soon: half the time of the default small ones.
            step_size=0.7,
            max_iters=20,
            max_restarts=50,
            max_linear_error_norm=1e-4,
            max_angular_error_norm=1e-3,
            check_collisions=collision_free,
        ),
    )
    rng = np.random.default_rng(seed)
    names = list(group.joints)
    low, high = scene.model.getPositionLimitVectors(group.name)
    nearest = start[scene.indices(names)]
    found: list[Matrix] = []
    wanted = SOLUTIONS if collision_free else 1
    for attempt in range(TRIES):
        solver.setRngSeed(seed + attempt)
        guess = rng.uniform(low, high) if attempt else nearest
        solution = rp.JointConfiguration(names, np.zeros(len(names)))
        pose = goal.sample(rng, attempt)
        target = rp.CartesianConfiguration(scene.robot.root, goal.link, np.asfortranarray(pose))
        if solver.solveIk(target, rp.JointConfiguration(names, guess), solution):
            q = np.array(solution.positions)
            exact = step_to(scene, group, goal.link, pose, _within(scene, group, start, q))
            if exact is not None:
                q = exact[scene.indices(names)]
            # The solver draws the joints outside the group, such as a finger, at random.
            free = not collision_free or not scene.collides(_within(scene, group, start, q))
            if free and all(np.abs(q - other).max() > 0.1 for other in found):
                found.append(q)
        elif not found and attempt >= TRIES // 2:
            break
        if len(found) == wanted:
            break
    return found


def step_to(
    scene: CollisionScene, group: Group, link: str, pose: Matrix, q: Matrix
) -> Matrix | None:
    """Return the configuration near `q` that puts a link at a near (4, 4) pose, or None.

    Damped least squares, to 0.01 mm and 0.01 mrad within the joint limits.
    """
    index = scene.indices(group.joints)
    low, high = scene.model.getPositionLimitVectors(group.name)
    q = q.copy()
    for _ in range(30):
        at = scene.link_pose(q, link)
        error = np.concatenate(
            [
                at[:3, :3].T @ (pose[:3, 3] - at[:3, 3]),
                rotation_vector(at[:3, :3].T @ pose[:3, :3]),
            ]
        )
        if np.linalg.norm(error) < 1e-5:
            return q
        jacobian = np.asarray(scene.model.computeFrameJacobian(q, link, True))[:, index]
        # The damping shrinks with the error: safe near a singularity, exact at the end.
        damping = 1e-3 * float(error @ error) + 1e-9
        gram = jacobian @ jacobian.T + damping * np.eye(6)
        q[index] = np.clip(q[index] + jacobian.T @ np.linalg.solve(gram, error), low, high)
    return None
