"""Messages in, messages out: the frame tree behind a lock."""

from collections.abc import Callable
from math import isinf, isnan
from threading import Condition

from builtin_interfaces.msg import Time as TimeMsg
from geometry_msgs.msg import Quaternion, Transform, TransformStamped, Vector3
from rclpy.duration import Duration
from rclpy.logging import get_logger
from rclpy.time import Time
from std_msgs.msg import Header

from tf2_ros.exceptions import TransformException
from tf2_ros.frame_tree import FrameTree
from tf2_ros.rigid import canonical, compose, Rigid
from tf2_ros.time_cache import seconds

_DEFAULT_CACHE_TIME = Duration(seconds=10)


class BufferCore:
    """Keeps transforms and answers lookups; thread-safe, never waits.

    Args:
        cache_time: How long moving transforms are kept, 10 s by default.
    """

    def __init__(self, cache_time: Duration | None = None) -> None:
        self._tree = FrameTree((cache_time or _DEFAULT_CACHE_TIME).nanoseconds)
        self._changed = Condition()  # its lock guards the tree

    def set_transform(self, transform: TransformStamped, authority: str) -> None:
        """Add a moving transform; a malformed one is logged and ignored.

        Args:
            transform: T_parent_child of `header.frame_id` and `child_frame_id`.
            authority: Who sent it, for the log.
        """
        self._set(transform, authority, static=False)

    def set_transform_static(self, transform: TransformStamped, authority: str) -> None:
        """Add a transform that holds at every time."""
        self._set(transform, authority, static=True)

    def lookup_transform_core(
        self, target_frame: str, source_frame: str, time: Time | TimeMsg
    ) -> TransformStamped:
        """T_target_source at a time (0 = latest common time), without waiting.

        Raises:
            TransformException: One of its subclasses says why there is none.
        """
        with self._changed:
            transform, stamp = self._tree.lookup(target_frame, source_frame, _time_ns(time))
        return _message(target_frame, source_frame, transform, stamp)

    def lookup_transform_full_core(
        self,
        target_frame: str,
        target_time: Time | TimeMsg,
        source_frame: str,
        source_time: Time | TimeMsg,
        fixed_frame: str,
    ) -> TransformStamped:
        """T_target_source between two times, by way of a frame that does not move between them."""
        with self._changed:
            for frame in (target_frame, source_frame, fixed_frame):
                self._tree.check(frame)
            T_fixed_source, _ = self._tree.lookup(fixed_frame, source_frame, _time_ns(source_time))
            T_target_fixed, stamp = self._tree.lookup(
                target_frame, fixed_frame, _time_ns(target_time)
            )
        transform = compose(T_target_fixed, T_fixed_source)
        return _message(target_frame, source_frame, transform, stamp)

    def can_transform_core(
        self, target_frame: str, source_frame: str, time: Time | TimeMsg
    ) -> tuple[bool, str]:
        """Whether `lookup_transform_core` would succeed, and why not."""
        return possible(lambda: self.lookup_transform_core(target_frame, source_frame, time))

    def can_transform_full_core(
        self,
        target_frame: str,
        target_time: Time | TimeMsg,
        source_frame: str,
        source_time: Time | TimeMsg,
        fixed_frame: str,
    ) -> tuple[bool, str]:
        """Whether `lookup_transform_full_core` would succeed, and why not."""
        query = (target_frame, target_time, source_frame, source_time, fixed_frame)
        return possible(lambda: self.lookup_transform_full_core(*query))

    def get_latest_common_time(self, target_frame: str, source_frame: str) -> Time:
        """The newest time for which the whole path has data; 0 for a static path."""
        with self._changed:
            self._tree.check(target_frame)
            self._tree.check(source_frame)
            return Time(nanoseconds=self._tree.latest_common_time(target_frame, source_frame))

    def clear(self) -> None:
        """Forget all moving transforms; static ones stay."""
        with self._changed:
            self._tree.clear()

    def _set(self, msg: TransformStamped, authority: str, static: bool) -> None:
        parent = msg.header.frame_id.removeprefix('/')
        child = msg.child_frame_id.removeprefix('/')
        p, q = msg.transform.translation, msg.transform.rotation
        position, rotation = (p.x, p.y, p.z), (q.x, q.y, q.z, q.w)
        problem = _problem(parent, child, position, rotation)
        if not problem:
            stamp = _time_ns(msg.header.stamp)
            transform = (position, canonical(rotation))
            with self._changed:
                if not self._tree.insert(parent, child, stamp, transform, static):
                    problem = f'its time {seconds(stamp)} s is older than the buffer reaches'
        if problem:
            get_logger('tf2').warning(
                f'Ignoring the transform from "{parent}" to "{child}" of {authority}: {problem}'
            )


def _problem(
    parent: str,
    child: str,
    position: tuple[float, float, float],
    rotation: tuple[float, float, float, float],
) -> str | None:
    """What makes a transform unusable."""
    if not parent or not child:
        return 'frame_id or child_frame_id is empty'
    if parent == child:
        return 'a frame cannot be its own parent'
    if any(isnan(value) for value in position + rotation):
        return 'it contains NaN'
    if not any(rotation) or any(isinf(value) for value in rotation):
        return f'quaternion {rotation} cannot be brought to unit length'
    return None


def possible(lookup: Callable[[], TransformStamped]) -> tuple[bool, str]:
    """Whether a lookup succeeds, and why not."""
    try:
        lookup()
    except TransformException as error:
        return False, str(error)
    return True, ''


def _time_ns(time: Time | TimeMsg) -> int:
    if isinstance(time, Time):
        return time.nanoseconds
    if isinstance(time, TimeMsg):
        return time.sec * 10**9 + time.nanosec
    raise TypeError(f'time must be rclpy.time.Time or builtin_interfaces Time, not {time!r}')


def _message(target: str, source: str, transform: Rigid, stamp_ns: int) -> TransformStamped:
    (x, y, z), rotation = transform
    qx, qy, qz, qw = canonical(rotation)
    return TransformStamped(
        header=Header(
            stamp=TimeMsg(sec=stamp_ns // 10**9, nanosec=stamp_ns % 10**9), frame_id=target
        ),
        child_frame_id=source,
        transform=Transform(
            translation=Vector3(x=x, y=y, z=z),
            rotation=Quaternion(x=qx, y=qy, z=qz, w=qw),
        ),
    )
