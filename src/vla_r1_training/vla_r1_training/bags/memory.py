"""What the sensors of a bag said lately: where images are, calibrations, transforms, joints."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from vla_r1_core.geometry import CameraModel

from vla_r1_training.bags.bag import Bag, Recorded
from vla_r1_training.bags.calibration import CalibrationError, Calibrations
from vla_r1_training.bags.decode import decode, DecodeError, header_ns, stamp_ns
from vla_r1_training.bags.episode import Array, GripperPath, Picture, ToolPath, View
from vla_r1_training.bags.frames import Frames, shows_the_camera
from vla_r1_training.bags.gripper import by_fingers
from vla_r1_training.bags.images import ImageError, read_depth, read_picture
from vla_r1_training.bags.records import Place
from vla_r1_training.bags.transforms import TransformError, Transforms
from vla_r1_training.config import EpisodeConfig

TOOL_FRAMES = ('tcp', 'grasp_frame', 'hand_tcp', 'gripper_tcp', 'tool_tcp', 'tool0', 'ee_link')
"""Names, or ends of names, of the frame between the finger pads; the first one found counts."""


class Memory:
    """Takes in sensor messages and tells what was seen and where everything was.

    Attributes:
        transforms, calibrations: of the bag.
        newest_ns: the newest stamp of an image or a transform; 0 before the first.
    """

    def __init__(self, bag: Bag, config: EpisodeConfig) -> None:
        self.transforms = Transforms()
        self.calibrations = Calibrations(config.camera_info_topic)
        self.newest_ns = 0
        self._bag = bag
        self._config = config
        self._frames: dict[str, Frames] = {}
        self._joints: tuple[list[int], list[float]] = ([], [])

    def add_image(self, recorded: Recorded) -> None:
        """Take in an Image or CompressedImage.

        Raises:
            DecodeError: it is damaged.
        """
        channel, _, data, place = recorded
        frames = self._frames.get(channel.topic)
        if frames is None:
            frames = self._frames[channel.topic] = Frames(channel, decode(channel, data))
        stamp = stamp_ns(data)
        if stamp is None:
            raise DecodeError('it has no header')
        frames.add(stamp, place)
        self.newest_ns = max(self.newest_ns, stamp)

    def add_transforms(self, message: Any, *, static: bool) -> None:
        """Take in a TFMessage."""
        for t in message.transforms:
            stamp = header_ns(t)
            p, q = t.transform.translation, t.transform.rotation
            pose = (p.x, p.y, p.z, q.x, q.y, q.z, q.w)
            frames = t.header.frame_id, t.child_frame_id
            self.transforms.add(*frames, stamp, pose, static=static)
            if not static:
                self.newest_ns = max(self.newest_ns, stamp)

    def add_joints(self, message: Any, stamp: int) -> None:
        """Take in a JointState: the gripper's joint, when it is named."""
        names = list(message.name)
        if self._config.gripper_joint in names and len(message.position) == len(names):
            sign = -1.0 if self._config.gripper_closes_up else 1.0
            position = message.position[names.index(self._config.gripper_joint)]
            self._joints[0].append(stamp)
            self._joints[1].append(sign * float(position))

    def forget_before(self, stamp: int) -> None:
        """Free the memory of what is older [ns]."""
        self.transforms.forget_before(stamp)
        for frames in self._frames.values():
            frames.forget_before(stamp)
        stamps, positions = self._joints
        drop = bisect_left(stamps, stamp)
        del stamps[:drop], positions[:drop]

    def has_pictures(self) -> bool:
        """Return whether a colour image has come."""
        return bool(self._ranked(depth=False, frame=''))

    def pictured(self, moment_ns: int) -> tuple[int, str] | None:
        """Return stamp and frame of the newest colour image at a moment, unless it is too old."""
        for frames in self._ranked(depth=False, frame=''):
            stamp = frames.newest(moment_ns)
            if stamp is not None and moment_ns - stamp <= self._config.image_max_age_s * 1e9:
                return stamp, frames.frame
        return None

    def view(self, stamp: int, frame: str, lacks: list[str]) -> View | None:
        """Return what a camera saw, None when the image is not there; note what is missing.

        Args:
            stamp: of the image [ns].
            frame: of the camera; empty for any.
            lacks: is added to.
        """
        found = self._image(stamp, frame, lacks)
        if found is None:
            return None
        frames, message = found
        try:
            image = read_picture(message, self._config.image_format)
        except ImageError as error:
            lacks.append(f'image: {error}')
            return None
        camera = self._camera(frames, stamp, image, lacks)
        depth = self._depth(frames.frame, stamp, (image.height, image.width), lacks)
        place = self._camera_place(frames.frame, stamp, lacks)
        return View(stamp, frames.frame, image, depth, camera, place)

    def _camera(
        self, frames: Frames, stamp: int, image: Picture, lacks: list[str]
    ) -> CameraModel | None:
        """Return the calibration of an image's camera."""
        rectified = 'rect' in frames.channel.topic
        size = image.width, image.height
        try:
            return self.calibrations.camera(frames.frame, stamp, size, rectified=rectified)
        except CalibrationError as error:
            lacks.append(f'the calibration: {error}')
            return None

    def _camera_place(self, frame: str, stamp: int, lacks: list[str]) -> Array | None:
        """Return T_fixed_camera (4, 4)."""
        try:
            if frame not in self.transforms.frames:
                raise TransformError(f'TF has no frame {frame}')
            stamps = np.array([stamp], dtype=np.int64)
            place: Array = self.transforms.lookup(self.fixed_frame(frame), frame, stamps)[0]
        except TransformError as error:
            lacks.append(f"the camera's place: {error}")
            return None
        return place

    def film(self, frame: str, begin: int, end: int) -> list[tuple[int, Callable[[], Picture]]]:
        """Return stamp and reader of each colour image of a camera between two stamps [ns]."""
        for frames in self._ranked(depth=False, frame=frame):
            if found := frames.between(begin, end):
                return [(stamp, partial(self._picture, frames, place)) for stamp, place in found]
        return []

    def _picture(self, frames: Frames, place: Place) -> Picture:
        message = decode(frames.channel, self._bag.read(place))
        return read_picture(message, self._config.image_format)

    def tool_frame(self) -> str:
        """Return the tool's frame, empty when none is known."""
        if self._config.tool_frame:
            return self._config.tool_frame
        frames = sorted(self.transforms.frames)
        ends = ((frame, name) for name in TOOL_FRAMES for frame in frames)
        return next((frame for frame, name in ends if frame.endswith(name)), '')

    def fixed_frame(self, of: str = '') -> str:
        """Return the frame that everything is placed in: the outermost of the tool, or of `of`."""
        return self._config.fixed_frame or self.transforms.root(self.tool_frame() or of)

    def tool_path(self, begin: int, end: int, lacks: list[str]) -> ToolPath | None:
        """Return where the tool was between two stamps [ns]; note what is missing."""
        tool = self.tool_frame()
        if not tool or tool not in self.transforms.frames:
            names = tool or ', '.join(TOOL_FRAMES)
            lacks.append(f'the tool: TF has no frame {names}; set tool_frame')
            return None
        stamps = self.transforms.stamps(tool, begin, end)
        if not len(stamps):
            lacks.append('the tool: no transforms of it came')
            return None
        try:
            poses = self.transforms.lookup(self.fixed_frame(), tool, stamps)
        except TransformError as error:
            lacks.append(f'the tool: {error}')
            return None
        return ToolPath(stamps, poses)

    def gripper_path(self, begin: int, end: int, lacks: list[str]) -> GripperPath | None:
        """Return how far the gripper was open between two stamps [ns]; note what is missing."""
        if self._config.gripper_joint:
            stamps, positions = self._joints
            i, j = bisect_left(stamps, begin), bisect_right(stamps, end)
            if j > i:
                return GripperPath(np.array(stamps[i:j]), np.array(positions[i:j]))
            lacks.append(f'the gripper: joint_states has no {self._config.gripper_joint}')
            return None
        path = by_fingers(self.transforms, begin, end)
        if path is None:
            lacks.append('the gripper: TF has no pair of moving fingers; set gripper_joint')
        return path

    def _ranked(self, *, depth: bool, frame: str) -> list[Frames]:
        """Return the topics of images that can be meant, the likeliest first."""
        wanted = self._config.depth_topic if depth else self._config.image_topic
        if wanted:
            return [self._frames[wanted]] if wanted in self._frames else []
        fitting = [
            f
            for name, f in self._frames.items()
            if f.depth == depth and shows_the_camera(name) and frame in ('', f.frame)
        ]
        return sorted(fitting, key=Frames.rank)

    def _image(self, stamp: int, frame: str, lacks: list[str]) -> tuple[Frames, Any] | None:
        """Return the colour image with a stamp."""
        reason = f'the bag holds no colour image of {stamp / 1e9:.3f} s'
        for frames in self._ranked(depth=False, frame=frame):
            place = frames.at(stamp)
            if place is None:
                continue
            try:
                return frames, decode(frames.channel, self._bag.read(place))
            except (DecodeError, OSError) as error:
                reason = str(error)
        lacks.append(f'image: {reason}')
        return None

    def _depth(
        self, frame: str, stamp: int, shape: tuple[int, int], lacks: list[str]
    ) -> NDArray[np.float32] | None:
        reason = f'none of {stamp / 1e9:.3f} s in {frame}'
        for frames in self._ranked(depth=True, frame=frame):
            place = frames.at(stamp, int(self._config.depth_slop_s * 1e9))
            if place is None:
                continue
            try:
                depth = read_depth(decode(frames.channel, self._bag.read(place)))
            except (DecodeError, ImageError, OSError) as error:
                reason = str(error)
                continue
            if depth.shape == shape:
                return depth
            reason = f'it is {depth.shape[1]} x {depth.shape[0]}, unlike the image'
        lacks.append(f'depth: {reason}')
        return None
