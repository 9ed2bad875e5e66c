"""What is known of one instruction: the values that pass from bags to labels to datasets.

Times are stamps [ns], of the clock that stamps the headers. `fixed` is the frame that everything
is placed in, such as 'base_link'; `T_a_b` maps coordinates in frame b to frame a.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from vla_r1_core.geometry import CameraModel
from vla_r1_core.types import Task

Array = NDArray[np.float64]
Stamps = NDArray[np.int64]


@dataclass(frozen=True)
class Picture:
    """A colour image, encoded.

    Attributes:
        data: a PNG or JPEG file.
        width, height: [px].
    """

    data: bytes
    width: int
    height: int


@dataclass(frozen=True)
class View:
    """What the camera saw at one moment.

    Attributes:
        frame: the camera's optical frame.
        depth: (height, width) [m] along the optical axis, NaN where not measured; registered to
            the image. None when there is none.
        camera: None when the bag holds no calibration.
        T_fixed_camera: (4, 4), None when the transforms do not tell it.
    """

    stamp_ns: int
    frame: str
    image: Picture
    depth: NDArray[np.float32] | None
    camera: CameraModel | None
    T_fixed_camera: Array | None


@dataclass(frozen=True)
class Said:
    """A question to a model and its answer, verbatim: vla_r1_msgs/Reasoning.

    Attributes:
        view: what it was asked about; None when the bag does not hold the image.
        stamp_ns: of that image.
    """

    task: Task
    prompt: str
    text: str
    well_formed: bool
    model: str
    weights_sha256: str
    seed: int
    error_code: int
    stamp_ns: int
    view: View | None


@dataclass(frozen=True)
class Stated:
    """A true answer that the bag itself holds.

    Attributes:
        source: 'topic' or 'truth'.
        payload: as in an answer's <output>: a box, a trace or null.
        stamp_ns: of the image that it is about.
    """

    source: str
    task: Task
    payload: str
    stamp_ns: int


@dataclass(frozen=True)
class ToolPath:
    """Where the tool was.

    Attributes:
        stamps_ns: (N,) [ns], rising.
        T_fixed_tool: (N, 4, 4).
    """

    stamps_ns: Stamps
    T_fixed_tool: Array

    def positions(self, stamps_ns: Stamps) -> Array:
        """Return where the tool was (N, 3) [m] at N times [ns], in the fixed frame."""
        axes = self.T_fixed_tool[:, :3, 3].T
        return np.column_stack([np.interp(stamps_ns, self.stamps_ns, axis) for axis in axes])


@dataclass(frozen=True)
class GripperPath:
    """How far the gripper was open.

    Attributes:
        stamps_ns: (N,) [ns], rising.
        opening: (N,) [m] up to a constant, or the joint's position; larger is wider open.
    """

    stamps_ns: Stamps
    opening: Array


@dataclass(frozen=True)
class Result:
    """What became of it: vla_r1_msgs/Outcome."""

    error_code: int
    error_msg: str
    verified: int


@dataclass(frozen=True)
class Episode:
    """One instruction.

    Attributes:
        key: unique within its bag, and the same whenever the bag is read again.
        request_id: empty when the instruction came without one.
        begin_ns, end_ns: when it was first heard of and when it ended, as recorded.
        view: of the moment of the instruction; None when the bag holds no image of it.
        fixed, tool: the frames; empty when not found.
        outcome: None when the bag does not say.
        lacks: what is missing, in words.
    """

    key: str
    request_id: str
    instruction: str
    begin_ns: int
    end_ns: int
    view: View | None
    said: tuple[Said, ...]
    stated: tuple[Stated, ...]
    fixed: str
    tool: str
    tool_path: ToolPath | None
    gripper: GripperPath | None
    outcome: Result | None
    lacks: tuple[str, ...]
