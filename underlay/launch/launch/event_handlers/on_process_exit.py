"""Handle that a process has ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TYPE_CHECKING

from ..events.process import ProcessExited
from ..launch_context import LaunchContext
from ..some_entities_type import SomeEntitiesType
from .on_process_event import OnProcessEvent

if TYPE_CHECKING:
    from ..actions import ExecuteProcess


class OnProcessExit(OnProcessEvent):
    """Visits entities, or calls a function that returns some, when a process has ended."""

    def __init__(
        self,
        *,
        target_action: Callable[[ExecuteProcess], bool] | ExecuteProcess | None = None,
        on_exit: (
            SomeEntitiesType | Callable[[ProcessExited, LaunchContext], SomeEntitiesType | None]
        ),
        **kwargs: Any,
    ) -> None:
        super().__init__(
            event_class=ProcessExited, target_action=target_action, on_event=on_exit, **kwargs
        )
