"""One request at a time, and the newest wins."""

from collections.abc import Callable
from dataclasses import dataclass, field
import threading
import time
from typing import Any

from vla_r1_core.errors import ReasonCode, ReasoningError

PROGRESS_PERIOD_S = 0.05  # as fast as people can follow


@dataclass
class Request:
    """An instruction on its way to an answer.

    Attributes:
        request_id: joins all messages of this instruction.
        instruction, task: as given; the task may be any number.
        timeout_s: [s] from its start.
        on_progress: called with all text so far and the number of tokens, a few times a second:
            every message costs all who listen some milliseconds.
        is_canceled: whether the client wants no answer any more.
        text: all text so far.
        stop_reason: why it must stop, None as long as it need not.
        result: what became of it, once `done` is set.
    """

    request_id: str
    instruction: str
    task: int
    timeout_s: float
    on_progress: Callable[[str, int], None]
    is_canceled: Callable[[], bool] = lambda: False
    text: str = ''
    stop_reason: ReasoningError | None = None
    result: Any = None
    done: threading.Event = field(default_factory=threading.Event)
    _deadline: float = float('inf')
    _tokens: int = 0
    _told: float = -float('inf')
    _told_text: str = ''

    def start(self) -> None:
        """Let the time run."""
        self._deadline = time.monotonic() + self.timeout_s

    def stop(self, code: ReasonCode, why: str) -> None:
        """Ask the backend to stop; the first reason stays."""
        if self.stop_reason is None:
            self.stop_reason = ReasoningError(code, why)

    def should_stop(self) -> bool:
        """Whether the backend must stop now."""
        if self.is_canceled():
            self.stop(ReasonCode.CANCELED, 'the client cancelled the request')
        if time.monotonic() > self._deadline:
            self.stop(
                ReasonCode.TIMEOUT,
                f'no answer within {self.timeout_s:g} s; '
                'use a faster model or raise answer_timeout_s',
            )
        return self.stop_reason is not None

    def raise_if_stopped(self) -> None:
        """Raise the reason for which this request must stop, if there is one."""
        if self.should_stop() and self.stop_reason:
            raise self.stop_reason

    def on_token(self, text: str, tokens: int) -> None:
        """Take over the text so far."""
        self.text, self._tokens = text, tokens
        if time.monotonic() >= self._told + PROGRESS_PERIOD_S:
            self.tell()

    def tell(self) -> None:
        """Report the text so far unless that has been done."""
        if self.text != self._told_text:
            self._told, self._told_text = time.monotonic(), self.text
            self.on_progress(self.text, self._tokens)


class Worker:
    """The one thread that the model runs in, so that callbacks stay quick.

    Args:
        serve: answers a request; must not raise, and must return at once for a stopped one.
    """

    def __init__(self, serve: Callable[[Request], None]) -> None:
        self._serve = serve
        self._wake = threading.Condition()
        self._running: Request | None = None
        self._waiting: Request | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._work, name='reasoner', daemon=True)
        self._thread.start()

    def submit(self, request: Request) -> None:
        """Answer this next; older requests end as PREEMPTED."""
        with self._wake:
            replaced, self._waiting = self._waiting, request
            for older in (self._running, replaced):
                if older:
                    older.stop(ReasonCode.PREEMPTED, 'a newer instruction took its place')
            self._wake.notify()
        if replaced:
            self._serve(replaced)

    def stop_all(self, why: str) -> None:
        """Cancel what runs and what waits."""
        with self._wake:
            for request in (self._running, self._waiting):
                if request:
                    request.stop(ReasonCode.CANCELED, why)

    def close(self) -> None:
        """End the thread; a backend that does not poll is left behind."""
        self.stop_all('the reasoner is shutting down')
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._thread.join(timeout=2.0)

    def _work(self) -> None:
        while True:
            with self._wake:
                self._running = None
                self._wake.wait_for(lambda: self._closed or self._waiting)
                if self._waiting is None:
                    return
                self._running, self._waiting = self._waiting, None
            self._serve(self._running)
