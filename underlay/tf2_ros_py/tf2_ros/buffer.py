"""A buffer that can wait for a transform: with a timeout, or as a future."""

from collections.abc import Callable
from time import monotonic

from builtin_interfaces.msg import Time as TimeMsg
from geometry_msgs.msg import TransformStamped
from rclpy.clock import Clock, JumpThreshold, TimeJump
from rclpy.duration import Duration
from rclpy.logging import get_logger
from rclpy.node import Node
from rclpy.task import Future
from rclpy.time import Time

from tf2_ros.buffer_core import BufferCore, possible
from tf2_ros.exceptions import TransformException

Lookup = Callable[[], TransformStamped]

_NO_WAIT = Duration()


class Buffer(BufferCore):
    """The tf2 buffer of a node.

    A jump back of the node's clock (a simulation starts over, a bag loops) clears it. A timeout
    counts wall time, also under `use_sim_time`, and blocks the calling thread: from a callback
    of a single-threaded executor, wait with the `_async` methods.

    Args:
        cache_time: How long moving transforms are kept, 10 s by default.
        node: Whose clock to follow.
    """

    def __init__(self, cache_time: Duration | None = None, node: Node | None = None) -> None:
        super().__init__(cache_time)
        self._waiting: list[tuple[Lookup, Future]] = []
        self.clock = node.get_clock() if node else Clock()
        threshold = JumpThreshold(
            min_forward=None, min_backward=Duration(seconds=-1), on_clock_change=True
        )
        self.jump_handle = self.clock.create_jump_callback(
            threshold, post_callback=self.time_jump_callback
        )

    def time_jump_callback(self, time_jump: TimeJump) -> None:
        get_logger('tf2_buffer').warning('The clock jumped back or changed: clearing tf')
        self.clear()

    def lookup_transform(
        self,
        target_frame: str,
        source_frame: str,
        time: Time | TimeMsg,
        timeout: Duration = _NO_WAIT,
    ) -> TransformStamped:
        """T_target_source at a time, which maps coordinates in source to target.

        Args:
            target_frame: Frame to express things in.
            source_frame: Frame they are given in.
            time: When; 0 is the latest common time.
            timeout: How long to wait for the transform [wall time].

        Raises:
            TransformException: One of its subclasses says why there is none.
        """
        return self._wait_for(
            lambda: self.lookup_transform_core(target_frame, source_frame, time), timeout
        )

    def lookup_transform_full(
        self,
        target_frame: str,
        target_time: Time | TimeMsg,
        source_frame: str,
        source_time: Time | TimeMsg,
        fixed_frame: str,
        timeout: Duration = _NO_WAIT,
    ) -> TransformStamped:
        """T_target_source between two times, by way of a frame that does not move between them."""
        query = (target_frame, target_time, source_frame, source_time, fixed_frame)
        return self._wait_for(lambda: self.lookup_transform_full_core(*query), timeout)

    def can_transform(
        self,
        target_frame: str,
        source_frame: str,
        time: Time | TimeMsg,
        timeout: Duration = _NO_WAIT,
        return_debug_tuple: bool = False,
    ) -> bool | tuple[bool, str]:
        """Whether the transform exists, after waiting for it; with the reason why not if asked."""
        query = (target_frame, source_frame, time, timeout)
        answer = possible(lambda: self.lookup_transform(*query))
        return answer if return_debug_tuple else answer[0]

    def can_transform_full(
        self,
        target_frame: str,
        target_time: Time | TimeMsg,
        source_frame: str,
        source_time: Time | TimeMsg,
        fixed_frame: str,
        timeout: Duration = _NO_WAIT,
        return_debug_tuple: bool = False,
    ) -> bool | tuple[bool, str]:
        """`can_transform` between two times."""
        query = (target_frame, target_time, source_frame, source_time, fixed_frame, timeout)
        answer = possible(lambda: self.lookup_transform_full(*query))
        return answer if return_debug_tuple else answer[0]

    async def lookup_transform_async(
        self, target_frame: str, source_frame: str, time: Time | TimeMsg
    ) -> TransformStamped:
        """`lookup_transform` that awaits the transform without blocking the executor."""
        return await self.wait_for_transform_async(target_frame, source_frame, time)

    async def lookup_transform_full_async(
        self,
        target_frame: str,
        target_time: Time | TimeMsg,
        source_frame: str,
        source_time: Time | TimeMsg,
        fixed_frame: str,
    ) -> TransformStamped:
        """`lookup_transform_full` that awaits the transform without blocking the executor."""
        return await self.wait_for_transform_full_async(
            target_frame, target_time, source_frame, source_time, fixed_frame
        )

    def wait_for_transform_async(
        self, target_frame: str, source_frame: str, time: Time | TimeMsg
    ) -> Future:
        """A future of the transform; it never expires, cancel it to stop waiting."""
        return self._promise(lambda: self.lookup_transform_core(target_frame, source_frame, time))

    def wait_for_transform_full_async(
        self,
        target_frame: str,
        target_time: Time | TimeMsg,
        source_frame: str,
        source_time: Time | TimeMsg,
        fixed_frame: str,
    ) -> Future:
        """A future of the transform between two times."""
        query = (target_frame, target_time, source_frame, source_time, fixed_frame)
        return self._promise(lambda: self.lookup_transform_full_core(*query))

    def set_transform(self, transform: TransformStamped, authority: str) -> None:
        super().set_transform(transform, authority)
        self._wake()

    def set_transform_static(self, transform: TransformStamped, authority: str) -> None:
        super().set_transform_static(transform, authority)
        self._wake()

    def _wait_for(self, lookup: Lookup, timeout: Duration) -> TransformStamped:
        deadline = monotonic() + timeout.nanoseconds / 1e9
        with self._changed:
            while True:
                try:
                    return lookup()
                except TransformException:
                    remaining = deadline - monotonic()
                    if remaining <= 0.0:
                        raise
                self._changed.wait(remaining)

    def _promise(self, lookup: Lookup) -> Future:
        future: Future = Future()
        with self._changed:  # no transform may slip in between looking and waiting
            try:
                future.set_result(lookup())
            except TransformException:
                self._waiting.append((lookup, future))
        return future

    def _wake(self) -> None:
        """New data: let the blocked threads look again, and keep the promises it fulfils."""
        with self._changed:
            self._changed.notify_all()
            waiting, self._waiting = self._waiting, []
            ready = []
            for lookup, future in waiting:
                if future.done() or future.cancelled():
                    continue
                try:
                    ready.append((future, lookup()))
                except TransformException:
                    self._waiting.append((lookup, future))
        for future, transform in ready:
            future.set_result(transform)
