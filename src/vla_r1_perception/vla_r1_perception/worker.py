"""One request at a time: the newest, or each in its turn."""

from collections import deque
from collections.abc import Callable
import threading
import time

from vla_r1_core.errors import ReasonCode

from vla_r1_perception.request import Request

_WATCH_S = 0.02


class Worker:
    """The one thread that requests are served in, so that callbacks stay quick.

    Another thread ends those that are stopped while they wait; it sleeps when none does.

    Args:
        serve: answers a request; must not raise, and must return at once for a stopped one.
            Called by several threads.
    """

    def __init__(self, serve: Callable[[Request], None]) -> None:
        self._serve = serve
        self._changed = threading.Condition()
        self._running: Request | None = None
        self._waiting: deque[Request] = deque()
        self._closed = False
        self._threads = [
            threading.Thread(target=work, name=name, daemon=True)
            for name, work in (('reasoner', self._work), ('waiting requests', self._watch))
        ]
        for thread in self._threads:
            thread.start()

    @property
    def waiting(self) -> int:
        """Return how many requests have not begun."""
        return len(self._waiting)

    @property
    def running_s(self) -> float | None:
        """Return how long the request that runs has done so [s]; None when none does."""
        running = self._running
        return None if running is None else time.monotonic() - running.taken

    def submit_newest(self, request: Request) -> None:
        """Answer this next; older requests end as PREEMPTED."""
        with self._changed:
            replaced = list(self._waiting)
            for older in (*replaced, *([self._running] if self._running else [])):
                older.stop(ReasonCode.PREEMPTED, 'a newer instruction took its place')
            self._waiting.clear()
            self._waiting.append(request)
            self._changed.notify_all()
        for older in replaced:
            self._serve(older)

    def submit_queued(self, request: Request, queue_size: int) -> None:
        """Answer this when its turn comes; it ends as QUEUE_FULL if so many wait already."""
        with self._changed:
            full = len(self._waiting) + bool(self._running) > queue_size
            if full:
                request.stop(
                    ReasonCode.QUEUE_FULL,
                    f'{len(self._waiting)} instructions wait already; ask again later, or raise '
                    'queue_size',
                )
            else:
                self._waiting.append(request)
                self._changed.notify_all()
        if full:
            self._serve(request)

    def stop_all(self, why: str) -> None:
        """Cancel what runs and what waits."""
        with self._changed:
            for request in (*self._waiting, *([self._running] if self._running else [])):
                request.stop(ReasonCode.CANCELED, why)

    def close(self) -> None:
        """End the threads; a backend that does not poll is left behind."""
        self.stop_all('the reasoner is shutting down')
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(timeout=2.0)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._running = None
                self._changed.wait_for(lambda: self._closed or self._waiting)
                if not self._waiting:
                    return
                self._running = self._waiting.popleft()
                self._running.taken = time.monotonic()
            self._serve(self._running)

    def _watch(self) -> None:
        while not self._closed:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._waiting)
                ended = [request for request in self._waiting if request.should_stop()]
                for request in ended:
                    self._waiting.remove(request)
            for request in ended:
                self._serve(request)
            time.sleep(_WATCH_S)
