"""What all capabilities of the node share: robot, scene, joint state, transforms."""

from collections.abc import Mapping
import random
import threading

from moveit_msgs.msg import PlanningScene, RobotState
import rclpy
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.executors import ExternalShutdownException, ShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.time import Time
from sensor_msgs.msg import JointState as JointStateMsg
from tf2_ros import Buffer, TransformException, TransformListener

from moveit_ros_move_group.convert import Frames, link_frames
from moveit_ros_move_group.convert_scene import apply_scene, initial_world
from moveit_ros_move_group.errors import Code, MoveItError
from moveit_ros_move_group.joint_state import JointState
from moveit_ros_move_group.parameters import read_parameters
from moveit_ros_move_group.robot import parse_robot
from moveit_ros_move_group.scene_monitor import SceneMonitor
from moveit_ros_move_group.transforms import make_pose, Matrix
from moveit_ros_move_group.world import World


class Context:
    """The state behind the actions and services.

    Attributes:
        node: to make servers on.
        callbacks: the group for them; all may run at the same time.
        parameters: of the node.
        robot: as described.
        lock: hold it while planning in `scene` or changing it; roboplan is not thread-safe.
        scene: the planning scene.
        state: the joints' current positions.
    """

    def __init__(self, node: Node) -> None:
        """Read the parameters and listen to `joint_states` and TF."""
        self.node = node
        self.callbacks = ReentrantCallbackGroup()
        self.parameters = p = read_parameters(node)
        self.robot = parse_robot(p.urdf, p.srdf, p.acceleration, p.velocity)
        self.lock = threading.Lock()
        self.scene = SceneMonitor(self.robot, initial_world(self.robot), clearance=p.clearance)
        self.state = JointState(lambda: float(node.get_clock().now().nanoseconds) * 1e-9)
        self._buffer = Buffer()
        self._inputs = inputs = _input_node(node)
        topic = node.resolve_topic_name('joint_states')
        inputs.create_subscription(JointStateMsg, topic, self._on_joint_state, 10)
        self._listener = TransformListener(self._buffer, inputs)
        threading.Thread(target=_spin, args=(inputs,), name='inputs').start()

    def frames(self, world: World, positions: Mapping[str, float]) -> Frames:
        """Return how to find a frame's pose: links, objects of the world, then TF."""
        robot = self.scene.kinematics
        return link_frames(robot, world, robot.configuration(positions), self._transform)

    def world_at(self, start: RobotState, positions: Mapping[str, float]) -> World:
        """Return the world of a request whose start state may hold objects of its own.

        As in MoveIt these count for the request only, beside those that the scene knows.
        """
        if not start.attached_collision_objects:
            return self.scene.world
        attached = PlanningScene(robot_state=start)
        frames = self.frames(self.scene.world, positions)
        return apply_scene(self.scene.world, attached, self.robot, frames, diff=True)

    def seed(self) -> int:
        """Return the seed for one request."""
        seed = self.parameters.seed
        return seed if seed >= 0 else random.randrange(2**31)

    def _on_joint_state(self, message: JointStateMsg) -> None:
        stamp = message.header.stamp
        self.state.update(message.name, message.position, stamp.sec + stamp.nanosec * 1e-9)

    def _transform(self, frame: str) -> Matrix:
        try:
            found = self._buffer.lookup_transform(self.robot.root, frame, Time()).transform
        except TransformException as error:
            raise MoveItError(
                Code.FRAME_TRANSFORM_FAILURE,
                f"No transform from '{frame}' to '{self.robot.root}': {error}",
            ) from error
        t, q = found.translation, found.rotation
        return make_pose((t.x, t.y, t.z), (q.x, q.y, q.z, q.w))


def _input_node(owner: Node) -> Node:
    """Return a hidden node for joint states and TF.

    Of its own, because rclpy builds its wait set anew for every message, from all that a node has.
    """
    tf = [f'{name}:={owner.resolve_topic_name(name)}' for name in ('/tf', '/tf_static')]
    return rclpy.create_node(
        f'_{owner.get_name()}_inputs',
        namespace=owner.get_namespace(),
        cli_args=['--ros-args', *(word for rule in tf for word in ('-r', rule))],
        use_global_arguments=False,
        enable_rosout=False,
        start_parameter_services=False,
    )


def _spin(node: Node) -> None:
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    # As in `main`: so that a silent robot does not keep this thread from ending.
    node.create_timer(1.0, lambda: None, clock=Clock(clock_type=ClockType.STEADY_TIME))
    try:
        executor.spin()
    except (ExternalShutdownException, ShutdownException):
        pass
    except RuntimeError:  # rclpy's RCLError: the shutdown came while a wait was being set up
        if rclpy.ok():
            raise
