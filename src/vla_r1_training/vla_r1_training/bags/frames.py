"""Which images a bag holds, without their pixels: when, and where to read them again."""

from bisect import bisect_left, bisect_right
from typing import Any

from vla_r1_training.bags.images import is_depth
from vla_r1_training.bags.records import Channel, Place

OTHER_PICTURES = ('overlay', 'infra', 'mask', 'debug', 'annotated', 'rendered')
"""Parts of the names of topics that show something else than what the camera saw."""


class Frames:
    """The images of one topic.

    Attributes:
        channel: its topic and type.
        frame: of the first image's header.
        depth: whether it holds depth.
    """

    def __init__(self, channel: Channel, first: Any) -> None:
        self.channel = channel
        self.frame = first.header.frame_id.lstrip('/')
        self.depth = is_depth(first)
        self._stamps: list[int] = []
        self._places: list[Place] = []

    def add(self, stamp_ns: int, place: Place) -> None:
        """Take in an image: its stamp, and where it is."""
        i = bisect_left(self._stamps, stamp_ns)
        if i == len(self._stamps) or self._stamps[i] != stamp_ns:
            self._stamps.insert(i, stamp_ns)
            self._places.insert(i, place)

    def newest(self, moment_ns: int) -> int | None:
        """Return the newest stamp up to a moment; None when there is none."""
        i = bisect_right(self._stamps, moment_ns)
        return self._stamps[i - 1] if i else None

    def at(self, stamp_ns: int, slop_ns: int = 0) -> Place | None:
        """Return where the image nearest to a stamp is, None when none is as near as `slop_ns`."""
        i = bisect_left(self._stamps, stamp_ns)
        near = range(max(0, i - 1), min(len(self._stamps), i + 1))
        best = min(near, key=lambda k: abs(self._stamps[k] - stamp_ns), default=None)
        if best is None or abs(self._stamps[best] - stamp_ns) > slop_ns:
            return None
        return self._places[best]

    def between(self, begin_ns: int, end_ns: int) -> list[tuple[int, Place]]:
        """Return stamps and places from one stamp to another."""
        i, j = bisect_left(self._stamps, begin_ns), bisect_right(self._stamps, end_ns)
        return list(zip(self._stamps[i:j], self._places[i:j], strict=True))

    def forget_before(self, stamp_ns: int) -> None:
        """Free the memory of older ones, but for the newest of them."""
        drop = bisect_right(self._stamps, stamp_ns) - 1
        if drop > 0:
            del self._stamps[:drop], self._places[:drop]

    def rank(self) -> tuple[int, int, str]:
        """Return what sorts the likeliest topic first: named after its content, raw."""
        name = self.channel.topic
        raw = self.channel.msgtype.endswith('/Image')
        content = 'aligned' in name if self.depth else ('color' in name or 'rgb' in name)
        return (not content, not raw, name)


def shows_the_camera(topic: str) -> bool:
    """Return whether a topic of images is, by its name, a camera's."""
    return not any(word in topic for word in OTHER_PICTURES)
