"""What the planner sees of the world: depth and camera model at an image's stamp, TF, joints."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
import math
import time

from builtin_interfaces.msg import Time as TimeMsg
import numpy as np
from numpy.typing import NDArray
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo, Image, JointState
from std_msgs.msg import Header, String
from tf2_ros import Buffer, ExtrapolationException, TransformException, TransformListener
from vla_r1_core.errors import GroundingError, MotionError, OutcomeCode
from vla_r1_core.geometry import CameraModel
from vla_r1_core.ros import SideNode, subscribe_camera

from vla_r1_planner.config import PlannerConfig
from vla_r1_planner.convert import camera_from_msg, depth_from_msg, matrix_from_transform
from vla_r1_planner.depth import DepthView
from vla_r1_planner.kinematics import Chain, chain_from_urdf
from vla_r1_planner.requests import Stop

Array = NDArray[np.float64]

POLL_S = 0.01
KEPT_FRAMES = 30  # around a question: half of them from before it


class SceneInput:
    """Subscribes to depth, camera_info, joint_states and TF, and answers at a given stamp."""

    def __init__(self, node: Node, config: PlannerConfig) -> None:
        self._node = node
        self._config = config
        self._depth: deque[Image] = deque(maxlen=config.depth_buffer)
        self._kept: list[Image] = []
        self._info: CameraInfo | None = None
        # On the robot's clock: while a simulation stands still, nothing gets old.
        self._depth_at_s = -math.inf
        self._positions: dict[str, float] = {}
        self._joint_at_s: dict[str, float] = {}
        self._joints_at_s = -math.inf  # steady clock
        self._unmatched = 0
        # A camera on the wrist needs the arm's transforms of when the picture was taken.
        kept = Duration(seconds=config.image_max_age_s + config.depth_wait_s)
        self._tf = Buffer(cache_time=kept, node=node)
        self._inputs = SideNode(node, 'inputs')
        self._listener = TransformListener(self._tf, self._inputs.node)
        for kind, topic, callback in (
            (Image, 'depth', self._on_depth),
            (CameraInfo, 'camera_info', self._on_info),
            (JointState, 'joint_states', self._on_joints),
        ):
            subscribe_camera(self._inputs.node, kind, topic, callback)

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
        self._inputs.close()

    def keep_depth(self) -> None:
        """Keep the depth around now until the next call: a model may think for long."""
        self._kept = list(self._depth)[-KEPT_FRAMES // 2 :]

    def wall_s(self) -> float:
        """Return a steady time [s] for measuring durations."""
        return time.monotonic()

    def view_at(self, header: Header, stop: Stop) -> DepthView:
        """Return the depth that belongs to an image, placed in the planning frame.

        Raises:
            GroundingError: NO_CAMERA_INFO, NO_DEPTH, STALE_DEPTH, UNSUPPORTED_DEPTH,
                DEPTH_SIZE_MISMATCH, TF_MISSING or TF_STALE.
        """
        if not self._soon(lambda: self._info is not None, self._config.depth_wait_s, stop):
            raise GroundingError(
                OutcomeCode.NO_CAMERA_INFO,
                'no camera_info has arrived; remap `camera_info` to that of the colour camera',
            )
        camera = camera_from_msg(self._info)
        stamp = Time.from_msg(header.stamp, clock_type=self._node.get_clock().clock_type)
        self._check_age(stamp)
        image = self._depth_at(stamp, stop)
        return self._view(image, camera, header.frame_id or self._info.header.frame_id)

    def view_after(self, moment: Time, stop: Stop) -> DepthView:
        """Return the first view that was taken after a moment.

        Raises:
            GroundingError: NO_DEPTH when none comes in time; else as `view_at`.
        """
        limit_s = self._config.verify_wait_s
        fresh = self._soon(lambda: self._newest_ns() > moment.nanoseconds, limit_s, stop)
        if not fresh:
            raise GroundingError(
                OutcomeCode.NO_DEPTH,
                f'no picture came within {limit_s:g} s; check the camera or raise verify_wait_s',
            )
        image = next(f for f in list(self._depth) if _nanoseconds(f) > moment.nanoseconds)
        return self._view(image, camera_from_msg(self._info), self._info.header.frame_id)

    def _newest_ns(self) -> int:
        return _nanoseconds(self._depth[-1]) if self._depth else 0

    def _view(self, image: Image, camera: CameraModel, frame: str) -> DepthView:
        clock = self._node.get_clock().clock_type
        taken = Time.from_msg(image.header.stamp, clock_type=clock)
        return DepthView(depth_from_msg(image), camera, self.transform(frame, taken))

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
        if self._soon(lambda: time.monotonic() - self._joints_at_s < limit_s, limit_s, stop):
            return
        if not self._positions:
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
        return self._now_s() - self._depth_at_s

    def _now_s(self) -> float:
        return float(self._node.get_clock().now().nanoseconds) * 1e-9

    def _soon(self, ready: Callable[[], bool], timeout_s: float, stop: Stop) -> bool:
        """Wait a little: right after the start, topics may still be on their way."""
        deadline = time.monotonic() + timeout_s
        while not ready():
            stop.check()
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_S)
        return True

    def _on_depth(self, msg: Image) -> None:
        if _nanoseconds(msg) != self._newest_ns():  # some drivers repeat a frozen picture
            self._depth_at_s = self._now_s()
        self._depth.append(msg)
        if len(self._kept) < KEPT_FRAMES:
            self._kept.append(msg)

    def _on_description(self, msg: String) -> None:
        try:
            self.chain = chain_from_urdf(
                msg.data, self._config.planning_frame, self._config.tip_link
            )
        except ValueError as error:
            self._node.get_logger().warning(f'planned_path will lack free motions: {error}')

    def _on_info(self, msg: CameraInfo) -> None:
        self._info = msg

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

    def _depth_at(self, stamp: Time, stop: Stop) -> Image:
        """Return the depth image of a stamp, or the closest one when that was lost on its way.

        It may arrive a little after the answer; once a later one is there it comes no more.
        """
        wanted = stamp.nanoseconds
        self._soon(
            lambda: any(_nanoseconds(frame) >= wanted for frame in list(self._depth)),
            self._config.depth_wait_s,
            stop,
        )
        frames = [*self._kept, *self._depth]
        gaps = [abs(_nanoseconds(frame) - wanted) for frame in frames]
        if not frames:
            raise GroundingError(
                OutcomeCode.NO_DEPTH,
                'no depth image has arrived; remap `depth` to the depth aligned to colour',
            )
        closest = int(np.argmin(gaps))
        if gaps[closest] == 0:
            return frames[closest]
        self._unmatched += 1
        gap_s = gaps[closest] * 1e-9
        trouble = (
            f'the closest of {len(frames)} depth images is {gap_s:.3f} s away from the colour '
            f'image ({self._unmatched} without an equal stamp so far)'
        )
        if gap_s > self._config.depth_slop_s:
            raise GroundingError(
                OutcomeCode.STALE_DEPTH,
                f'{trouble}; check the camera driver and the QoS, or raise depth_slop_s',
            )
        self._node.get_logger().warning(trouble)
        return frames[closest]


def _nanoseconds(msg: Image) -> int:
    return int(Time.from_msg(msg.header.stamp).nanoseconds)
