"""The action servers of the sim node: the arm's and the gripper's controller."""

from abc import ABC, abstractmethod
from typing import Any

from control_msgs.action import FollowJointTrajectory, GripperCommand
from control_msgs.msg import JointTolerance
import numpy as np
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from trajectory_msgs.msg import JointTrajectoryPoint

from vla_r1_sim.controllers import ArmController, Ending, GripperController, Tolerances
from vla_r1_sim.convert import to_stamp, to_waypoints
from vla_r1_sim.simulation import Simulation

PATH_TOLERANCE = 0.1
GOAL_TOLERANCE = 0.02
"""Where the goal states none, as most planners do [rad]."""
SETTLE_TIME = 0.5
"""[s]"""
_FEEDBACK_PERIOD = 0.05


class _Server(ABC):
    """One goal at a time: the newest goal ends the one before."""

    @abstractmethod
    def _check(self, goal: Any) -> None:
        """Raise ValueError, with the reason, when a goal cannot be accepted."""

    @abstractmethod
    def _execute(self, handle: ServerGoalHandle) -> Any:
        """Carry out a goal and return its result."""

    @abstractmethod
    def _feedback(self) -> Any:
        """Return the feedback message of now."""

    def __init__(self, node: Node, simulation: Simulation, action: Any, name: str) -> None:
        self._logger = node.get_logger()
        self._simulation = simulation
        self._active: ServerGoalHandle | None = None
        self._closing = False
        self._server = ActionServer(
            node,
            action,
            name,
            execute_callback=self._execute,
            goal_callback=self._on_goal,
            handle_accepted_callback=self._on_accepted,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
            callback_group=ReentrantCallbackGroup(),
        )

    def close(self) -> None:
        """Let go of goals under way, so that their threads end."""
        with self._simulation.changed:
            self._closing = True
            self._simulation.changed.notify_all()

    def _on_goal(self, goal: Any) -> GoalResponse:
        try:
            with self._simulation.changed:
                self._check(goal)
        except ValueError as error:
            self._logger.warning(f'goal rejected: {error}')
            return GoalResponse.REJECT
        return GoalResponse.ACCEPT

    def _on_accepted(self, handle: ServerGoalHandle) -> None:
        with self._simulation.changed:
            self._active = handle
            self._simulation.changed.notify_all()
        handle.execute()

    def _interrupted(self, handle: ServerGoalHandle) -> bool:
        return handle.is_cancel_requested or handle is not self._active or self._closing

    def _wait(
        self, handle: ServerGoalHandle, controller: ArmController | GripperController
    ) -> None:
        """Wait, holding `changed`, until the goal ends or is interrupted; send feedback."""
        while not self._simulation.changed.wait_for(
            lambda: controller.ending or self._interrupted(handle), timeout=_FEEDBACK_PERIOD
        ):
            handle.publish_feedback(self._feedback())


class ArmServer(_Server):
    """`arm_controller/follow_joint_trajectory`; a trajectory starts when its goal arrives."""

    def __init__(self, node: Node, simulation: Simulation) -> None:
        name = 'arm_controller/follow_joint_trajectory'
        self._joints = simulation.world.robot.arm_joints
        super().__init__(node, simulation, FollowJointTrajectory, name)

    def _check(self, goal: FollowJointTrajectory.Goal) -> None:
        self._simulation.arm.check(to_waypoints(goal.trajectory, self._joints))
        _tolerances(goal, self._joints)

    def _execute(self, handle: ServerGoalHandle) -> FollowJointTrajectory.Result:
        result = FollowJointTrajectory.Result()
        with self._simulation.changed:
            arm = self._simulation.arm
            if handle is self._active:
                try:
                    goal = handle.request
                    waypoints = to_waypoints(goal.trajectory, self._joints)
                    arm.follow(waypoints, _tolerances(goal, self._joints))
                except ValueError as error:  # the arm moved on since the goal was accepted
                    handle.abort()
                    result.error_code, result.error_string = result.INVALID_GOAL, str(error)
                    return result
                self._wait(handle, arm)
            preempted = handle is not self._active
            if not preempted and arm.ending is not Ending.REACHED:
                arm.stop()
                self._wait_for_standstill(arm)
                preempted = handle is not self._active
            ending = arm.ending
        if preempted or self._closing:
            handle.abort()
            result.error_code = result.INVALID_GOAL
            result.error_string = 'ended by a newer goal' if preempted else 'shutting down'
        elif ending is Ending.REACHED:
            handle.succeed()
        elif handle.is_cancel_requested:
            handle.canceled()
            result.error_string = 'canceled; the arm stands still'
        else:
            handle.abort()
            result.error_string = ending.value
            result.error_code = {
                Ending.PATH_TOLERANCE: result.PATH_TOLERANCE_VIOLATED,
                Ending.GOAL_TOLERANCE: result.GOAL_TOLERANCE_VIOLATED,
            }.get(ending, result.INVALID_GOAL)
        return result

    def _wait_for_standstill(self, arm: ArmController) -> None:
        """Wait, holding `changed`, while the arm brakes; after a reset it is another arm."""
        self._simulation.changed.wait_for(
            lambda: arm.at_rest or arm is not self._simulation.arm or self._closing, timeout=2.0
        )

    def _feedback(self) -> FollowJointTrajectory.Feedback:
        arm, world = self._simulation.arm, self._simulation.world
        feedback = FollowJointTrajectory.Feedback(joint_names=self._joints)
        feedback.header.stamp = to_stamp(self._simulation.time_ns)
        actual = world.arm_position()
        feedback.desired = JointTrajectoryPoint(positions=arm.desired.tolist())
        feedback.actual = JointTrajectoryPoint(
            positions=actual.tolist(), velocities=world.arm_velocity().tolist()
        )
        feedback.error = JointTrajectoryPoint(positions=(arm.desired - actual).tolist())
        return feedback


class GripperServer(_Server):
    """`gripper_controller/gripper_cmd`; being stopped by an object counts as success."""

    def __init__(self, node: Node, simulation: Simulation) -> None:
        self._robot = simulation.world.robot
        super().__init__(node, simulation, GripperCommand, 'gripper_controller/gripper_cmd')

    def _check(self, goal: GripperCommand.Goal) -> None:
        position, widest = goal.command.position, self._robot.finger_open
        if not -1e-3 <= position <= widest + 1e-3:
            raise ValueError(f'position is {position} m; it must lie in [0, {widest}] m')
        if not goal.command.max_effort >= 0:
            raise ValueError('max_effort must be 0 (the most there is) or greater [N]')

    def _execute(self, handle: ServerGoalHandle) -> GripperCommand.Result:
        command = handle.request.command
        strongest, widest = self._robot.gripper_force, self._robot.finger_open
        effort = min(command.max_effort or strongest, strongest)
        with self._simulation.changed:
            gripper = self._simulation.gripper
            if handle is self._active:
                gripper.move(float(np.clip(command.position, 0.0, widest)), effort)
                self._wait(handle, gripper)
            preempted = handle is not self._active
            if not preempted:
                gripper.stop()
            ending = gripper.ending
            values = self._values()
        result = GripperCommand.Result(
            **values, stalled=ending is Ending.STALLED, reached_goal=ending is Ending.REACHED
        )
        if preempted or self._closing:
            handle.abort()
        elif ending in (Ending.REACHED, Ending.STALLED):
            handle.succeed()
        elif handle.is_cancel_requested:
            handle.canceled()
        else:
            handle.abort()
        return result

    def _values(self) -> dict[str, float]:
        world = self._simulation.world
        return {'position': world.finger_position(), 'effort': world.finger_effort()}

    def _feedback(self) -> GripperCommand.Feedback:
        return GripperCommand.Feedback(**self._values())


def _tolerances(goal: FollowJointTrajectory.Goal, joints: tuple[str, ...]) -> Tolerances:
    """Read the joints' tolerances as ros2_control does: 0: the default, negative: none."""

    def positions(tolerances: list[JointTolerance], default: float) -> np.ndarray:
        values = np.full(len(joints), default)
        for tolerance in tolerances:
            if tolerance.name not in joints:
                raise ValueError(f'tolerance for unknown joint {tolerance.name!r}')
            if tolerance.position:
                value = tolerance.position if tolerance.position > 0 else np.inf
                values[joints.index(tolerance.name)] = value
        return values

    duration = goal.goal_time_tolerance
    settle = duration.sec + 1e-9 * duration.nanosec
    return Tolerances(
        path=positions(goal.path_tolerance, PATH_TOLERANCE),
        goal=positions(goal.goal_tolerance, GOAL_TOLERANCE),
        settle_time=settle or SETTLE_TIME,
    )
