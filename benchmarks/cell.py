"""What a benchmark of tasks knows of a cell: a robot at its table, with or without ROS between."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vla_r1_msgs.msg import Outcome


class CellError(Exception):
    """A cell cannot be set up, or gives no answer."""


@dataclass(frozen=True)
class Plan:
    """A motion that was planned.

    Attributes:
        stage: of the task that the motion is for, such as approach or lift.
        seconds: [s] that it took.
        found: whether there is such a motion.
    """

    stage: str
    seconds: float
    found: bool


class Cell(Protocol):
    """One robot, scene after scene; what it says is about the present instruction.

    Attributes:
        overlay: (H, W, 3) uint8 RGB, the newest answer drawn into its picture.
        model_s: [s] that the model took.
        first_motion_s: [s] from the instruction to the robot's first movement, with the model's;
            None: it stood.
        plans: all that were made; a cell that cannot tell them apart gives their sum.
    """

    overlay: NDArray[np.uint8] | None
    model_s: float
    first_motion_s: float | None
    plans: Sequence[Plan]

    def reset(self, seed: int, instruction: str, *, absent: bool = False) -> None:
        """Lay out the scene for an instruction, without what it names if that shall be absent."""

    def ask(self, instruction: str) -> Outcome:
        """Carry an instruction out and return what became of it."""

    def moved(self) -> bool:
        """Whether the robot has moved in this scene."""

    def verdict(self) -> tuple[bool, str]:
        """Return whether the scene's instruction is carried out, by the physics, and why."""

    def picture(self) -> NDArray[np.uint8] | None:
        """Return the camera's picture (H, W, 3), RGB, of now."""
