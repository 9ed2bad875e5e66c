"""What the planner sees of the world: depth and camera model at an image's stamp, TF, joints."""

from collections import deque
from collections.abc import Callable
import math
import time

import numpy as np
from numpy.typing import NDArray
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo, Image, JointState
from std_msgs.msg import Header, String
from tf2_ros import Buffer, ExtrapolationException, TransformException, TransformListener
from vla_r1_core.errors import GroundingError, MotionError, OutcomeCode
from vla_r1_core.ros import subscribe_camera

from vla_r1_planner.config import PlannerConfig
from vla_r1_planner.convert import camera_from_msg, depth_from_msg, matrix_from_transform
from vla_r1_planner.depth import DepthView
from vla_r1_planner.kinematics import Chain, chain_from_urdf
from vla_r1_planner.requests import Stop

Array = NDArray[np.float64]

POLL_S = 0.01


class SceneInput:
    """Subscribes to depth, camera_info, joint_states and TF, and answers at a given stamp."""

    def __init__(self, node: Node, config: PlannerConfig) -> None:
        self._node = node
        self._config = config
        self._depth: deque[Image] = deque(maxlen=config.depth_buffer)
        self._info: CameraInfo | None = None
        self._joints: JointState | None = None
        self._joints_at = -math.inf
        self._unmatched = 0
        self._tf = Buffer(node=node)
        self._listener = TransformListener(self._tf, node)
        group = MutuallyExclusiveCallbackGroup()
        for kind, topic, callback in (
            (Image, 'depth', self._on_depth),
            (CameraInfo, 'camera_info', self._on_info),
            (JointState, 'joint_states', self._on_joints),
        ):
            subscribe_camera(node, kind, topic, callback, callback_group=group)

        self.chain: Chain | None = None
        """From planning_frame to tip_link, once the robot has described itself."""
        node.create_subscription(
            String,
            'robot_description',
            self._on_description,
            QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL),
            callback_group=group,
        )

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
        frame = header.frame_id or self._info.header.frame_id
        taken = Time.from_msg(image.header.stamp, clock_type=stamp.clock_type)
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

    def tool_pose(self) -> Array:
        """Return the newest T_base_tcp (4, 4).

        Raises:
            GroundingError: TF_MISSING or TF_STALE.
        """
        newest = Time(clock_type=self._node.get_clock().clock_type)
        return self.transform(self._config.tip_link, newest)

    def check_joint_states(self, stop: Stop) -> None:
        """Raise JOINT_STATE_STALE unless joint states arrive."""
        limit_s = self._config.joint_state_max_age_s
        if self._soon(lambda: time.monotonic() - self._joints_at < limit_s, limit_s, stop):
            return
        if self._joints is None:
            raise MotionError(
                OutcomeCode.JOINT_STATE_STALE,
                'no joint_states have arrived; start the robot driver',
            )
        raise MotionError(
            OutcomeCode.JOINT_STATE_STALE,
            f'the last joint_states came {time.monotonic() - self._joints_at:.1f} s ago; '
            'check the robot driver',
        )

    def joint_position(self, name: str) -> float | None:
        """Return a joint's newest position [m or rad], None when nobody reports it."""
        joints = self._joints
        if joints is None or name not in joints.name:
            return None
        return float(joints.position[joints.name.index(name)])

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
        self._depth.append(msg)

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
        known = (
            {}
            if self._joints is None
            else dict(zip(self._joints.name, self._joints.position, strict=True))
        )
        known.update(zip(msg.name, msg.position, strict=False))
        self._joints = JointState(
            header=msg.header, name=list(known), position=[float(p) for p in known.values()]
        )
        self._joints_at = time.monotonic()

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
        frames = list(self._depth)
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
