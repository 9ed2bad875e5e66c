"""The arm as MoveIt and a GripperCommand controller offer it; speaks to any move_group."""

from collections.abc import Mapping
import copy
import math
from typing import Any

from control_msgs.action import GripperCommand
from moveit_msgs.action import ExecuteTrajectory, MoveGroup
from moveit_msgs.msg import (
    AttachedCollisionObject,
    MotionPlanRequest,
    PlanningOptions,
    PlanningScene,
    PlanningSceneComponents,
    RobotState,
    RobotTrajectory,
)
from moveit_msgs.srv import ApplyPlanningScene, GetCartesianPath, GetPlanningScene
import numpy as np
from numpy.typing import NDArray
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import Header
from vla_r1_core.errors import MotionError, OutcomeCode

from vla_r1_planner.calls_node import call_action, call_service, GoalClient
from vla_r1_planner.config import PlannerConfig
from vla_r1_planner.convert import (
    attached_cuboid,
    collision_cuboid,
    moveit_failure,
    pose_goal,
    pose_msg,
    removal,
)
from vla_r1_planner.footprint import Footprint
from vla_r1_planner.guard_node import Guard
from vla_r1_planner.motion import Held, Segment
from vla_r1_planner.requests import Stop
from vla_r1_planner.scene_node import SceneInput

Array = NDArray[np.float64]

PREFIX = 'vla_r1_'  # of our objects in the planning scene
HELD = PREFIX + 'held'
PRESENT = PlanningSceneComponents(
    components=PlanningSceneComponents.WORLD_OBJECT_NAMES
    | PlanningSceneComponents.ROBOT_STATE_ATTACHED_OBJECTS
)


class MoveItArm:
    """`motion.Arm` by way of move_group and the gripper's controller.

    One request at a time: `begin` takes the Stop that interrupts every call of that request.
    """

    def __init__(self, node: Node, config: PlannerConfig, scene: SceneInput, guard: Guard) -> None:
        self._config = config
        self._scene = scene
        self._guard = guard
        self._stop = Stop()
        group = ReentrantCallbackGroup()

        def client(kind: Any, name: str) -> GoalClient:
            return GoalClient(node, kind, name, callback_group=group)

        self._move = client(MoveGroup, 'move_action')
        self._execute = client(ExecuteTrajectory, 'execute_trajectory')
        self._gripper = client(GripperCommand, config.gripper_action)
        self._cartesian = node.create_client(
            GetCartesianPath, 'compute_cartesian_path', callback_group=group
        )
        self._apply = node.create_client(
            ApplyPlanningScene, 'apply_planning_scene', callback_group=group
        )
        self._get = node.create_client(
            GetPlanningScene, 'get_planning_scene', callback_group=group
        )

    def begin(self, stop: Stop) -> None:
        """Serve a new request."""
        self._stop = stop

    def set_scene(self, cuboids: Mapping[str, Footprint]) -> None:
        """Make these cuboids, by name, all that we put into the planning scene."""
        frame = self._config.planning_frame
        wanted = {PREFIX + name: cuboid for name, cuboid in cuboids.items()}
        # Asked, not remembered: a planner before this one may have left something there.
        there = {item.id for item in self._present().world.collision_objects}
        gone = {name for name in there if name.startswith(PREFIX)} - wanted.keys()
        scene = PlanningScene(is_diff=True)
        scene.robot_state.is_diff = True
        scene.world.collision_objects = [removal(frame, name) for name in gone] + [
            collision_cuboid(frame, name, cuboid) for name, cuboid in wanted.items()
        ]
        self._change_scene(scene)

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
        )
        _raise_on_failure(result.error_code)
        ends = np.array([self._scene.tool_pose(), T_base_tcp])
        return Segment(
            self._tool_way(result.planned_trajectory, ends),
            _end_state(result.trajectory_start, result.planned_trajectory),
            result.planned_trajectory,
            result.planning_time,
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
        _raise_on_failure(response.error_code)
        if response.fraction < c.min_cartesian_fraction:
            raise MotionError(
                OutcomeCode.CARTESIAN_INCOMPLETE,
                f'only {response.fraction:.0%} of the straight path is free and reachable; '
                'make room around the object or move it closer',
            )
        return Segment(
            self._tool_way(response.solution, tool_poses),
            _end_state(response.start_state, response.solution),
            response.solution,
            self._scene.wall_s() - before,
        )

    def execute(self, segment: Segment) -> None:
        """See motion.Arm."""
        goal = ExecuteTrajectory.Goal(trajectory=segment.trajectory)
        timeout_s = self._config.execution_timeout_s
        with self._guard.along(segment.trajectory.joint_trajectory):
            result = self._action(self._execute, 'execute_trajectory', goal, timeout_s)
        _raise_on_failure(result.error_code, executing=True)

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

    def hold(self, held: Held) -> None:
        """See motion.Arm."""
        self._attach(self._attached(held))

    def let_go(self) -> None:
        """See motion.Arm."""
        attached = self._present().robot_state.attached_collision_objects
        if HELD not in {item.object.id for item in attached}:
            return
        # It stays in the scene where it was let go, until the next look at it.
        body = removal(self._config.tip_link, HELD)
        self._attach(AttachedCollisionObject(link_name=self._config.tip_link, object=body))

    def _attached(self, held: Held) -> AttachedCollisionObject:
        c = self._config
        return attached_cuboid(c.tip_link, HELD, held, c.gripper_links.split())

    def _attach(self, body: AttachedCollisionObject) -> None:
        scene = PlanningScene(is_diff=True)
        scene.robot_state.is_diff = True
        scene.robot_state.attached_collision_objects = [body]
        self._change_scene(scene)

    def _present(self) -> PlanningScene:
        """The names of all objects that move_group knows, in the world and attached."""
        request = GetPlanningScene.Request(components=PRESENT)
        return self._service(self._get, request).scene

    def _change_scene(self, scene: PlanningScene) -> None:
        if not self._service(self._apply, ApplyPlanningScene.Request(scene=scene)).success:
            raise MotionError(
                OutcomeCode.PLANNING_FAILED, 'move_group refused the planning scene; see its log'
            )

    def gripper_opening(self) -> float | None:
        """See motion.Arm."""
        position = self._scene.joint_position(self._config.gripper_joint)
        return None if position is None else position / self._config.gripper_joint_scale

    def _tool_way(self, trajectory: RobotTrajectory, ends: Array) -> Array:
        """The tool's poses (N, 4, 4) along a trajectory; its ends if no URDF is known."""
        way = trajectory.joint_trajectory
        if self._scene.chain is None or not way.points:
            return ends
        positions = np.array([point.positions for point in way.points])
        return self._scene.chain.tool_poses(way.joint_names, positions)

    def _start_state(self, opening_m: float | None) -> RobotState:
        """The present state, but with the gripper as open as it will be by then."""
        state = RobotState(is_diff=True)
        if opening_m is not None and self._config.gripper_joint:
            position = opening_m * self._config.gripper_joint_scale
            state.joint_state = JointState(name=[self._config.gripper_joint], position=[position])
        return state

    def _service(self, client: Any, request: Any, extra_s: float = 0.0) -> Any:
        return call_service(
            client,
            request,
            timeout_s=self._config.server_timeout_s + extra_s,
            code=OutcomeCode.MOVE_GROUP_UNAVAILABLE,
            stop=self._stop,
        )

    def _action(
        self,
        client: GoalClient,
        name: str,
        goal: Any,
        timeout_s: float,
        code: OutcomeCode = OutcomeCode.MOVE_GROUP_UNAVAILABLE,
    ) -> Any:
        return call_action(
            client,
            name,
            goal,
            accept_timeout_s=self._config.server_timeout_s,
            timeout_s=timeout_s,
            code=code,
            stop=self._stop,
        )


def _raise_on_failure(code: Any, *, executing: bool = False) -> None:
    failure = moveit_failure(code, executing=executing)
    if failure is not None:
        raise MotionError(*failure)


def _end_state(start: RobotState, trajectory: Any) -> RobotState:
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
