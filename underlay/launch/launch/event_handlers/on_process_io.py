"""Handle what a process writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Optional, Union

from ..events.process import ProcessIO
from ..launch_context import LaunchContext
from ..some_entities_type import SomeEntitiesType
from .on_process_event import OnProcessEvent

if TYPE_CHECKING:
    from ..actions import ExecuteProcess

_OnText = Callable[[ProcessIO], Optional[SomeEntitiesType]]


class OnProcessIO(OnProcessEvent):
    """Calls a function with what a process has written to stdout or to stderr."""

    def __init__(
        self,
        *,
        target_action: Optional[Union[Callable[[ExecuteProcess], bool], ExecuteProcess]] = None,
        on_stdout: Optional[_OnText] = None,
        on_stderr: Optional[_OnText] = None,
        **kwargs: Any,
    ) -> None:

        def on_text(event: ProcessIO, context: LaunchContext) -> Optional[SomeEntitiesType]:
            function = on_stdout if event.from_stdout else on_stderr
            return None if function is None else function(event)

        super().__init__(
            event_class=ProcessIO, target_action=target_action, on_event=on_text, **kwargs)
