"""An arm whose trajectories go straight to its controller, without move_group in between."""

import time

from control_msgs.action import FollowJointTrajectory
from rclpy.node import Node
from trajectory_msgs.msg import JointTrajectory
from vla_r1_core.errors import MotionError, OutcomeCode

from vla_r1_planner.arm_node import GuardedArm
from vla_r1_planner.calls_node import Calls
from vla_r1_planner.config import PlannerConfig
from vla_r1_planner.guard_node import Guard
from vla_r1_planner.motion import Segment
from vla_r1_planner.requests import POLL_S
from vla_r1_planner.scene_node import SceneInput


class ControllerArm(GuardedArm):
    """The moving part of `motion.Arm` by a FollowJointTrajectory controller."""

    def __init__(
        self,
        node: Node,
        calls: Calls,
        config: PlannerConfig,
        scene: SceneInput,
        guard: Guard,
    ) -> None:
        super().__init__(node, calls, config, scene, guard)
        self._follow = calls.action(FollowJointTrajectory, config.arm_action)

    def execute(self, segment: Segment) -> None:
        """See motion.Arm."""
        way = segment.trajectory.joint_trajectory
        self._wait_at_start(way)
        result = self._drive(
            self._follow,
            self._config.arm_action,
            FollowJointTrajectory.Goal(trajectory=way),
            segment,
            OutcomeCode.EXECUTION_FAILED,
        )
        if result.error_code != FollowJointTrajectory.Result.SUCCESSFUL:
            raise MotionError(
                OutcomeCode.EXECUTION_FAILED,
                f'{self._config.arm_action} ended the motion with error {result.error_code}'
                f' ({result.error_string or "no text"}); look at its log and for contact',
            )

    def _wait_at_start(self, way: JointTrajectory) -> None:
        """Raise START_MOVED unless the arm is where a motion starts: controllers jump there.

        The joint states of a motion just ended may still be on their way.
        """
        deadline = self._scene.wall_s() + self._config.joint_states_lost_s
        while True:
            self._stop.check()
            try:
                self._guard.check_place(way)
                return
            except MotionError:
                if self._scene.wall_s() > deadline:
                    raise
            time.sleep(POLL_S)
