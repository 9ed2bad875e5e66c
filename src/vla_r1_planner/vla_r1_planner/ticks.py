"""Something done again and again while something else goes on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import threading


@contextmanager
def every(
    period_s: float, work: Callable[[], None], failed: Callable[[Exception], None]
) -> Iterator[None]:
    """Call `work` every period_s [s] in a thread of its own for as long as the context lasts.

    Not a ROS timer: one that runs all the time wakes the node's executor for nothing, and one
    that is cancelled just when it is due takes rclpy's executor down.

    Args:
        period_s: [s] on the wall clock.
        work: called one at a time.
        failed: told when `work` raises; it is not called any more then.
    """
    over = threading.Event()

    def run() -> None:
        try:
            while not over.wait(period_s):
                work()
        except Exception as error:  # noqa: BLE001 - nobody else would hear of it
            failed(error)

    thread = threading.Thread(target=run, name='ticks', daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
