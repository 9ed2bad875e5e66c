"""What the planner sees: the depth that belongs to an image, when both are of one camera."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
import math

import numpy as np
from rclpy.node import Node
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from vla_r1_core.errors import GroundingError, OutcomeCode
from vla_r1_core.sensor_node import SensorSubscription

from vla_r1_planner.config import PlannerConfig
from vla_r1_planner.requests import soon, Stop

KEPT_FRAMES = 30  # around a question: half of them from before it


@dataclass(frozen=True)
class Shot:
    """A depth image and its camera.

    Attributes:
        frame: the camera's optical frame.
    """

    depth: Image
    info: CameraInfo
    frame: str


class Camera:
    """Subscribes to depth and camera_info.

    Args:
        node: that subscribes.
        name: with which the topics begin; '': with nothing.
        now_s: returns the robot's time [s]: while a simulation stands still, nothing gets old.
        warn: is told what is wrong but does not matter yet.
    """

    def __init__(
        self,
        node: Node,
        name: str,
        config: PlannerConfig,
        now_s: Callable[[], float],
        warn: Callable[[str], None],
    ) -> None:
        self._config = config
        self._now_s = now_s
        self._warn = warn
        self._depth: deque[Image] = deque(maxlen=config.depth_buffer)
        self._kept: list[Image] = []
        self._info: CameraInfo | None = None
        self._depth_at_s = -math.inf
        self._unmatched = 0
        prefix = f'{name}/' if name else ''
        self._subscriptions = [
            SensorSubscription(node, Image, f'{prefix}depth', self._on_depth),
            SensorSubscription(node, CameraInfo, f'{prefix}camera_info', self._on_info),
        ]

    def close(self) -> None:
        """Take no more messages."""
        for subscription in self._subscriptions:
            subscription.close()

    def keep_depth(self) -> None:
        """Keep the depth around now until the next call: a model may think for long."""
        self._kept = list(self._depth)[-KEPT_FRAMES // 2 :]

    def forget(self) -> None:
        """Forget all pictures: the clock has jumped back, and they are from its future."""
        self._depth = deque(maxlen=self._config.depth_buffer)
        self._kept = []
        self._depth_at_s = min(self._depth_at_s, self._now_s())

    def age_s(self) -> float:
        """Return how long ago [s] a depth image came that was newer than the one before."""
        return self._now_s() - self._depth_at_s

    def shot_at(self, header: Header, stop: Stop) -> Shot:
        """Return the depth that belongs to an image.

        Raises:
            GroundingError: NO_CAMERA_INFO, CAMERA_MISMATCH, NO_DEPTH or STALE_DEPTH.
        """
        info = self._wait_for_info(stop)
        frames = {'image': header.frame_id, 'camera_info': info.header.frame_id}
        one_frame(frames)  # or its depth would be waited for in vain
        depth = self._depth_at(_nanoseconds(header), stop)
        return Shot(depth, info, one_frame({**frames, 'depth': depth.header.frame_id}))

    def shot_after(self, moment: Time, stop: Stop) -> Shot:
        """Return the first depth that was taken after a moment.

        Raises:
            GroundingError: NO_CAMERA_INFO, CAMERA_MISMATCH, or NO_DEPTH when none comes in time.
        """
        info = self._wait_for_info(stop)
        limit_s = self._config.verify_wait_s
        soon(lambda: self._first_after(moment) is not None, limit_s, stop)
        depth = self._first_after(moment)
        if depth is None:
            raise GroundingError(
                OutcomeCode.NO_DEPTH,
                f'no picture came within {limit_s:g} s; check the camera or raise verify_wait_s',
            )
        frames = {'camera_info': info.header.frame_id, 'depth': depth.header.frame_id}
        return Shot(depth, info, one_frame(frames))

    def _on_depth(self, msg: Image) -> None:
        frames = self._depth
        # Some drivers repeat a frozen picture.
        if not frames or _nanoseconds(msg.header) != _nanoseconds(frames[-1].header):
            self._depth_at_s = self._now_s()
        frames.append(msg)
        if len(self._kept) < KEPT_FRAMES:
            self._kept.append(msg)

    def _on_info(self, msg: CameraInfo) -> None:
        self._info = msg

    def _first_after(self, moment: Time) -> Image | None:
        later = (f for f in list(self._depth) if _nanoseconds(f.header) > moment.nanoseconds)
        return next(later, None)

    def _wait_for_info(self, stop: Stop) -> CameraInfo:
        if not soon(lambda: self._info is not None, self._config.server_timeout_s, stop):
            raise GroundingError(
                OutcomeCode.NO_CAMERA_INFO,
                'no camera_info has arrived; remap `camera_info` to that of the colour camera, '
                'or set the parameter camera',
            )
        return self._info

    def _depth_at(self, wanted: int, stop: Stop) -> Image:
        """Return the depth image of a stamp [ns], or the closest one when that was lost.

        It may arrive a little after the answer; once a later one is there it comes no more.
        """
        soon(
            lambda: any(_nanoseconds(frame.header) >= wanted for frame in list(self._depth)),
            self._config.depth_wait_s,
            stop,
        )
        frames = [*self._kept, *self._depth]
        gaps = [abs(_nanoseconds(frame.header) - wanted) for frame in frames]
        if not frames:
            raise GroundingError(
                OutcomeCode.NO_DEPTH,
                'no depth image has arrived; remap `depth` to the depth aligned to colour, or set '
                'the parameter camera',
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
        self._warn(trouble)
        return frames[closest]


def one_frame(frames: Mapping[str, str]) -> str:
    """Return the frame that all messages are in which name theirs, '' if none does.

    Args:
        frames: by what the message is.

    Raises:
        GroundingError: CAMERA_MISMATCH.
    """
    named = {what: frame for what, frame in frames.items() if frame}
    if len(set(named.values())) > 1:
        told = ', '.join(f'{what} in {frame}' for what, frame in named.items())
        raise GroundingError(
            OutcomeCode.CAMERA_MISMATCH,
            f'these are not of one camera: {told}; set the parameter camera of reasoner and '
            'planner to the same one, and remap `depth` to the depth aligned to its colour image',
        )
    return next(iter(named.values()), '')


def _nanoseconds(header: Header) -> int:
    return int(Time.from_msg(header.stamp).nanoseconds)
