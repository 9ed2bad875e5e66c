"""End the launch."""

from typing import Any

from ..events import Shutdown as ShutdownEvent
from ..events.process import ProcessExited
from ..launch_context import LaunchContext
from ..logging import get_logger
from .emit_event import EmitEvent


class Shutdown(EmitEvent):
    """Asks everything to end; `on_exit=Shutdown()` makes a process a required one."""

    def __init__(self, *, reason: str = 'reason not given', **kwargs: Any) -> None:
        super().__init__(event=ShutdownEvent(reason=reason), **kwargs)

    def execute(self, context: LaunchContext) -> None:
        event = context.get_locals_as_dict().get('event')
        if isinstance(event, ProcessExited):
            get_logger(__name__).info(
                f'process[{event.process_name}] was required: shutting down launched system'
            )
        super().execute(context)
