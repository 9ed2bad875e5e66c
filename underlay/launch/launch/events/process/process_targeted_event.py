"""Child processes are asked for something."""

from __future__ import annotations

from collections.abc import Callable
import signal
from typing import TYPE_CHECKING

from ...event import Event

if TYPE_CHECKING:
    from ...actions import ExecuteProcess


class ProcessTargetedEvent(Event):
    """Base class: which processes are meant."""

    name = 'launch.events.process.ProcessTargetedEvent'

    def __init__(self, *, process_matcher: Callable[[ExecuteProcess], bool]) -> None:
        self.process_matcher = process_matcher


class ShutdownProcess(ProcessTargetedEvent):
    """Asks processes to end: SIGINT, and harder signals if that does not help."""

    name = 'launch.events.process.ShutdownProcess'


class SignalProcess(ProcessTargetedEvent):
    """Asks for a signal to be sent to processes."""

    name = 'launch.events.process.SignalProcess'

    def __init__(
        self,
        *,
        signal_number: str | signal.Signals,
        process_matcher: Callable[[ExecuteProcess], bool],
    ) -> None:
        """Say which signal.

        Args:
            signal_number: the signal, or 'SIGKILL'.
            process_matcher: says for each process whether it is meant.
        """
        super().__init__(process_matcher=process_matcher)
        self.signal = (
            signal.Signals[signal_number] if isinstance(signal_number, str) else signal_number
        )

    @property
    def signal_name(self) -> str:
        """The name, such as 'SIGINT'."""
        return self.signal.name
