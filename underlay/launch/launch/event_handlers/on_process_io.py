"""Handle what a process writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TYPE_CHECKING

from ..events.process import ProcessIO
from ..launch_context import LaunchContext
from ..some_entities_type import SomeEntitiesType
from .on_process_event import OnProcessEvent

if TYPE_CHECKING:
    from ..actions import ExecuteProcess

_OnText = Callable[[ProcessIO], SomeEntitiesType | None]


class OnProcessIO(OnProcessEvent):
    """Calls a function with what a process has written to stdout or to stderr."""

    def __init__(
        self,
        *,
        target_action: Callable[[ExecuteProcess], bool] | ExecuteProcess | None = None,
        on_stdout: _OnText | None = None,
        on_stderr: _OnText | None = None,
        **kwargs: Any,
    ) -> None:

        def on_text(event: ProcessIO, context: LaunchContext) -> SomeEntitiesType | None:
            function = on_stdout if event.from_stdout else on_stderr
            return None if function is None else function(event)

        super().__init__(
            event_class=ProcessIO, target_action=target_action, on_event=on_text, **kwargs
        )
