"""What a bag file holds, whatever its format: channels, messages, and what cannot be read."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

Buffer = bytes | memoryview
Place = tuple[int, ...]
"""Where in its file a message is; what the numbers mean is the file's own business."""


@dataclass(frozen=True)
class Channel:
    """A topic of a file.

    Attributes:
        msgtype: such as 'sensor_msgs/msg/Image'.
        schema: of the definition: 'ros2msg', 'ros2idl', or '' when the file has none.
        definition: of the message and of everything in it.
    """

    topic: str
    msgtype: str
    schema: str = ''
    definition: str = ''


class Message(NamedTuple):
    """A message as it lies in the file.

    Attributes:
        channel: id in the file's `channels`.
        time_ns: when it was recorded.
        data: CDR.
        place: for `BagFile.read`.
    """

    channel: int
    time_ns: int
    data: Buffer
    place: Place


@dataclass(frozen=True)
class Fault:
    """What could not be read or used.

    Attributes:
        what: for a person to read.
        topic: empty when it is not known, or when it is no matter of one topic.
        start_ns, end_ns: between which times, as recorded; None when not known.
        count: of messages; 0 when not known.
    """

    what: str
    topic: str = ''
    start_ns: int | None = None
    end_ns: int | None = None
    count: int = 0


class BagFile(Protocol):
    """A file of a bag, open.

    Attributes:
        channels: by id; grows while messages are read.
        faults: grows likewise.
        done_bytes: of the file that were read so far.
    """

    channels: dict[int, Channel]
    faults: list[Fault]
    done_bytes: int

    @property
    def announced(self) -> dict[str, int]:
        """Messages by topic, as the file itself says; empty when it does not."""

    def messages(self) -> Iterator[Message]:
        """Yield everything that can be read, in the order of time."""

    def read(self, place: Place) -> Buffer:
        """Return the data of a message again."""

    def close(self) -> None:
        """Close the file."""
