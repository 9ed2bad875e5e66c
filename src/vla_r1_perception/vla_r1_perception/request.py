"""An instruction on its way to an answer."""

from collections.abc import Callable
from dataclasses import dataclass, field
import threading
import time
from typing import Any

from vla_r1_core.errors import ReasonCode, ReasoningError

PROGRESS_PERIOD_S = 0.05  # as fast as people can follow


@dataclass
class Request:
    """What was asked, what has been said, and whether to go on.

    Attributes:
        request_id: joins all messages of this instruction.
        instruction, task: as given; the task may be any number.
        timeout_s: [s] from its start.
        on_progress: called with all text so far and the number of tokens, a few times a second:
            every message costs all who listen some milliseconds.
        on_begin: called when it leaves the queue, whatever becomes of it.
        is_canceled: whether the client wants no answer any more.
        text: all text so far.
        first_token_s: [s] from its start to the first token; None when there was none yet.
        taken: monotonic time [s] at which its turn came.
        stop_reason: why it must stop, None as long as it need not.
        result: what became of it, once `done` is set.
    """

    request_id: str
    instruction: str
    task: int
    timeout_s: float
    on_progress: Callable[[str, int], None]
    on_begin: Callable[[], None] = lambda: None
    is_canceled: Callable[[], bool] = lambda: False
    text: str = ''
    first_token_s: float | None = None
    taken: float = 0.0
    stop_reason: ReasoningError | None = None
    result: Any = None
    done: threading.Event = field(default_factory=threading.Event)
    _begun: float = 0.0
    _deadline: float = float('inf')
    _tokens: int = 0
    _told: float = -float('inf')
    _told_text: str = ''

    def start(self) -> None:
        """Let the time run."""
        self._begun = time.monotonic()
        self._deadline = self._begun + self.timeout_s

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
        if self.first_token_s is None:
            self.first_token_s = time.monotonic() - self._begun
        if time.monotonic() >= self._told + PROGRESS_PERIOD_S:
            self.tell()

    def tell(self) -> None:
        """Report the text so far unless that has been done."""
        if self.text != self._told_text:
            self._told, self._told_text = time.monotonic(), self.text
            self.on_progress(self.text, self._tokens)
