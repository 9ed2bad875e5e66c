"""The history of one frame: where it was in its parent, and which parent that was."""

from bisect import bisect_right

from tf2_ros.exceptions import ExtrapolationException
from tf2_ros.rigid import interpolate, Rigid

Edge = tuple[str, Rigid]
"""(parent frame, T_parent_child)"""


def seconds(time_ns: int) -> str:
    """Nanoseconds as exact seconds for a message."""
    return f'{time_ns // 10**9}.{time_ns % 10**9:09d}'


class StaticCache:
    """One transform that holds at every time, and survives `clear`."""

    def __init__(self) -> None:
        self._edge: Edge = ('', ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0)))

    def insert(self, time_ns: int, parent: str, transform: Rigid) -> bool:
        self._edge = (parent, transform)
        return True

    def at(self, time_ns: int) -> Edge:
        return self._edge

    def latest(self) -> tuple[int, str]:
        """Stamp 0: a static frame never limits the latest common time."""
        return 0, self._edge[0]

    def clear(self) -> None:
        """Keeps the transform: what never changes is right in any clock."""


class TimeCache:
    """The last `cache_time_ns` of a moving frame, oldest first."""

    def __init__(self, cache_time_ns: int) -> None:
        self._cache_time_ns = cache_time_ns
        self._stamps: list[int] = []
        self._edges: list[Edge] = []

    def insert(self, time_ns: int, parent: str, transform: Rigid) -> bool:
        """False when the data is older than the cache reaches."""
        stamps, edges = self._stamps, self._edges
        if stamps:
            horizon = stamps[-1] - self._cache_time_ns
            expired = 0
            while stamps[expired] < horizon:
                expired += 1
            del stamps[:expired], edges[:expired]
            if time_ns < horizon:
                return False
        i = bisect_right(stamps, time_ns)
        stamps.insert(i, time_ns)
        edges.insert(i, (parent, transform))
        return True

    def at(self, time_ns: int) -> Edge:
        """The frame's parent and pose at a time, interpolated between neighbours.

        Raises:
            ExtrapolationException: The time lies outside the data.
        """
        stamps = self._stamps
        i = bisect_right(stamps, time_ns)
        if i and stamps[i - 1] == time_ns:
            return self._edges[i - 1]
        if i == 0 or i == len(stamps):
            raise ExtrapolationException(self._why_not(time_ns))
        older, newer = self._edges[i - 1], self._edges[i]
        if older[0] != newer[0]:  # the frame changed its parent: there is no pose in between
            return older
        t0 = stamps[i - 1]
        ratio = (time_ns - t0) / (stamps[i] - t0)
        return older[0], interpolate(older[1], newer[1], ratio)

    def latest(self) -> tuple[int, str] | None:
        """Stamp [ns] and parent of the newest data."""
        return (self._stamps[-1], self._edges[-1][0]) if self._stamps else None

    def clear(self) -> None:
        self._stamps.clear()
        self._edges.clear()

    def _why_not(self, time_ns: int) -> str:
        stamps = self._stamps
        if not stamps:
            return f'Needs data at time {seconds(time_ns)} s, and the buffer holds none'
        if len(stamps) == 1:
            return (
                f'Needs extrapolation: asked for time {seconds(time_ns)} s, '
                f'and the only data is at time {seconds(stamps[0])} s'
            )
        if time_ns > stamps[-1]:
            return (
                f'Needs extrapolation into the future: asked for time {seconds(time_ns)} s, '
                f'and the newest data is at time {seconds(stamps[-1])} s'
            )
        return (
            f'Needs extrapolation into the past: asked for time {seconds(time_ns)} s, '
            f'and the oldest data is at time {seconds(stamps[0])} s'
        )
