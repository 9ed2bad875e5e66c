"""An episode under way."""

from dataclasses import dataclass, field
from typing import Any

from vla_r1_training.bags.episode import Result, Stated


@dataclass
class Draft:
    """What is known of an instruction so far.

    Times are as recorded, stamps and moments by the clock of the headers, both in [ns].

    Attributes:
        moment_ns: when the instruction was given.
        heard: whether the bag holds the instruction or a question, not the outcome alone.
        seen: stamp and frame of the image that the first answer is about.
        asked: vla_r1_msgs/Reasoning.
        end_stamp_ns: the newest stamp when it ended.
    """

    number: int
    request_id: str
    instruction: str
    begin_ns: int
    moment_ns: int
    heard: bool = True
    seen: tuple[int, str] | None = None
    end_ns: int | None = None
    end_stamp_ns: int | None = None
    asked: list[Any] = field(default_factory=list)
    stated: tuple[Stated, ...] = ()
    outcome: Result | None = None
    lacks: list[str] = field(default_factory=list)

    @property
    def begin_stamp_ns(self) -> int:
        """Of the image that was asked about, or when the instruction was given."""
        return self.seen[0] if self.seen else self.moment_ns

    def is_of(self, request_id: str, instruction: str) -> bool:
        """Return whether an answer or outcome belongs to this episode."""
        unnamed = not self.request_id and not self.asked
        return self.request_id == request_id or (unnamed and self.instruction == instruction)
