"""Handle that the launched system is shut down."""

from collections.abc import Callable
from typing import Any

from ..event import Event
from ..event_handler import BaseEventHandler
from ..events import Shutdown
from ..launch_context import LaunchContext
from ..some_entities_type import SomeEntitiesType


class OnShutdown(BaseEventHandler):
    """Visits entities, or calls a function that returns some, when everything is to end."""

    def __init__(
        self,
        *,
        on_shutdown: (
            SomeEntitiesType | Callable[[Shutdown, LaunchContext], SomeEntitiesType | None]
        ),
        **kwargs: Any,
    ) -> None:
        super().__init__(matcher=lambda event: isinstance(event, Shutdown), **kwargs)
        self.__on_shutdown = on_shutdown

    def handle(self, event: Event, context: LaunchContext) -> SomeEntitiesType | None:
        super().handle(event, context)
        if callable(self.__on_shutdown):
            return self.__on_shutdown(event, context)
        return self.__on_shutdown
