"""The arm as MoveIt offers it within this process, by its Python binding moveit_py.

Lines are solved here, step by step: moveit_py has no Cartesian interpolator, and Pilz' LIN stops
at every corner. Motions go to the controller by an action of our own: `MoveItPy.execute` returns
only at their end, and a `stop_execution` between its call and its first motion is lost.

moveit_py keeps the interpreter's lock while it plans a free motion, so that a stop that comes then
waits for the plan's end, at most planning_time_s; nothing moves meanwhile.
"""

from collections.abc import Mapping
import copy
import math
from tempfile import NamedTemporaryFile

from moveit.core.planning_interface import MotionPlanResponse
from moveit.core.planning_scene import PlanningScene
from moveit.core.robot_model import RobotModel
from moveit.core.robot_state import RobotState
from moveit.core.robot_trajectory import RobotTrajectory
from moveit.planning import (
    MoveItPy,
    PlanningComponent,
    PlanningSceneMonitor,
    PlanRequestParameters,
)
from moveit.utils import get_launch_params_filepaths
from moveit_msgs.msg import PlanningScene as PlanningSceneMsg
from moveit_msgs.msg import RobotState as RobotStateMsg
from moveit_msgs.msg import RobotTrajectory as RobotTrajectoryMsg
import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectoryPoint
from vla_r1_core.errors import MotionError, OutcomeCode

from vla_r1_planner.arm_node import raise_on_failure
from vla_r1_planner.calls_node import Calls
from vla_r1_planner.config import PlannerConfig
from vla_r1_planner.controller_node import ControllerArm
from vla_r1_planner.convert import pose_goal, pose_msg
from vla_r1_planner.guard_node import Guard
from vla_r1_planner.line import followed, stepped
from vla_r1_planner.motion import Held, Segment
from vla_r1_planner.scene_node import SceneInput

Array = NDArray[np.float64]

NAME = 'moveit_py'  # of MoveIt's node, whose parameters say which robot and pipelines there are


class MoveItPyArm(ControllerArm):
    """`motion.Arm` by way of moveit_py and the arm's controller."""

    def __init__(
        self,
        node: Node,
        calls: Calls,
        config: PlannerConfig,
        scene: SceneInput,
        guard: Guard,
    ) -> None:
        """Start MoveIt.

        Raises:
            MotionError: MOVE_GROUP_UNAVAILABLE when its parameters are not complete.
        """
        super().__init__(node, calls, config, scene, guard)
        self._moveit = _start(node)
        self._monitor: PlanningSceneMonitor = self._moveit.get_planning_scene_monitor()
        self._request = request = PlanRequestParameters(self._moveit, '')
        request.planning_pipeline = config.planning_pipeline or request.planning_pipeline
        request.planner_id = config.planner_id or request.planner_id
        request.planning_attempts = 1
        request.planning_time = config.planning_time_s
        request.max_velocity_scaling_factor = config.velocity_scaling
        request.max_acceleration_scaling_factor = config.acceleration_scaling
        group = config.arm_group
        model: RobotModel = self._moveit.get_robot_model()
        if not request.planning_pipeline or not model.has_joint_model_group(group):
            raise MotionError(
                OutcomeCode.MOVE_GROUP_UNAVAILABLE,
                f'{NAME} knows the groups {", ".join(model.joint_model_group_names)} and the '
                f'pipeline {request.planning_pipeline!r}; set arm_group and planning_pipeline',
            )
        self._joints = model.get_joint_model_group(group).active_joint_model_names

    def close(self) -> None:
        """Take MoveIt's node down."""
        self._moveit.shutdown()

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
        self._stop.check()
        start = self._present_state(opening_m)
        component: PlanningComponent = self._moveit.get_planning_component(c.arm_group)
        component.set_start_state(robot_state=start)
        component.set_goal_state(motion_plan_constraints=[goal])
        response: MotionPlanResponse = component.plan(single_plan_parameters=self._request)
        self._stop.check()
        raise_on_failure(response.error_code)
        trajectory = response.trajectory.get_robot_trajectory_msg()
        ends = np.array([self._scene.tool_pose(), T_base_tcp])
        return self._segment(_state_msg(start), trajectory, ends, response.planning_time)

    def plan_line(self, tool_poses: Array, start: Segment, held: Held | None = None) -> Segment:
        """See motion.Arm."""
        c = self._config
        before = self._scene.wall_s()
        scene = self._scene_copy()
        state: RobotState = copy.copy(scene.current_state)
        joints = start.end.joint_state
        state.joint_positions = dict(zip(joints.name, joints.position, strict=True))
        state.update()
        scene.current_state = state
        if held is not None:
            scene.process_attached_collision_object(self._attached(held))
        state = copy.copy(scene.current_state)  # with what is held
        begin = copy.copy(state)
        T_model_base = scene.get_frame_transform(c.planning_frame)

        def solve(pose: Array) -> Array | None:
            self._stop.check()
            if not state.set_from_ik(c.arm_group, pose_msg(T_model_base @ pose), c.tip_link):
                return None
            state.update()
            if scene.is_state_colliding(state, c.arm_group):
                return None
            return self._positions(state)

        poses = stepped(tool_poses, c.cartesian_step_m)
        way, fraction = followed(poses, self._positions(begin), solve)
        self._check_line(fraction)
        trajectory = self._timed(begin, way)
        took_s = self._scene.wall_s() - before
        return self._segment(_state_msg(begin), trajectory, tool_poses, took_s)

    def _timed(self, begin: RobotState, way: Array) -> RobotTrajectoryMsg:
        """Return the joints' way (K, J) [rad or m] as a trajectory within the limits."""
        scaling = self._config.straight_scaling
        message = RobotTrajectoryMsg()
        message.joint_trajectory.joint_names = self._joints
        message.joint_trajectory.points = [
            JointTrajectoryPoint(positions=positions.tolist()) for positions in way
        ]
        trajectory = RobotTrajectory(self._moveit.get_robot_model())
        trajectory.joint_model_group_name = self._config.arm_group
        trajectory.set_robot_trajectory_msg(begin, message)
        if not trajectory.apply_totg_time_parameterization(scaling, scaling):
            raise MotionError(
                OutcomeCode.PLANNING_FAILED,
                'MoveIt cannot time the straight path; give every joint of the arm velocity and '
                'acceleration limits in joint_limits.yaml',
            )
        return trajectory.get_robot_trajectory_msg()

    def _present(self) -> PlanningSceneMsg:
        return self._scene_copy().planning_scene_message

    def _change_scene(self, scene: PlanningSceneMsg) -> None:
        self._monitor.update_frame_transforms()
        if not self._monitor.new_planning_scene_message(scene):
            raise MotionError(
                OutcomeCode.PLANNING_FAILED,
                'MoveIt refused the planning scene; does it know the frame '
                f'{self._config.planning_frame!r}? See the log',
            )

    def _scene_copy(self) -> PlanningScene:
        """Return a copy of the planning scene, free to be changed."""
        with self._monitor.read_only() as scene:
            return copy.copy(scene)

    def _present_state(self, opening_m: float | None) -> RobotState:
        """Return the present state, but with the gripper as open as it will be by then.

        The joints are those that the guard compares the plan with; MoveIt's own state lags.
        """
        state: RobotState = copy.copy(self._scene_copy().current_state)
        names = list(state.joint_positions)
        state.joint_positions = _finite(names, self._scene.joint_positions(names))
        joint = self._config.gripper_joint
        if opening_m is not None and joint:  # afterwards, so that mimic joints go with it
            state.joint_positions = {joint: opening_m * self._config.gripper_joint_scale}
        state.update()
        return state

    def _positions(self, state: RobotState) -> Array:
        positions = state.joint_positions
        return np.array([positions[name] for name in self._joints])


def _start(node: Node) -> MoveItPy:
    """Start MoveIt's node with the parameter files of this process and the clock of our node."""
    clock = str(node.get_parameter('use_sim_time').value).lower()
    with NamedTemporaryFile('w', suffix='.yaml') as file:
        file.write(f'/**: {{ros__parameters: {{use_sim_time: {clock}}}}}\n')
        file.flush()
        try:
            return MoveItPy(
                node_name=NAME,
                name_space=node.get_namespace(),
                launch_params_filepaths=[*get_launch_params_filepaths(), file.name],
            )
        except RuntimeError as error:
            raise MotionError(
                OutcomeCode.MOVE_GROUP_UNAVAILABLE,
                f'{NAME} does not start: {error}; params_file needs a section /**/{NAME} with '
                'the robot, kinematics, joint limits and planning pipelines',
            ) from error


def _finite(names: list[str], positions: Array) -> Mapping[str, float]:
    pairs = zip(names, positions, strict=True)
    return {name: float(value) for name, value in pairs if math.isfinite(value)}


def _state_msg(state: RobotState) -> RobotStateMsg:
    """Return where every joint of a MoveIt state stands."""
    joints = state.joint_positions
    return RobotStateMsg(
        is_diff=True,
        joint_state=JointState(name=list(joints), position=list(joints.values())),
    )
