"""The tree of frames and the paths through it. Knows no ROS; times are integer nanoseconds."""

from tf2_ros.exceptions import (
    ConnectivityException,
    ExtrapolationException,
    InvalidArgumentException,
    LookupException,
)
from tf2_ros.rigid import compose, IDENTITY, inverse, Rigid
from tf2_ros.time_cache import StaticCache, TimeCache

LATEST = 0
"""As a time: the newest one for which the whole path has data."""


class FrameTree:
    """Frames by name, each with the history of its pose in its parent. Not thread-safe."""

    def __init__(self, cache_time_ns: int) -> None:
        self._cache_time_ns = cache_time_ns
        self._caches: dict[str, StaticCache | TimeCache] = {}
        self._names: dict[str, None] = {}  # an ordered set: parents are known without a cache

    def insert(
        self, parent: str, child: str, time_ns: int, transform: Rigid, static: bool
    ) -> bool:
        """Add T_parent_child at a time; False when it is older than the cache reaches."""
        self._names.setdefault(child)
        self._names.setdefault(parent)
        cache = self._caches.get(child)
        if cache is None or isinstance(cache, StaticCache) != static:
            cache = StaticCache() if static else TimeCache(self._cache_time_ns)
            self._caches[child] = cache
        return cache.insert(time_ns, parent, transform)

    def clear(self) -> None:
        """Forget all moving data; names and static frames stay."""
        for cache in self._caches.values():
            cache.clear()

    def names(self) -> list[str]:
        return list(self._names)

    def check(self, frame: str) -> None:
        """Raises: InvalidArgumentException, LookupException."""
        if not frame:
            raise InvalidArgumentException('A frame name is empty')
        if frame.startswith('/'):
            raise InvalidArgumentException(
                f'Frame "{frame}" starts with "/": use "{frame.lstrip("/")}"'
            )
        if frame not in self._names:
            known = ', '.join(sorted(self._names)) or 'none'
            raise LookupException(f'Frame "{frame}" does not exist (known frames: {known})')

    def lookup(self, target: str, source: str, time_ns: int) -> tuple[Rigid, int]:
        """T_target_source and the time it holds for.

        Raises:
            InvalidArgumentException, LookupException, ConnectivityException,
            ExtrapolationException: See `tf2_ros.exceptions`.
        """
        if target == source:  # needs no data, not even a known frame
            return IDENTITY, time_ns or self._latest_stamp(source)
        self.check(target)
        self.check(source)
        time_ns = time_ns or self.latest_common_time(target, source)

        from_source, source_gap = self._climb(source, time_ns, {target: IDENTITY})
        if target in from_source:
            return from_source[target], time_ns
        from_target, target_gap = self._climb(target, time_ns, from_source)
        common = next(reversed(from_target))
        if common not in from_source:
            gap = target_gap or source_gap
            if gap is None:
                raise self._unconnected(target, source)
            raise ExtrapolationException(
                f'{gap} (transform from frame "{source}" to frame "{target}")'
            )
        return compose(inverse(from_target[common]), from_source[common]), time_ns

    def latest_common_time(self, target: str, source: str) -> int:
        """The oldest of the newest stamps along the path [ns]; 0 for a static path.

        Raises:
            LookupException: The frames form a loop.
            ConnectivityException: There is no path.
        """
        if target == source:
            return self._latest_stamp(source)
        from_source = self._latest_stamps(source, {target: LATEST})
        from_target = self._latest_stamps(target, from_source)
        common = next(reversed(from_target))
        if common not in from_source:
            raise self._unconnected(target, source)
        moving = []
        for stamps in (from_source, from_target):
            for frame, stamp in stamps.items():
                if frame == common:
                    break
                if stamp:
                    moving.append(stamp)
        return min(moving, default=LATEST)

    def _climb(
        self, frame: str, time_ns: int, goals: dict[str, Rigid]
    ) -> tuple[dict[str, Rigid], ExtrapolationException | None]:
        """T_ancestor_frame for every ancestor up to the first goal, the root or a gap in time."""
        transform = IDENTITY
        climbed = {frame: transform}
        while frame not in goals:
            cache = self._caches.get(frame)
            if cache is None:
                break
            try:
                frame, step = cache.at(time_ns)
            except ExtrapolationException as gap:
                return climbed, gap
            if frame in climbed:
                raise self._loop(climbed)
            transform = compose(step, transform)
            climbed[frame] = transform
        return climbed, None

    def _latest_stamps(self, frame: str, goals: dict[str, int]) -> dict[str, int]:
        """Newest stamp [ns] of every ancestor up to the first goal or the root, which has 0."""
        stamps: dict[str, int] = {}
        while frame not in goals:
            cache = self._caches.get(frame)
            latest = cache.latest() if cache else None
            if latest is None:
                break
            stamps[frame], frame = latest
            if frame in stamps:
                raise self._loop(stamps)
        stamps[frame] = LATEST
        return stamps

    def _latest_stamp(self, frame: str) -> int:
        cache = self._caches.get(frame)
        latest = cache.latest() if cache else None
        return latest[0] if latest else LATEST

    def _loop(self, frames: dict[str, Rigid] | dict[str, int]) -> LookupException:
        return LookupException('The frames form a loop: ' + ' -> '.join(frames))

    def _unconnected(self, target: str, source: str) -> ConnectivityException:
        return ConnectivityException(
            f'Frames "{target}" and "{source}" both exist, but no transform joins their trees'
        )
