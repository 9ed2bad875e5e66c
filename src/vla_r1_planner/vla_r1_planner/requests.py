"""Requests that can be stopped at any moment, of which only the newest one runs."""

from collections.abc import Callable
import threading
import time
from typing import Generic, Protocol, TypeVar

from vla_r1_core.errors import MotionError, OutcomeCode

POLL_S = 0.01


class Stop:
    """Asks one request to end; thread-safe, and only the first call counts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._error: MotionError | None = None
        self._hooks: list[Callable[[], None]] = []

    def request(self, code: OutcomeCode, message: str) -> None:
        """Ask to end with this code; what is in progress is cancelled in the calling thread."""
        with self._lock:
            if self._error is not None:
                return
            self._error = MotionError(code, message)
            hooks = list(self._hooks)
        for hook in hooks:
            hook()

    @property
    def requested(self) -> bool:
        """Whether somebody asked to end."""
        return self._error is not None

    def check(self) -> None:
        """Raise the error that was asked for, if any."""
        if self._error is not None:
            raise self._error

    def add_hook(self, hook: Callable[[], None]) -> None:
        """Call hook at once when the stop comes; now if it already came."""
        with self._lock:
            if self._error is None:
                self._hooks.append(hook)
                return
        hook()

    def remove_hook(self, hook: Callable[[], None]) -> None:
        """Forget a hook."""
        with self._lock:
            if hook in self._hooks:
                self._hooks.remove(hook)


def soon(ready: Callable[[], bool], timeout_s: float, stop: Stop) -> bool:
    """Wait a little, and say whether it is ready: it may still be on its way.

    Raises:
        MotionError: that the stop asks for.
    """
    deadline = time.monotonic() + timeout_s
    while not ready():
        stop.check()
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True


class Request(Protocol):
    """What takes turns."""

    stop: Stop

    def start(self) -> None:
        """Begin to run, in another thread; at its end `Turnstile.leave` must be called."""


RequestT = TypeVar('RequestT', bound=Request)


class Turnstile(Generic[RequestT]):
    """Lets one request run at a time; a newer one stops it and takes its place."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: RequestT | None = None
        self._waiting: list[RequestT] = []

    def enter(self, request: RequestT) -> None:
        """Start the request, at once or when the ones before it, now stopped, have ended."""
        with self._lock:
            older = [r for r in (self._running, *self._waiting) if r is not None]
            if self._running is None:
                self._running = request
            else:
                self._waiting.append(request)
        for other in older:
            other.stop.request(OutcomeCode.PREEMPTED, 'a newer instruction took its place')
        if not older:
            request.start()

    def leave(self, request: RequestT) -> None:
        """Make room for the next one."""
        with self._lock:
            if self._running is not request:
                return
            self._running = self._waiting.pop(0) if self._waiting else None
            following = self._running
        if following is not None:
            following.start()

    @property
    def busy(self) -> bool:
        """Whether a request runs."""
        return self._running is not None

    def stop_all(self, code: OutcomeCode, message: str) -> int:
        """Stop whatever runs or waits; return how many requests that was."""
        with self._lock:
            active = [r for r in (self._running, *self._waiting) if r is not None]
        for request in active:
            request.stop.request(code, message)
        return len(active)
