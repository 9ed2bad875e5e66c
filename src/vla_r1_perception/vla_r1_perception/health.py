"""How the reasoner does: counted as it happens, and told when asked."""

from collections import Counter
from dataclasses import dataclass
from enum import IntEnum
import os
from pathlib import Path
import sys
import threading

from vla_r1_core.errors import ReasonCode, ReasoningError

from vla_r1_perception.reply import Reply

_BROKEN = (ReasonCode.UNKNOWN, ReasonCode.BACKEND_FAILED)
"""Failures that say more about the model than about what it was asked."""
_WORKS = (
    ReasonCode.NONE,
    ReasonCode.OBJECT_NOT_FOUND,
    ReasonCode.MALFORMED_ANSWER,
    ReasonCode.LOW_CONFIDENCE,
)
"""Ends at which the model did say something."""
_STOPPED = (ReasonCode.PREEMPTED, ReasonCode.CANCELED)
_STATM = Path('/proc/self/statm')


class Level(IntEnum):
    """How bad it is, as in diagnostic_msgs/DiagnosticStatus."""

    OK = 0
    WARN = 1
    ERROR = 2


@dataclass(frozen=True)
class Now:
    """What is so at this moment.

    Attributes:
        state: of the lifecycle.
        backend: as in the parameter.
        model, weights_sha256: of what is loaded; empty when nothing is.
        waiting: requests that have not begun.
        thinking_s: [s] since the request that runs began; None when none does.
        image_age_s: [s] age of the newest image; None when there is none.
        camera_fault: why a request would get no fresh image; None when it would.
    """

    state: str
    backend: str
    model: str
    weights_sha256: str
    waiting: int
    thinking_s: float | None
    image_age_s: float | None
    camera_fault: ReasoningError | None


@dataclass(frozen=True)
class Report:
    """What is told: how bad it is, a few words, and names with values."""

    level: Level
    message: str
    values: tuple[tuple[str, str], ...]


class Health:
    """Counts; safe to call from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._codes: Counter[ReasonCode] = Counter()
        self._images: Counter[str] = Counter()
        self._lost_told = self._refused_told = 0
        self._broken = ''
        self._last_error = ''
        self._tokens_per_s: float | None = None
        self._first_token_s: float | None = None

    def image_came(self) -> None:
        """Count an image."""
        with self._lock:
            self._images['received'] += 1

    def images_lost(self, count: int) -> None:
        """Count images that were sent but never arrived."""
        with self._lock:
            self._images['lost'] += count

    def loaded(self) -> None:
        """Note that a model was loaded: what was broken before no longer is."""
        with self._lock:
            self._broken = ''

    def not_loaded(self, error: ReasoningError) -> None:
        """Note that a model could not be loaded, and that no other one is there."""
        with self._lock:
            self._broken = self._last_error = _told(error)

    def ended(self, reply: Reply, first_token_s: float | None) -> None:
        """Count a request by how it ended.

        Args:
            reply: to it.
            first_token_s: [s] until the model said something; None when it never did.
        """
        answer = reply.answer
        with self._lock:
            self._note(reply.error)
            if answer:
                tokens, seconds = answer.completion_tokens, reply.latency_s
                self._tokens_per_s = tokens / seconds if tokens and seconds else None
                self._first_token_s = first_token_s

    def failed(self, error: ReasoningError) -> None:
        """Count a request that ended without a reply."""
        with self._lock:
            self._note(error)

    def _note(self, error: ReasoningError | None) -> None:
        code = ReasonCode(error.code) if error else ReasonCode.NONE
        self._codes[code] += 1
        if code == ReasonCode.UNSUPPORTED_IMAGE:
            self._images['refused'] += 1
        if error and code not in _STOPPED:
            self._last_error = _told(error)
        # Once broken, it stays so until something works: a bad instruction proves nothing.
        if code in _BROKEN:
            self._broken = self._last_error
        elif code in _WORKS:
            self._broken = ''

    def report(self, now: Now) -> Report:
        """Return all counts beside what is so now, and how bad that is."""
        with self._lock:
            level, message = self._judge(now)
            self._lost_told = self._images['lost']
            self._refused_told = self._codes[ReasonCode.QUEUE_FULL]
            values = (
                ('state', now.state),
                ('backend', now.backend),
                ('model', now.model),
                ('weights sha256', now.weights_sha256),
                ('requests answered', str(self._codes[ReasonCode.NONE])),
                ('requests failed', str(self._count_failed())),
                ('requests preempted', str(self._codes[ReasonCode.PREEMPTED])),
                ('requests cancelled', str(self._codes[ReasonCode.CANCELED])),
                ('requests waiting', str(now.waiting)),
                ('failures by code', self._by_code()),
                ('last error', self._last_error),
                ('thinking for [s]', _number(now.thinking_s)),
                ('tokens per second, last answer', _number(self._tokens_per_s)),
                ('time to first token, last answer [s]', _number(self._first_token_s)),
                ('images received', str(self._images['received'])),
                ('images refused', str(self._images['refused'])),
                ('images lost', str(self._images['lost'])),
                ('image age [s]', _number(now.image_age_s)),
                ('memory [MB]', _number(_memory_mb())),
                ('GPU memory [MB]', _number(_gpu_memory_mb())),
            )
        return Report(level, message, values)

    def _judge(self, now: Now) -> tuple[Level, str]:
        if self._broken:
            return Level.ERROR, self._broken
        if now.state != 'active':
            return Level.WARN, f'{now.state}: no instruction is answered'
        if now.camera_fault:
            return Level.WARN, _told(now.camera_fault)
        lost = self._images['lost'] - self._lost_told
        if lost:
            return Level.WARN, f'{lost} images were lost on their way'
        refused = self._codes[ReasonCode.QUEUE_FULL] - self._refused_told
        if refused:
            return Level.WARN, f'{refused} instructions were refused: the queue was full'
        if now.thinking_s is not None:
            return Level.OK, 'thinks'
        return Level.OK, 'waits for an instruction'

    def _count_failed(self) -> int:
        fine = (ReasonCode.NONE, *_STOPPED)
        return sum(count for code, count in self._codes.items() if code not in fine)

    def _by_code(self) -> str:
        counts = sorted(self._codes.items())
        return ', '.join(f'{code.name} {count}' for code, count in counts if code)


def _told(error: ReasoningError) -> str:
    return f'{int(error.code)} {error.code.name}: {error}'


def _number(value: float | None) -> str:
    return '' if value is None else f'{value:.2f}'


def _memory_mb() -> float | None:
    """Return what this process holds of the memory, where the system tells."""
    if not _STATM.exists():
        return None
    return int(_STATM.read_text().split()[1]) * os.sysconf('SC_PAGE_SIZE') * 1e-6


def _gpu_memory_mb() -> float | None:
    """Return what torch holds of all GPUs' memory; it is not loaded just to ask."""
    torch = sys.modules.get('torch')
    cuda = getattr(torch, 'cuda', None)
    if cuda is None or not cuda.is_initialized():
        return None
    return sum(float(cuda.memory_reserved(gpu)) for gpu in range(cuda.device_count())) * 1e-6
