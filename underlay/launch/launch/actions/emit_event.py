"""Let an event happen."""

from typing import Any

from ..action import Action
from ..event import Event
from ..launch_context import LaunchContext


class EmitEvent(Action):
    """Queues an event."""

    def __init__(self, *, event: Event, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(event, Event):
            raise RuntimeError(
                f"EmitEvent() expected a launch.Event instance, got '{type(event)}'."
            )
        self.__event = event

    @property
    def event(self) -> Event:
        """The event."""
        return self.__event

    def execute(self, context: LaunchContext) -> None:
        context.emit_event_sync(self.event)
