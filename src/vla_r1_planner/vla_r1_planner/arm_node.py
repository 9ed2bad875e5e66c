"""What an arm is whatever plans for it: a gripper, motions under guard, and one Stop at a time."""

from collections.abc import Mapping
import copy
import math
from typing import Any

from control_msgs.action import GripperCommand
from moveit_msgs.msg import (
    AttachedCollisionObject,
    MoveItErrorCodes,
    PlanningScene,
    RobotState,
    RobotTrajectory,
)
import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node
from vla_r1_core.errors import MotionError, OutcomeCode

from vla_r1_planner.calls_node import call_action, Calls, GoalClient
from vla_r1_planner.config import PlannerConfig
from vla_r1_planner.convert import attached_cuboid, collision_cuboid, moveit_failure, removal
from vla_r1_planner.footprint import Footprint
from vla_r1_planner.guard_node import Guard
from vla_r1_planner.motion import Held, Segment
from vla_r1_planner.requests import Stop
from vla_r1_planner.scene_node import SceneInput

Array = NDArray[np.float64]

PREFIX = 'vla_r1_'  # of our objects in the planning scene
HELD = PREFIX + 'held'


class GuardedArm:
    """The part of `motion.Arm` that its planners share.

    One request at a time: `begin` takes the Stop that interrupts every call of that request.
    """

    def __init__(
        self,
        node: Node,
        calls: Calls,
        config: PlannerConfig,
        scene: SceneInput,
        guard: Guard,
    ) -> None:
        self._node = node
        self._config = config
        self._scene = scene
        self._guard = guard
        self._stop = Stop()
        self._ours: dict[str, tuple[float, ...] | None] | None = None
        self._holding = False
        self._gripper = calls.action(GripperCommand, config.gripper_action)

    def close(self) -> None:
        """Take down what was started for planning."""

    def begin(self, stop: Stop) -> None:
        """Serve a new request."""
        self._stop = stop
        self._ours = None

    def set_scene(self, cuboids: Mapping[str, Footprint]) -> None:
        """See motion.Arm."""
        frame, ours = self._config.planning_frame, self._known()
        wanted = {PREFIX + name: cuboid for name, cuboid in cuboids.items()}
        gone = ours.keys() - wanted.keys()
        new = {name: c for name, c in wanted.items() if ours.get(name) != _figures(c)}
        if not gone and not new:
            return
        scene = PlanningScene(is_diff=True)
        scene.robot_state.is_diff = True
        scene.world.collision_objects = [removal(frame, name) for name in gone] + [
            collision_cuboid(frame, name, cuboid) for name, cuboid in new.items()
        ]
        self._apply_scene(scene)
        self._ours = {name: _figures(cuboid) for name, cuboid in wanted.items()}

    def move_gripper(self, opening_m: float) -> float:
        """See motion.Arm."""
        c = self._config
        goal = GripperCommand.Goal()
        goal.command.position = opening_m * c.gripper_joint_scale
        goal.command.max_effort = c.gripper_effort
        result = self._action(
            self._gripper,
            c.gripper_action,
            goal,
            c.gripper_timeout_s,
            OutcomeCode.GRIPPER_FAILED,
        )
        if not (result.reached_goal or result.stalled):
            raise MotionError(
                OutcomeCode.GRIPPER_FAILED,
                f'the gripper stopped at {result.position:.4f} on its way to '
                f'{goal.command.position:.4f}; look at its controller',
            )
        return float(result.position / c.gripper_joint_scale)

    def gripper_opening(self) -> float | None:
        """See motion.Arm."""
        position = self._scene.joint_position(self._config.gripper_joint)
        return None if position is None else position / self._config.gripper_joint_scale

    def hold(self, held: Held) -> None:
        """See motion.Arm."""
        self._known().pop(HELD, None)
        self._attach(self._attached(held))
        self._holding = True

    def let_go(self) -> None:
        """See motion.Arm."""
        ours = self._known()
        if not self._holding:
            return
        # It stays in the scene where it was let go, until the next look at it.
        body = removal(self._config.tip_link, HELD)
        self._attach(AttachedCollisionObject(link_name=self._config.tip_link, object=body))
        self._holding, ours[HELD] = False, None

    def _known(self) -> dict[str, tuple[float, ...] | None]:
        """Return our objects in MoveIt's world: their figures, None for what we did not put there.

        Asked once a request: a planner before this one may have left something there.
        """
        if self._ours is None:
            present = self._present()
            names = {item.id for item in present.world.collision_objects}
            held = {item.object.id for item in present.robot_state.attached_collision_objects}
            self._ours = dict.fromkeys(name for name in names if name.startswith(PREFIX))
            self._holding = HELD in held
        return self._ours

    def _attach(self, body: AttachedCollisionObject) -> None:
        scene = PlanningScene(is_diff=True)
        scene.robot_state.is_diff = True
        scene.robot_state.attached_collision_objects = [body]
        self._apply_scene(scene)

    def _apply_scene(self, scene: PlanningScene) -> None:
        try:
            self._change_scene(scene)
        except MotionError:
            self._ours = None  # who knows what is there now
            raise

    def _present(self) -> PlanningScene:
        """Return the names of all objects that MoveIt knows, in the world and attached."""
        raise NotImplementedError

    def _change_scene(self, scene: PlanningScene) -> None:
        """Apply a difference to MoveIt's planning scene, or raise MotionError."""
        raise NotImplementedError

    def _drive(
        self, client: GoalClient, name: str, goal: Any, segment: Segment, code: OutcomeCode
    ) -> Any:
        """Let an action move the arm along a segment, and return the action's result."""
        with self._guard.along(segment.trajectory.joint_trajectory):
            return self._action(client, name, goal, self._config.execution_timeout_s, code)

    def _segment(
        self, start: RobotState, trajectory: RobotTrajectory, ends: Array, planning_time_s: float
    ) -> Segment:
        """Return what was planned, with the tool's poses (N, 4, 4) along it.

        They are those at its `ends` only when no URDF is known.
        """
        way, tool_poses = trajectory.joint_trajectory, ends
        if self._scene.chain is not None and way.points:
            positions = np.array([point.positions for point in way.points])
            tool_poses = self._scene.chain.tool_poses(way.joint_names, positions)
        return Segment(tool_poses, _end_state(start, trajectory), trajectory, planning_time_s)

    def _check_line(self, fraction: float) -> None:
        """Raise unless this part of a straight line is enough."""
        if fraction < self._config.min_cartesian_fraction:
            raise MotionError(
                OutcomeCode.CARTESIAN_INCOMPLETE,
                f'only {fraction:.0%} of the straight path is free and reachable; '
                'make room around the object or move it closer',
            )

    def _attached(self, held: Held) -> AttachedCollisionObject:
        c = self._config
        return attached_cuboid(c.tip_link, HELD, held, c.gripper_links.split())

    def _action(
        self,
        client: GoalClient,
        name: str,
        goal: Any,
        timeout_s: float,
        code: OutcomeCode,
        *,
        moves: bool = True,
    ) -> Any:
        return call_action(
            client,
            name,
            goal,
            accept_timeout_s=self._config.server_timeout_s,
            timeout_s=timeout_s,
            code=code,
            stop=self._stop,
            moves=moves,
        )


def raise_on_failure(code: MoveItErrorCodes, *, executing: bool = False) -> None:
    """Raise what a MoveIt code means unless it is success.

    Raises:
        MotionError: see `convert.moveit_failure`.
    """
    failure = moveit_failure(code, executing=executing)
    if failure is not None:
        raise MotionError(*failure)


def _figures(cuboid: Footprint) -> tuple[float, ...]:
    """All that makes a cuboid, to be compared."""
    c = cuboid
    return (*map(float, c.centre), c.yaw, c.short, c.long, c.bottom, c.top)


def _end_state(start: RobotState, trajectory: RobotTrajectory) -> RobotState:
    """The whole robot at a trajectory's end: its start with the moved joints replaced."""
    end = copy.deepcopy(start)
    moved = trajectory.joint_trajectory
    if not moved.points:
        return end
    names, last = list(end.joint_state.name), moved.points[-1].positions
    positions = dict(zip(names, end.joint_state.position, strict=True))
    positions.update(zip(moved.joint_names, last, strict=True))
    end.joint_state.name = list(positions)
    end.joint_state.position = [float(p) for p in positions.values() if math.isfinite(p)]
    end.joint_state.velocity, end.joint_state.effort = [], []
    end.attached_collision_objects = []  # a plan says for each line what is held
    end.is_diff = True
    return end
