"""A stop that reaches whoever must know of it, at once."""

from collections.abc import Callable
import threading


class Stop:
    """Asked for at most once; listeners run in the thread of whoever asks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []
        self._requested = False

    def requested(self) -> bool:
        """Say whether a stop was asked for."""
        return self._requested

    def request(self) -> None:
        """Ask for the stop and tell all listeners."""
        with self._lock:
            first, self._requested = not self._requested, True
            listeners = list(self._listeners) if first else []
        for listener in listeners:
            listener()

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` when a stop is asked for, right away if it already was."""
        with self._lock:
            requested = self._requested
            self._listeners.append(listener)
        if requested:
            listener()
