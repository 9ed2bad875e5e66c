"""Answers in a bag, each with the image that it is about."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rosbags.highlevel import AnyReader, AnyReaderError
from rosbags.interfaces import Connection
from rosbags.typesys import get_typestore, Stores
from vla_r1_core.errors import ReasoningError
from vla_r1_core.types import Task

from vla_r1_perception.conversation import Exchange
from vla_r1_perception.convert import compressed_to_rgb, image_to_rgb

_REASONING = 'vla_r1_msgs/msg/Reasoning'
_TO_RGB = {
    'sensor_msgs/msg/Image': image_to_rgb,
    'sensor_msgs/msg/CompressedImage': compressed_to_rgb,
}
_COMPRESSED = '/compressed'
"""What image_transport adds to the name of a topic."""
_DRAWN = 'overlay'
"""What is drawn onto an image has its header, but is not what the model saw."""
_NOT_COLOR = ('16UC1', '32FC1', 'mono16', '16UC3', '32FC3')

_Stamp = tuple[int, int, str]


@dataclass(frozen=True)
class Recorded:
    """An answer, and what it was given to.

    Attributes:
        said: a Reasoning as the bag describes it; fields that older ones lack are empty.
        image: (H, W, 3) uint8, RGB; None where the bag has none with the answer's header, or
            it is broken.
        context: what the model was reminded of; None where the bag lacks a part of it.
    """

    said: 'Said'
    image: NDArray[np.uint8] | None
    context: tuple[Exchange, ...] | None = ()


@dataclass(frozen=True)
class Said:
    """The fields of a Reasoning that decide the answer, and the answer."""

    request_id: str
    instruction: str
    task: Task
    prompt: str
    context: tuple[str, ...]
    text: str
    model: str
    weights_sha256: str
    profile: str
    seed: int
    temperature: float
    max_new_tokens: int
    samples: int
    error_code: int
    stamp: _Stamp


class RecordedAnswers:
    """A bag that is being read; a context manager.

    Args:
        bag: folder, as `ros2 bag record` writes it, or a single file.
        image_topic: the colour images, raw or compressed; '': the only topic with them, or the
            raw one of two that differ in that: which one was answered about, no bag tells.

    Raises:
        ValueError: this is no bag, or it is broken, or has no answers, or not one image topic.
    """

    def __init__(self, bag: Path, image_topic: str = '') -> None:
        try:
            self._reader = AnyReader([bag], default_typestore=get_typestore(Stores.ROS2_JAZZY))
            self._reader.open()
        except (AnyReaderError, OSError, ValueError) as error:
            raise ValueError(
                f'{bag} cannot be read: {error}; a bag whose recorder was killed needs '
                '`ros2 bag reindex`'
            ) from error
        try:
            self._answers = [_said(message) for message in self._messages(_REASONING)]
            if not self._answers:
                raise ValueError(f'{bag} has no message of type {_REASONING}; record `reasoning`')
            self._exchanges = {
                a.request_id: Exchange(a.request_id, a.instruction, a.task, a.prompt, a.text)
                for a in self._answers
            }
            self._images = self._choose(image_topic)
        except ValueError:
            self._reader.close()
            raise

    def __enter__(self) -> 'RecordedAnswers':
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._reader.close()

    def __len__(self) -> int:
        return len(self._answers)

    def __iter__(self) -> Iterator[Recorded]:
        """Yield each answer, in the order of their images; one image is held at a time."""
        waiting: dict[_Stamp, list[Said]] = {}
        for answer in self._answers:
            waiting.setdefault(answer.stamp, []).append(answer)
        for connection, _, data in self._reader.messages(self._images):
            image: Any = self._reader.deserialize(data, connection.msgtype)
            answers = waiting.pop(_stamp(image.header), [])
            rgb = _rgb(image, connection.msgtype) if answers else None
            yield from (Recorded(answer, rgb, self._context(answer)) for answer in answers)
        for answers in waiting.values():
            yield from (Recorded(answer, None) for answer in answers)

    def _context(self, answer: Said) -> tuple[Exchange, ...] | None:
        """Return what an answer was reminded of, None where the bag lacks a part of it."""
        if any(request_id not in self._exchanges for request_id in answer.context):
            return None
        return tuple(self._exchanges[request_id] for request_id in answer.context)

    def _messages(self, kind: str) -> Iterator[Any]:
        connections = [c for c in self._reader.connections if c.msgtype == kind]
        if connections:
            for connection, _, data in self._reader.messages(connections):
                yield self._reader.deserialize(data, connection.msgtype)

    def _choose(self, topic: str) -> list[Connection]:
        """Return the connections of the topic with the colour images."""
        images = [c for c in self._reader.connections if c.msgtype in _TO_RGB]
        topics = sorted({c.topic for c in images})
        chosen = [topic] if topic else topics
        if not topic:
            chosen = [t for t in chosen if not t.removesuffix(_COMPRESSED).endswith(_DRAWN)]
            chosen = [t for t in chosen if self._in_color([c for c in images if c.topic == t])]
            again = {t + _COMPRESSED for t in chosen}
            chosen = [t for t in chosen if t not in again]
        if len(chosen) != 1 or chosen[0] not in topics:
            raise ValueError(
                'one topic with colour images is needed (--image-topic); images are on '
                f'{", ".join(topics) or "no topic"}'
            )
        return [c for c in images if c.topic == chosen[0]]

    def _in_color(self, connections: list[Connection]) -> bool:
        for connection, _, data in self._reader.messages(connections):
            image: Any = self._reader.deserialize(data, connection.msgtype)
            # As image_transport writes it: 'bgr8; jpeg compressed bgr8'; many drivers: 'jpeg'.
            kind = image.encoding if hasattr(image, 'encoding') else image.format
            return kind.partition(';')[0] not in _NOT_COLOR
        return False


def _said(message: Any) -> Said:
    # Bags from before a field was there lack it.
    return Said(
        request_id=message.request_id,
        instruction=message.instruction,
        task=Task(message.task),
        prompt=message.prompt,
        context=tuple(getattr(message, 'context', ())),
        text=message.text,
        model=message.model,
        weights_sha256=message.weights_sha256,
        profile=getattr(message, 'profile', 'vla_r1'),
        seed=int(message.seed),
        temperature=float(getattr(message, 'temperature', 0.0)),
        max_new_tokens=int(getattr(message, 'max_new_tokens', 0)),
        samples=max(1, int(getattr(message, 'samples', 1))),
        error_code=int(message.error_code),
        stamp=_stamp(message.header),
    )


def _rgb(image: Any, kind: str) -> NDArray[np.uint8] | None:
    try:
        return _TO_RGB[kind](image)
    except ReasoningError:
        return None


def _stamp(header: Any) -> _Stamp:
    return header.stamp.sec, header.stamp.nanosec, header.frame_id
