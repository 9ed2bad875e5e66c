"""How regularly a topic came: rate, drops and gaps, in memory that does not grow."""

from dataclasses import dataclass
import heapq
import math

_BINS_PER_FACTOR_OF_TWO = 32  # a bin is 2 % wide
_REGULAR_SHARE = 0.8  # of the intervals that are within a quarter of the typical one
_GAP_FACTOR = 2.5  # of the typical interval
_GAPS_KEPT = 16
_FEW = 10  # intervals say nothing about a rate


@dataclass(frozen=True)
class Gap:
    """An interval without a message: begin and end [ns]."""

    start_ns: int
    end_ns: int


@dataclass(frozen=True)
class TopicReport:
    """What a topic's messages show.

    Attributes:
        count, size: messages and their bytes.
        first_ns, last_ns: when recorded.
        rate_hz: by the typical interval between stamps; None unless the topic comes regularly.
        dropped: messages that are missing in between by that rate.
        gaps: the longest ones, in the order of time; those of a regular topic.
        backwards: messages stamped before the one before.
        announced: messages that the bag says it holds; None when it does not say.
        undecodable: messages that could not be decoded.
    """

    topic: str
    msgtype: str
    count: int
    size: int
    first_ns: int | None
    last_ns: int | None
    rate_hz: float | None
    dropped: int
    gaps: tuple[Gap, ...]
    backwards: int
    announced: int | None
    undecodable: int


class TopicAudit:
    """Counts the messages of one topic."""

    def __init__(self, topic: str, msgtype: str) -> None:
        self.topic = topic
        self.msgtype = msgtype
        self.undecodable = 0
        self._count = self._size = self._backwards = 0
        self._first_ns: int | None = None
        self._last_ns: int | None = None
        self._stamp_ns: int | None = None
        self._bins: dict[int, _Bin] = {}  # by the interval's logarithm
        self._longest: list[tuple[int, int]] = []  # heap of (interval, begin) [ns]

    def add(self, time_ns: int, size: int, stamp_ns: int | None) -> None:
        """Count a message: when it was recorded, its bytes, and its stamp if it has one."""
        self._count += 1
        self._size += size
        if self._first_ns is None:
            self._first_ns = time_ns
        self._last_ns = time_ns
        stamp = time_ns if stamp_ns is None else stamp_ns
        before, self._stamp_ns = self._stamp_ns, stamp
        if before is None:
            return
        interval = stamp - before
        if interval < 0:
            self._backwards += 1
        elif interval:
            key = round(math.log2(interval) * _BINS_PER_FACTOR_OF_TWO)
            self._bins.setdefault(key, _Bin()).add(interval)
            if len(self._longest) < _GAPS_KEPT:
                heapq.heappush(self._longest, (interval, before))
            elif interval > self._longest[0][0]:
                heapq.heapreplace(self._longest, (interval, before))

    def report(self, announced: int | None = None) -> TopicReport:
        """Return the figures so far."""
        typical = self._typical_ns()
        return TopicReport(
            self.topic,
            self.msgtype,
            self._count,
            self._size,
            self._first_ns,
            self._last_ns,
            1e9 / typical if typical else None,
            self._dropped(typical) if typical else 0,
            self._gaps(typical) if typical else (),
            self._backwards,
            announced,
            self.undecodable,
        )

    def _typical_ns(self) -> float | None:
        """Return the median interval [ns] if most intervals are about as long."""
        bins = [self._bins[key] for key in sorted(self._bins)]
        total, below = sum(b.count for b in bins), 0
        if total < _FEW:
            return None
        middle = bins[0]
        for middle in bins:
            below += middle.count
            if 2 * below >= total:
                break
        typical = middle.mean
        alike = sum(b.count for b in bins if 0.75 < b.mean / typical < 1.33)
        return typical if alike >= _REGULAR_SHARE * total else None

    def _dropped(self, typical: float) -> int:
        return sum(b.count * max(0, round(b.mean / typical) - 1) for b in self._bins.values())

    def _gaps(self, typical: float) -> tuple[Gap, ...]:
        long = [(begin, step) for step, begin in self._longest if step > _GAP_FACTOR * typical]
        return tuple(Gap(begin, begin + step) for begin, step in sorted(long))


@dataclass
class _Bin:
    """Intervals of about the same length [ns]."""

    count: int = 0
    total: int = 0

    def add(self, interval: int) -> None:
        self.count += 1
        self.total += interval

    @property
    def mean(self) -> float:
        return self.total / self.count
