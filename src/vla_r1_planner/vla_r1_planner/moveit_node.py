"""The arm as any running move_group offers it."""

import copy
from typing import Any

from moveit_msgs.action import ExecuteTrajectory, MoveGroup
from moveit_msgs.msg import (
    MotionPlanRequest,
    PlanningOptions,
    PlanningScene,
    PlanningSceneComponents,
    RobotState,
)
from moveit_msgs.srv import ApplyPlanningScene, GetCartesianPath, GetPlanningScene
import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node
from rclpy.task import Future
from sensor_msgs.msg import JointState
from std_msgs.msg import Header
from vla_r1_core.errors import MotionError, OutcomeCode

from vla_r1_planner.arm_node import GuardedArm, raise_on_failure
from vla_r1_planner.calls_node import call_service, Calls
from vla_r1_planner.config import PlannerConfig
from vla_r1_planner.convert import (
    pose_goal,
    pose_msg,
)
from vla_r1_planner.guard_node import Guard
from vla_r1_planner.motion import Held, Segment
from vla_r1_planner.requests import Stop
from vla_r1_planner.scene_node import SceneInput

Array = NDArray[np.float64]

WHAT_IS_THERE = GetPlanningScene.Request(
    components=PlanningSceneComponents(
        components=PlanningSceneComponents.WORLD_OBJECT_NAMES
        | PlanningSceneComponents.ROBOT_STATE_ATTACHED_OBJECTS
    )
)


class MoveItArm(GuardedArm):
    """`motion.Arm` by way of move_group's actions and services."""

    def __init__(
        self,
        node: Node,
        calls: Calls,
        config: PlannerConfig,
        scene: SceneInput,
        guard: Guard,
    ) -> None:
        super().__init__(node, calls, config, scene, guard)
        self._move = calls.action(MoveGroup, 'move_action')
        self._execute = calls.action(ExecuteTrajectory, 'execute_trajectory')
        self._cartesian = calls.service(GetCartesianPath, 'compute_cartesian_path')
        self._apply = calls.service(ApplyPlanningScene, 'apply_planning_scene')
        self._get = calls.service(GetPlanningScene, 'get_planning_scene')
        self._asked: Future | None = None

    def begin(self, stop: Stop) -> None:
        """Serve a new request; what the scene holds is asked for while the model thinks."""
        super().begin(stop)
        if self._asked is not None:
            self._get.remove_pending_request(self._asked)
        ready = self._get.service_is_ready()
        self._asked = self._get.call_async(WHAT_IS_THERE) if ready else None

    def plan_pose(self, T_base_tcp: Array, *, opening_m: float | None = None) -> Segment:
        """See motion.Arm."""
        c = self._config
        goal = pose_goal(
            c.planning_frame,
            c.tip_link,
            T_base_tcp,
            c.position_tolerance_m,
            c.orientation_tolerance_rad,
        )
        request = MotionPlanRequest(
            start_state=self._start_state(opening_m),
            goal_constraints=[goal],
            pipeline_id=c.planning_pipeline,
            planner_id=c.planner_id,
            group_name=c.arm_group,
            num_planning_attempts=1,
            allowed_planning_time=c.planning_time_s,
            max_velocity_scaling_factor=c.velocity_scaling,
            max_acceleration_scaling_factor=c.acceleration_scaling,
        )
        request.workspace_parameters.header.frame_id = c.planning_frame
        result = self._action(
            self._move,
            'move_action',
            MoveGroup.Goal(request=request, planning_options=PlanningOptions(plan_only=True)),
            c.planning_time_s + c.server_timeout_s,
            OutcomeCode.MOVE_GROUP_UNAVAILABLE,
            moves=False,
        )
        raise_on_failure(result.error_code)
        ends = np.array([self._scene.tool_pose(), T_base_tcp])
        return self._segment(
            result.trajectory_start, result.planned_trajectory, ends, result.planning_time
        )

    def plan_line(self, tool_poses: Array, start: Segment, held: Held | None = None) -> Segment:
        """See motion.Arm."""
        c = self._config
        begin = copy.deepcopy(start.end)
        begin.attached_collision_objects = [] if held is None else [self._attached(held)]
        request = GetCartesianPath.Request(
            header=Header(frame_id=c.planning_frame),
            start_state=begin,
            group_name=c.arm_group,
            link_name=c.tip_link,
            waypoints=[pose_msg(pose) for pose in tool_poses[1:]],
            max_step=c.cartesian_step_m,
            avoid_collisions=True,
            max_velocity_scaling_factor=c.straight_scaling,
            max_acceleration_scaling_factor=c.straight_scaling,
        )
        before = self._scene.wall_s()
        response = self._service(self._cartesian, request, c.planning_time_s)
        raise_on_failure(response.error_code)
        self._check_line(response.fraction)
        took_s = self._scene.wall_s() - before
        return self._segment(response.start_state, response.solution, tool_poses, took_s)

    def execute(self, segment: Segment) -> None:
        """See motion.Arm."""
        goal = ExecuteTrajectory.Goal(trajectory=segment.trajectory)
        code = OutcomeCode.MOVE_GROUP_UNAVAILABLE
        result = self._drive(self._execute, 'execute_trajectory', goal, segment, code)
        raise_on_failure(result.error_code, executing=True)

    def _present(self) -> PlanningScene:
        """The names of all objects that move_group knows, in the world and attached."""
        asked, self._asked = self._asked, None
        return self._service(self._get, WHAT_IS_THERE, sent=asked).scene

    def _change_scene(self, scene: PlanningScene) -> None:
        if not self._service(self._apply, ApplyPlanningScene.Request(scene=scene)).success:
            raise MotionError(
                OutcomeCode.PLANNING_FAILED, 'move_group refused the planning scene; see its log'
            )

    def _start_state(self, opening_m: float | None) -> RobotState:
        """The present state, but with the gripper as open as it will be by then."""
        state = RobotState(is_diff=True)
        if opening_m is not None and self._config.gripper_joint:
            position = opening_m * self._config.gripper_joint_scale
            state.joint_state = JointState(name=[self._config.gripper_joint], position=[position])
        return state

    def _service(
        self, client: Any, request: Any, extra_s: float = 0.0, sent: Future | None = None
    ) -> Any:
        return call_service(
            client,
            request,
            sent=sent,
            timeout_s=self._config.server_timeout_s + extra_s,
            code=OutcomeCode.MOVE_GROUP_UNAVAILABLE,
            stop=self._stop,
        )
