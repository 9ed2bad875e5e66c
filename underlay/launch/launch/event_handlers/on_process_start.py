"""Handle that a process has been started."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TYPE_CHECKING

from ..events.process import ProcessStarted
from ..launch_context import LaunchContext
from ..some_entities_type import SomeEntitiesType
from .on_process_event import OnProcessEvent

if TYPE_CHECKING:
    from ..actions import ExecuteProcess


class OnProcessStart(OnProcessEvent):
    """Visits entities, or calls a function that returns some, when a process has been started."""

    def __init__(
        self,
        *,
        target_action: Callable[[ExecuteProcess], bool] | ExecuteProcess | None = None,
        on_start: (
            SomeEntitiesType | Callable[[ProcessStarted, LaunchContext], SomeEntitiesType | None]
        ),
        **kwargs: Any,
    ) -> None:
        super().__init__(
            event_class=ProcessStarted, target_action=target_action, on_event=on_start, **kwargs
        )
