"""Handle an event of one process, of some, or of all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TYPE_CHECKING

from ..event import Event
from ..event_handler import BaseEventHandler
from ..launch_context import LaunchContext
from ..launch_description_entity import LaunchDescriptionEntity
from ..some_entities_type import SomeEntitiesType
from ..utilities import normalize_to_list_of_entities

if TYPE_CHECKING:
    from ..actions import ExecuteProcess


class OnProcessEvent(BaseEventHandler):
    """Visits entities, or calls a function that returns some, when a process event comes."""

    def __init__(
        self,
        *,
        event_class: type[Event],
        target_action: Callable[[ExecuteProcess], bool] | ExecuteProcess | None,
        on_event: SomeEntitiesType | Callable[[Any, LaunchContext], SomeEntitiesType | None],
        **kwargs: Any,
    ) -> None:
        """Say what to do.

        Args:
            event_class: the class of the events.
            target_action: the process, a function that says for each whether it is meant, or
                None for all.
            on_event: entities, or a function of (event, context) that may return some.
            kwargs: see BaseEventHandler.

        Raises:
            TypeError: the target or the entities are something else.
        """
        from ..actions import ExecuteProcess  # it imports us

        is_action = isinstance(target_action, ExecuteProcess)
        if not (is_action or target_action is None or callable(target_action)):
            raise TypeError("target_action must be an 'ExecuteProcess' instance or a callable")

        def matcher(event: Event) -> bool:
            if not isinstance(event, event_class):
                return False
            if callable(target_action):
                return target_action(event.action)
            return target_action in (None, event.action)

        super().__init__(matcher=matcher, **kwargs)
        self.__function = on_event if callable(on_event) else None
        self.__entities = [] if callable(on_event) else normalize_to_list_of_entities(on_event)

    def describe(self) -> tuple[str, list[LaunchDescriptionEntity]]:
        return type(self).__name__, self.__entities

    def handle(self, event: Event, context: LaunchContext) -> SomeEntitiesType | None:
        super().handle(event, context)
        return self.__function(event, context) if self.__function else self.__entities
