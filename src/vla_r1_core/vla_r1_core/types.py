"""The values that pass between the rooms of the house.

Image coordinates are normalized: x right, y down, (0, 0) the image's top-left corner and (1, 1)
its bottom-right corner. Pixels exist only at the edges, see `Box.to_px`.
"""

from dataclasses import dataclass
from enum import IntEnum


class Task(IntEnum):
    """What is asked of the model; the values are those of vla_r1_msgs/Reasoning."""

    AUTO = 0
    AFFORDANCE = 1
    TRAJECTORY = 2


@dataclass(frozen=True)
class Box:
    """An axis-aligned box, centre and size, all in [0, 1] of the image."""

    x: float
    y: float
    width: float
    height: float

    @classmethod
    def from_corners(cls, x0: float, y0: float, x1: float, y1: float) -> 'Box':
        """Make a box from its left, top, right and bottom edges."""
        return cls(x=(x0 + x1) / 2, y=(y0 + y1) / 2, width=x1 - x0, height=y1 - y0)

    @property
    def corners(self) -> tuple[float, float, float, float]:
        """Return the left, top, right and bottom edges."""
        return (
            self.x - self.width / 2,
            self.y - self.height / 2,
            self.x + self.width / 2,
            self.y + self.height / 2,
        )

    def to_px(self, image_width: int, image_height: int) -> tuple[float, float, float, float]:
        """Return (centre x, centre y, width, height) [px]."""
        return (
            self.x * image_width,
            self.y * image_height,
            self.width * image_width,
            self.height * image_height,
        )


@dataclass(frozen=True)
class Trajectory2D:
    """A trace of the end effector: (x, y) points in [0, 1], in the order of travel."""

    points: tuple[tuple[float, float], ...]

    def to_px(self, image_width: int, image_height: int) -> tuple[tuple[float, float], ...]:
        """Return the points as (x, y) [px]."""
        return tuple((x * image_width, y * image_height) for x, y in self.points)


@dataclass(frozen=True)
class ParsedAnswer:
    """What a model's text says.

    `box` is set for Task.AFFORDANCE, `trajectory` for Task.TRAJECTORY; both are None when the
    model says that the object is not there.
    """

    task: Task
    thought: str
    box: Box | None = None
    trajectory: Trajectory2D | None = None

    @property
    def absent(self) -> bool:
        """Whether the model says that the object is not there."""
        return self.box is None and self.trajectory is None


@dataclass(frozen=True)
class Answer:
    """What a backend says, unread: its `Profile` reads the text.

    Attributes:
        prompt: the prompt as sent to the model.
        text: the model's whole text, verbatim.
        label: the object that is meant, such as 'red cube'; empty when the backend cannot tell.
        score: confidence in [0, 1]; 1 when the backend gives none.
        prompt_tokens, completion_tokens: [tokens] of all texts, 0 when not counted.
        seen_size: width and height [px] of the image as the model saw it; None when not known.
        others: further texts that were drawn for the same question.
    """

    prompt: str
    text: str
    label: str = ''
    score: float = 1.0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seen_size: tuple[int, int] | None = None
    others: tuple[str, ...] = ()
