"""The node `move_group`: MoveIt's actions and services around the planner."""

from collections.abc import Callable
import random
import threading
import time

from moveit_msgs.action import ExecuteTrajectory, MoveGroup
from moveit_msgs.msg import MoveItErrorCodes, PlanningScene, PlanningSceneComponents
from moveit_msgs.srv import ApplyPlanningScene, GetCartesianPath, GetPlanningScene
import rclpy
from rclpy.action import ActionServer, CancelResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor
from rclpy.node import Node
from rclpy.time import Time
from sensor_msgs.msg import JointState as JointStateMsg
from tf2_ros import Buffer, TransformException, TransformListener
from trajectory_msgs.msg import JointTrajectory

from moveit_ros_move_group import cartesian, planning
from moveit_ros_move_group.collision import CollisionScene
from moveit_ros_move_group.controllers import Controllers
from moveit_ros_move_group.convert import (
    error_message,
    Frames,
    goals_of,
    link_frames,
    pose_matrix,
    refuse_path_constraints,
    scaling_of,
    start_positions,
    state_message,
    trajectory_message,
)
from moveit_ros_move_group.convert_scene import apply_scene, initial_world, scene_message
from moveit_ros_move_group.errors import Code, MoveItError
from moveit_ros_move_group.joint_state import JointState
from moveit_ros_move_group.parameters import read_parameters
from moveit_ros_move_group.robot import parse_robot
from moveit_ros_move_group.scene_monitor import SceneMonitor
from moveit_ros_move_group.stop import Stop
from moveit_ros_move_group.transforms import make_pose, Matrix

DEFAULT_PLANNING_TIME = 1.0  # [s] as MoveIt, when a request says none


class MoveGroupNode(Node):
    """Serves move_action, execute_trajectory, compute_cartesian_path and the planning scene."""

    def __init__(self) -> None:
        super().__init__('move_group', automatically_declare_parameters_from_overrides=True)
        self._parameters = p = read_parameters(self)
        self._robot = parse_robot(p.urdf, p.srdf, p.acceleration, p.velocity)
        self._planning = threading.Lock()  # roboplan's scenes are not thread-safe
        self._monitor = SceneMonitor(
            self._robot, initial_world(self._robot), clearance=p.clearance
        )
        self._state = JointState(lambda: self.get_clock().now().nanoseconds * 1e-9)
        self._motion = threading.Lock()  # one motion at a time ...
        self._moving = Stop()  # ... and this stops it
        self._stops: dict[bytes, Stop] = {}
        self._controllers = Controllers(
            self,
            p.controllers,
            duration_scaling=p.duration_scaling,
            duration_margin=p.duration_margin,
        )
        self._buffer = Buffer()
        self._listener = TransformListener(self._buffer, self)
        group = ReentrantCallbackGroup()
        self.create_subscription(
            JointStateMsg, 'joint_states', self._on_joint_state, 10, callback_group=group
        )
        self.create_subscription(
            PlanningScene, 'planning_scene', self._on_scene, 10, callback_group=group
        )
        for service, name, handler in (
            (GetCartesianPath, 'compute_cartesian_path', self._cartesian_path),
            (ApplyPlanningScene, 'apply_planning_scene', self._apply_scene),
            (GetPlanningScene, 'get_planning_scene', self._get_scene),
        ):
            self.create_service(service, name, handler, callback_group=group)
        self._servers = [
            ActionServer(
                self,
                action,
                name,
                execute,
                callback_group=group,
                handle_accepted_callback=self._accepted,
                cancel_callback=self._cancel,
            )
            for action, name, execute in (
                (MoveGroup, 'move_action', self._move),
                (ExecuteTrajectory, 'execute_trajectory', self._execute),
            )
        ]
        self.get_logger().info('You can start planning now!')

    # Goals: each has a Stop; a new motion stops the one under way.

    def _accepted(self, handle: ServerGoalHandle) -> None:
        stop = self._stops[bytes(handle.goal_id.uuid)] = Stop()
        options = getattr(handle.request, 'planning_options', None)
        if options is None or not options.plan_only:
            previous, self._moving = self._moving, stop
            previous.request()
        handle.execute()

    def _cancel(self, handle: ServerGoalHandle) -> CancelResponse:
        self._stops[bytes(handle.goal_id.uuid)].request()
        return CancelResponse.ACCEPT

    def _finish(self, handle: ServerGoalHandle, error: MoveItErrorCodes) -> None:
        if error.val == Code.SUCCESS:
            handle.succeed()
        elif handle.is_cancel_requested:
            handle.canceled()
        else:
            handle.abort()
        if error.val != Code.SUCCESS:
            self.get_logger().warning(f'{Code(error.val).name}: {error.message}')

    def _guarded(self, handle: ServerGoalHandle, work: Callable[[Stop], None]) -> MoveItErrorCodes:
        key = bytes(handle.goal_id.uuid)
        try:
            work(self._stops[key])
            return error_message(Code.SUCCESS)
        except MoveItError as error:
            return error_message(error.code, error.message)
        finally:
            del self._stops[key]

    # move_action

    def _move(self, handle: ServerGoalHandle) -> MoveGroup.Result:
        result = MoveGroup.Result()

        def work(stop: Stop) -> None:
            if handle.request.planning_options.plan_only:
                self._plan(handle, result, stop)
                return
            with self._motion:
                self._plan(handle, result, stop)
                if len(result.planned_trajectory.joint_trajectory.points) > 1:
                    handle.publish_feedback(MoveGroup.Feedback(state='MONITOR'))
                    self._run(result.planned_trajectory.joint_trajectory, [], stop)

        result.error_code = self._guarded(handle, work)
        self._finish(handle, result.error_code)
        return result

    def _plan(self, handle: ServerGoalHandle, result: MoveGroup.Result, stop: Stop) -> None:
        handle.publish_feedback(MoveGroup.Feedback(state='PLANNING'))
        request, options = handle.request.request, handle.request.planning_options
        group = self._robot.group(request.group_name)
        refuse_path_constraints(request.path_constraints)
        positions = self._state.positions(group.joints)
        if options.plan_only:  # what is executed always starts where the robot is
            positions = start_positions(request.start_state, positions)
        with self._planning:
            begun = time.monotonic()
            exact, padded = self._monitor.scenes()
            frames = self._frames(exact, positions)
            diff = options.planning_scene_diff
            diff.is_diff = True
            world = apply_scene(self._monitor.world, diff, self._robot, frames)
            exact, padded = self._monitor.scenes_of(world)
            trajectory = planning.plan(
                exact,
                padded,
                planning.Request(
                    group=group,
                    start=exact.configuration(positions),
                    goals=goals_of(
                        request.goal_constraints,
                        self._robot,
                        group,
                        positions,
                        self._frames(exact, positions),
                    ),
                    scaling=scaling_of(request),
                    seconds=request.allowed_planning_time or DEFAULT_PLANNING_TIME,
                    attempts=max(1, request.num_planning_attempts),
                ),
                seed=self._seed(),
                cancelled=stop.requested,
            )
        result.planning_time = time.monotonic() - begun
        result.trajectory_start = state_message(positions)
        result.planned_trajectory = trajectory_message(trajectory, self._robot.root)

    # execute_trajectory

    def _execute(self, handle: ServerGoalHandle) -> ExecuteTrajectory.Result:
        def work(stop: Stop) -> None:
            with self._motion:
                handle.publish_feedback(ExecuteTrajectory.Feedback(state='MONITOR'))
                request = handle.request
                self._run(request.trajectory.joint_trajectory, request.controller_names, stop)

        result = ExecuteTrajectory.Result(error_code=self._guarded(handle, work))
        self._finish(handle, result.error_code)
        return result

    def _run(self, trajectory: JointTrajectory, controllers: list[str], stop: Stop) -> None:
        names = trajectory.joint_names
        if not trajectory.points or not names:
            raise MoveItError(Code.CONTROL_FAILED, 'The trajectory is empty: plan again.')
        current = self._state.positions(names)
        tolerance = self._parameters.start_tolerance
        for name, start in zip(names, trajectory.points[0].positions, strict=True):
            if tolerance > 0.0 and abs(current[name] - start) > tolerance:
                raise MoveItError(
                    Code.CONTROL_FAILED,
                    f"The trajectory starts {abs(current[name] - start):.3f} from where '{name}' "
                    f'is, more than allowed_start_tolerance = {tolerance:g}: plan again.',
                )
        self._controllers.execute(trajectory, controllers, stop)

    # Services

    def _cartesian_path(
        self, request: GetCartesianPath.Request, response: GetCartesianPath.Response
    ) -> GetCartesianPath.Response:
        try:
            self._follow(request, response)
        except MoveItError as error:
            self.get_logger().warning(f'{error.code.name}: {error.message}')
            response.error_code = error_message(error.code, error.message)
        return response

    def _follow(
        self, request: GetCartesianPath.Request, response: GetCartesianPath.Response
    ) -> None:
        group = self._robot.group(request.group_name)
        link = self._robot.check_link(request.link_name or group.tip)
        refuse_path_constraints(request.path_constraints)
        if request.max_step <= 0.0:
            raise MoveItError(Code.FAILURE, 'max_step must be > 0 m.')
        positions = start_positions(request.start_state, self._state.positions(group.joints))
        with self._planning:
            scene, _ = self._monitor.scenes()
            frame = self._frames(scene, positions)(request.header.frame_id)
            found = cartesian.follow(
                scene,
                cartesian.CartesianRequest(
                    group=group,
                    link=link,
                    start=scene.configuration(positions),
                    waypoints=tuple(frame @ pose_matrix(pose) for pose in request.waypoints),
                    max_step=request.max_step,
                    max_jump=request.revolute_jump_threshold,
                    jump_factor=request.jump_threshold,
                    avoid_collisions=request.avoid_collisions,
                    scaling=scaling_of(request),
                ),
            )
        response.start_state = state_message(positions)
        response.solution = trajectory_message(found.trajectory, self._robot.root)
        response.fraction = found.fraction
        stopped = f'Stopped after {found.fraction:.0%} by {found.stopped_by}.'
        response.error_code = error_message(Code.SUCCESS, stopped if found.stopped_by else '')

    def _apply_scene(
        self, request: ApplyPlanningScene.Request, response: ApplyPlanningScene.Response
    ) -> ApplyPlanningScene.Response:
        response.success = self._on_scene(request.scene)
        return response

    def _on_scene(self, message: PlanningScene) -> bool:
        with self._planning:
            scene, _ = self._monitor.scenes()
            frames = self._frames(scene, self._state.known())
            try:
                self._monitor.world = apply_scene(
                    self._monitor.world, message, self._robot, frames
                )
            except MoveItError as error:
                self.get_logger().error(f'Planning scene not changed: {error.message}')
                return False
        return True

    def _get_scene(
        self, request: GetPlanningScene.Request, response: GetPlanningScene.Response
    ) -> GetPlanningScene.Response:
        bits = request.components.components
        with self._planning:
            response.scene = scene_message(self._monitor.world, self._robot, bits)
        wants_state = PlanningSceneComponents.ROBOT_STATE
        if bits == 0 or bits & (
            wants_state | PlanningSceneComponents.ROBOT_STATE_ATTACHED_OBJECTS
        ):
            joints = state_message(self._state.known()).joint_state
            response.scene.robot_state.joint_state = joints
        return response

    # Inputs

    def _on_joint_state(self, message: JointStateMsg) -> None:
        stamp = message.header.stamp
        self._state.update(message.name, message.position, stamp.sec + stamp.nanosec * 1e-9)

    def _frames(self, scene: CollisionScene, positions: dict[str, float]) -> Frames:
        return link_frames(scene, scene.configuration(positions), self._transform)

    def _transform(self, frame: str) -> Matrix:
        try:
            found = self._buffer.lookup_transform(self._robot.root, frame, Time()).transform
        except TransformException as error:
            raise MoveItError(
                Code.FRAME_TRANSFORM_FAILURE,
                f"No transform from '{frame}' to '{self._robot.root}': {error}",
            ) from error
        t, q = found.translation, found.rotation
        return make_pose((t.x, t.y, t.z), (q.x, q.y, q.z, q.w))

    def _seed(self) -> int:
        seed = self._parameters.seed
        return seed if seed >= 0 else random.randrange(2**31)


def main() -> None:
    """Spin the node until Ctrl-C or shutdown."""
    rclpy.init()
    # A waiting goal holds a thread; a cancel or a joint state must always find a free one.
    executor = MultiThreadedExecutor(num_threads=16)
    try:
        node = MoveGroupNode()
        executor.add_node(node)
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        executor.shutdown(timeout_sec=1.0)
        rclpy.try_shutdown()
