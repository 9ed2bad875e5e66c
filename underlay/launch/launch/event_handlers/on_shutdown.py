"""Handle that the launched system is shut down."""

from typing import Any, Callable, Optional, Union

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
        on_shutdown: Union[
            SomeEntitiesType, Callable[[Shutdown, LaunchContext], Optional[SomeEntitiesType]]],
        **kwargs: Any,
    ) -> None:
        super().__init__(matcher=lambda event: isinstance(event, Shutdown), **kwargs)
        self.__on_shutdown = on_shutdown

    def handle(self, event: Event, context: LaunchContext) -> Optional[SomeEntitiesType]:
        super().handle(event, context)
        if callable(self.__on_shutdown):
            return self.__on_shutdown(event, context)
        return self.__on_shutdown
