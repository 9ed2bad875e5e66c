"""The publishers of the sim node: robot state, and pictures from a thread of their own."""

from collections.abc import Callable
from dataclasses import dataclass
import queue
import threading

from geometry_msgs.msg import TransformStamped
import mujoco
import numpy as np
from rclpy._rclpy_pybind11 import RCLError
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image, JointState
from std_msgs.msg import Header, String
from tf2_msgs.msg import TFMessage
from tf2_ros import TransformBroadcaster
from visualization_msgs.msg import MarkerArray

from vla_r1_msgs.msg import Reasoning
from vla_r1_sim.camera import BASE_FRAME, Camera, DepthNoise, mounting
from vla_r1_sim.config import SimConfig
from vla_r1_sim.convert import (
    rotation_to_wxyz,
    to_camera_info,
    to_image,
    to_object_markers,
    to_stamp,
    to_transform,
    to_true_answers,
)
from vla_r1_sim.description import robot_description, robot_description_semantic
from vla_r1_sim.faults import break_depth
from vla_r1_sim.simulation import Simulation
from vla_r1_sim.truth import truth
from vla_r1_sim.world import World

CAMERA_FRAME = 'camera_link'
OPTICAL_FRAME = 'camera_color_optical_frame'
_OLD_NS = 10_000_000

_OPTICAL_IN_CAMERA = np.array([[0, 0, 1], [-1, 0, 0], [0, -1, 0]])
"""REP-103: the camera's x is the optical z, its y the optical -x, its z the optical -y."""


def start_thread(node: Node, name: str, work: Callable[[], None]) -> threading.Thread:
    """Run `work` in a thread whose failure takes the node down instead of leaving it half dead."""

    def guarded() -> None:
        done = False
        try:
            work()
            done = True
        except RCLError:
            done = not node.context.ok()  # shut down between two publications
            if not done:
                raise
        finally:
            if not done:
                node.get_logger().fatal(f'the {name} thread failed')
                node.context.try_shutdown()

    thread = threading.Thread(target=guarded, name=name, daemon=True)
    thread.start()
    return thread


class StatePublisher:
    """Clock, joint states, transforms of all links, truth about the objects, descriptions."""

    def __init__(self, node: Node, simulation: Simulation) -> None:
        self._simulation = simulation
        self._clock = node.create_publisher(Clock, '/clock', 10)
        self._joints = node.create_publisher(JointState, 'joint_states', 10)
        self._objects = node.create_publisher(MarkerArray, 'sim/objects', 5)
        self._tf = TransformBroadcaster(node)
        # tf2's static broadcaster keeps a frame's first place; each scene has a camera of its own.
        self._static_tf = node.create_publisher(
            TFMessage,
            '/tf_static',
            QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL),
        )
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        robot = simulation.world.robot
        for topic, text in (
            ('robot_description', robot_description(robot)),
            ('robot_description_semantic', robot_description_semantic(robot)),
        ):
            node.create_publisher(String, topic, latched).publish(String(data=text))

    def clock(self) -> None:
        """Publish the time."""
        self._clock.publish(Clock(clock=to_stamp(self._simulation.time_ns)))

    def joint_states(self) -> None:
        """Publish the joints' state."""
        state = self._simulation.world.joint_state()
        message = JointState(
            name=state.names,
            position=state.position.tolist(),
            velocity=state.velocity.tolist(),
            effort=state.effort.tolist(),
        )
        message.header.stamp = to_stamp(self._simulation.time_ns)
        self._joints.publish(message)

    def transforms(self) -> None:
        """Publish every link in its parent link."""
        world, stamp = self._simulation.world, to_stamp(self._simulation.time_ns)
        self._tf.sendTransform(
            [
                to_transform(
                    Header(stamp=stamp, frame_id=link.parent), link.child, link.position, link.wxyz
                )
                for link in world.link_poses()
            ]
        )

    def objects(self) -> None:
        """Publish the objects as they are."""
        header = Header(stamp=to_stamp(self._simulation.time_ns), frame_id=BASE_FRAME)
        self._objects.publish(to_object_markers(header, self._simulation.world))

    def camera_mounting(self) -> None:
        """Publish where the camera is: static, as drivers do."""
        stamp = to_stamp(self._simulation.time_ns)
        transforms = camera_transforms(self._simulation.world, stamp)
        self._static_tf.publish(TFMessage(transforms=transforms))

    def old_camera_mounting(self) -> None:
        """Publish where the camera was at the very beginning, as a stuck publisher does."""
        self._tf.sendTransform(camera_transforms(self._simulation.world, to_stamp(_OLD_NS)))


def camera_transforms(world: World, stamp: object) -> list[TransformStamped]:
    """Return the camera's link → camera_link → camera_color_optical_frame."""
    mount = mounting(world.model)
    camera = rotation_to_wxyz(mount.rotation @ _OPTICAL_IN_CAMERA.T)
    optical = rotation_to_wxyz(_OPTICAL_IN_CAMERA)
    carrier, link = (Header(stamp=stamp, frame_id=f) for f in (mount.link, CAMERA_FRAME))
    return [
        to_transform(carrier, CAMERA_FRAME, mount.translation, camera),
        to_transform(link, OPTICAL_FRAME, np.zeros(3), optical),
    ]


@dataclass(frozen=True)
class _Frame:
    """What the camera is to show: a copied state, so that the physics goes on meanwhile."""

    time_ns: int
    world: World
    data: mujoco.MjData
    fault: str
    changed: threading.Condition


class CameraPublisher:
    """Renders and publishes in a thread of its own: a GL context belongs to one thread.

    Attributes:
        dropped: frames that were due while the one before was being rendered.
    """

    def __init__(self, node: Node, config: SimConfig) -> None:
        self._logger = node.get_logger()
        self._config = config
        self._image = node.create_publisher(Image, 'image', 5)
        self._depth = node.create_publisher(Image, 'depth', 5)
        self._info = node.create_publisher(CameraInfo, 'camera_info', 5)
        self._truth = node.create_publisher(
            Reasoning,
            'sim/truth',
            QoSProfile(depth=2, durability=DurabilityPolicy.TRANSIENT_LOCAL),
        )
        self._frames: queue.Queue[_Frame | None] = queue.Queue(maxsize=1)
        self.dropped = 0
        self._thread = start_thread(node, 'camera', self._run)

    def request(self, simulation: Simulation, fault: str) -> None:
        """Have the present state rendered; drop the frame when the renderer is behind."""
        if self._frames.full():
            self.dropped += 1
            return
        with simulation.changed:
            world = simulation.world
            frame = _Frame(simulation.time_ns, world, world.snapshot(), fault, simulation.changed)
        self._frames.put(frame)

    def close(self) -> None:
        """End the thread and free its GL context."""
        while self._thread.is_alive():
            try:
                self._frames.put(None, timeout=0.1)
            except queue.Full:
                continue
            self._thread.join()

    def _run(self) -> None:
        frame = self._frames.get()
        while frame is not None:
            world = frame.world
            noise = DepthNoise(
                world.scene.seed, sigma=self._config.depth_noise, holes=self._config.depth_holes
            )
            size = (self._config.image_width, self._config.image_height)
            with Camera(world.model, *size, antialiasing=self._config.antialiasing) as camera:
                self._publish_truth(camera, frame)
                while frame is not None and frame.world is world:
                    self._publish(camera, noise, frame)
                    frame = self._frames.get()

    def _publish_truth(self, camera: Camera, frame: _Frame) -> None:
        """Publish the true answers to a scene's instruction, about its first picture."""
        scene = frame.world.scene
        if not scene.instruction or scene.wrist_camera:  # traces are stated for the table's camera
            return
        body_ids = camera.body_ids(frame.data)
        with frame.changed:
            found = truth(frame.world, body_ids)
        header = Header(stamp=to_stamp(frame.time_ns), frame_id=OPTICAL_FRAME)
        for message in to_true_answers(header, scene, found):
            self._truth.publish(message)

    def _publish(self, camera: Camera, noise: DepthNoise, frame: _Frame) -> None:
        header = Header(stamp=to_stamp(frame.time_ns), frame_id=OPTICAL_FRAME)
        encoding = self._config.depth_encoding
        rgb = camera.rgb(frame.data)
        depth = noise.apply(camera.depth(frame.data))
        if encoding == '16UC1':
            depth = np.nan_to_num(depth * 1000).round().astype(np.uint16)
        depth, encoding = break_depth(depth, encoding, frame.fault)
        if frame.fault != 'camera_info_missing':
            self._info.publish(to_camera_info(header, camera.intrinsics))
        if frame.fault != 'depth_missing':
            self._depth.publish(to_image(header, depth, encoding))
        self._image.publish(to_image(header, rgb, 'rgb8'))
