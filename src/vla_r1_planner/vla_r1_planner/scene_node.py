"""What the planner knows of the world: what its camera sees, TF, joints."""

from collections.abc import Callable, Mapping, Sequence
import math
import time

from builtin_interfaces.msg import Time as TimeMsg
import numpy as np
from numpy.typing import NDArray
from rclpy.clock import JumpThreshold
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.time import Time
from sensor_msgs.msg import JointState
from std_msgs.msg import Header, String
from tf2_ros import Buffer, ExtrapolationException, TransformException, TransformListener
from vla_r1_core.errors import GroundingError, MotionError, OutcomeCode
from vla_r1_core.executor_node import SideNode
from vla_r1_core.sensor_node import SensorSubscription

from vla_r1_planner.camera_node import Camera, Shot
from vla_r1_planner.config import PlannerConfig
from vla_r1_planner.convert import camera_from_msg, depth_from_msg, matrix_from_transform
from vla_r1_planner.depth import DepthView
from vla_r1_planner.kinematics import Chain, chain_from_urdf
from vla_r1_planner.requests import soon, Stop

Array = NDArray[np.float64]

# As tf2's buffer, which clears itself then.
JUMP_BACK = JumpThreshold(min_forward=None, min_backward=Duration(seconds=-1))


class SceneInput:
    """Subscribes to a camera, joint_states and TF, and answers at a given stamp."""

    def __init__(self, node: Node, config: PlannerConfig) -> None:
        self._node = node
        self._config = config
        self._positions: dict[str, float] = {}
        self._joint_at_s: dict[str, float] = {}  # as the camera's, on the robot's clock
        self._joints_at_s = -math.inf  # steady clock
        # A camera on the wrist needs the arm's transforms of when the picture was taken.
        kept = Duration(seconds=config.image_max_age_s + config.depth_wait_s)
        self._tf = Buffer(cache_time=kept, node=node)
        self._inputs = SideNode(node, 'inputs')
        self._listener = TransformListener(self._tf, self._inputs.node)
        self._camera = self._make_camera(config.camera)
        SensorSubscription(self._inputs.node, JointState, 'joint_states', self._on_joints)
        self._jump = node.get_clock().create_jump_callback(
            JUMP_BACK, post_callback=lambda _: self._forget()
        )

        self.on_joints: Callable[[float, Mapping[str, float], Mapping[str, float]], None] = (
            lambda *_: None
        )
        """Called at each joint state with its stamp [s], all positions known by then, and the
        efforts [N m or N] of this one."""

        self.chain: Chain | None = None
        """From planning_frame to tip_link, once the robot has described itself."""
        node.create_subscription(
            String,
            'robot_description',
            self._on_description,
            QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL),
        )
        self._inputs.start()

    def close(self) -> None:
        """Take no more messages."""
        self._jump.unregister()
        self._inputs.close()

    def use_camera(self, name: str) -> None:
        """Look through another camera from now on; what the one before saw is forgotten."""
        before, self._camera = self._camera, self._make_camera(name)
        before.close()

    def keep_depth(self) -> None:
        """Keep the depth around now until the next call: a model may think for long."""
        self._camera.keep_depth()

    def wall_s(self) -> float:
        """Return a steady time [s] for measuring durations."""
        return time.monotonic()

    def view_at(self, header: Header, stop: Stop) -> DepthView:
        """Return the depth that belongs to an image, placed in the planning frame.

        Raises:
            GroundingError: NO_CAMERA_INFO, CAMERA_MISMATCH, NO_DEPTH, STALE_DEPTH,
                UNSUPPORTED_DEPTH, DEPTH_SIZE_MISMATCH, TF_MISSING or TF_STALE.
        """
        self._check_age(self._time(header.stamp))
        return self._view(self._camera.shot_at(header, stop))

    def view_after(self, moment: Time, stop: Stop) -> DepthView:
        """Return the first view that was taken after a moment.

        Raises:
            GroundingError: NO_DEPTH when none comes in time; else as `view_at`.
        """
        return self._view(self._camera.shot_after(moment, stop))

    def _view(self, shot: Shot) -> DepthView:
        taken = self._time(shot.depth.header.stamp)
        return DepthView(
            depth_from_msg(shot.depth),
            camera_from_msg(shot.info),
            self.transform(shot.frame, taken),
        )

    def _time(self, stamp: TimeMsg) -> Time:
        return Time.from_msg(stamp, clock_type=self._node.get_clock().clock_type)

    def transform(self, frame: str, stamp: Time) -> Array:
        """Return T_base_frame (4, 4) at a stamp.

        Raises:
            GroundingError: TF_MISSING or TF_STALE.
        """
        base = self._config.planning_frame
        timeout = Duration(seconds=self._config.tf_timeout_s)
        try:
            found = self._tf.lookup_transform(base, frame, stamp, timeout)
        except ExtrapolationException as error:
            raise GroundingError(
                OutcomeCode.TF_STALE,
                f'TF from {frame} to {base} does not reach the image stamp: {error}; '
                'check the clocks and the rate of TF',
            ) from error
        except TransformException as error:
            raise GroundingError(
                OutcomeCode.TF_MISSING,
                f'no TF from {frame} to {base}: {error}; publish the camera calibration',
            ) from error
        return matrix_from_transform(found.transform)

    def tool_pose(self, stamp: TimeMsg | None = None) -> Array:
        """Return T_base_tcp (4, 4) at a stamp, or the newest one.

        Raises:
            GroundingError: TF_MISSING or TF_STALE.
        """
        clock = self._node.get_clock().clock_type
        moment = Time(clock_type=clock) if stamp is None else Time.from_msg(stamp, clock)
        return self.transform(self._config.tip_link, moment)

    def check_joint_states(self, stop: Stop) -> None:
        """Raise JOINT_STATE_STALE unless joint states arrive."""
        limit_s = self._config.joint_state_max_age_s
        if soon(lambda: time.monotonic() - self._joints_at_s < limit_s, limit_s, stop):
            return
        if self._joints_at_s == -math.inf:
            raise MotionError(
                OutcomeCode.JOINT_STATE_STALE,
                'no joint_states have arrived; start the robot driver',
            )
        raise MotionError(
            OutcomeCode.JOINT_STATE_STALE,
            f'the last joint_states came {time.monotonic() - self._joints_at_s:.1f} s ago; '
            'check the robot driver',
        )

    def joint_position(self, name: str) -> float | None:
        """Return a joint's newest position [m or rad], None when nobody reports it."""
        return self._positions.get(name)

    def joint_positions(self, names: Sequence[str]) -> Array:
        """Return the newest positions (J,) [rad or m] of joints, NaN for unknown ones."""
        return np.array([self._positions.get(name, math.nan) for name in names])

    def joint_age_s(self, names: Sequence[str]) -> float:
        """Return how long ago [s] the one of some joints came that was heard least lately."""
        heard = min(self._joint_at_s.get(name, -math.inf) for name in names)
        return self._now_s() - heard

    def depth_age_s(self) -> float:
        """Return how long ago [s] a depth image came that was newer than the one before."""
        return self._camera.age_s()

    def _make_camera(self, name: str) -> Camera:
        warn = self._node.get_logger().warning
        return Camera(self._inputs.node, name, self._config, self._now_s, warn)

    def _forget(self) -> None:
        """Forget what came before the clock jumped back; what ceases now is missed in time."""
        self._camera.forget()
        self._joint_at_s = dict.fromkeys(self._joint_at_s, self._now_s())
        self._joints_at_s = -math.inf

    def _now_s(self) -> float:
        return float(self._node.get_clock().now().nanoseconds) * 1e-9

    def _on_description(self, msg: String) -> None:
        try:
            self.chain = chain_from_urdf(
                msg.data, self._config.planning_frame, self._config.tip_link
            )
        except ValueError as error:
            self._node.get_logger().warning(f'planned_path will lack free motions: {error}')

    def _on_joints(self, msg: JointState) -> None:
        # Some drivers report arm and gripper in separate messages.
        positions = dict(zip(msg.name, map(float, msg.position), strict=False))
        self._positions = {**self._positions, **positions}
        self._joint_at_s.update(dict.fromkeys(positions, self._now_s()))
        self._joints_at_s = time.monotonic()
        stamp_s = Time.from_msg(msg.header.stamp).nanoseconds * 1e-9
        efforts = dict(zip(msg.name, map(float, msg.effort), strict=False))
        self.on_joints(stamp_s, self._positions, efforts)

    def _check_age(self, stamp: Time) -> None:
        age = (self._node.get_clock().now() - stamp).nanoseconds * 1e-9
        if age > self._config.image_max_age_s:
            raise GroundingError(
                OutcomeCode.STALE_DEPTH,
                f'the image is {age:.1f} s old and may not show the scene any more; '
                'ask again or raise image_max_age_s',
            )
