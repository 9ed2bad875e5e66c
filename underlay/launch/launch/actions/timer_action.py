"""Do something later."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from ..action import Action
from ..event_handler import EventHandler
from ..event_handlers import OnShutdown
from ..events import TimerEvent
from ..launch_context import LaunchContext
from ..launch_description_entity import LaunchDescriptionEntity
from ..some_substitutions_type import SomeSubstitutionsType
from ..utilities.type_utils import normalize_typed_substitution, perform_typed_substitution
from .opaque_function import OpaqueFunction


class TimerAction(Action):
    """Yields actions when a period is over, unless it is cancelled before."""

    def __init__(
        self,
        *,
        period: float | SomeSubstitutionsType,
        actions: Iterable[LaunchDescriptionEntity],
        cancel_on_shutdown: bool | SomeSubstitutionsType = True,
        **kwargs: Any,
    ) -> None:
        """Set the timer up.

        Args:
            period: how long to wait [s].
            actions: what to do then.
            cancel_on_shutdown: do not keep a launch waiting that is shut down.
            kwargs: see Action.
        """
        super().__init__(**kwargs)
        if isinstance(period, (int, str)):
            period = float(period)
        self.__period = normalize_typed_substitution(period, float)
        self.__actions = list(actions)
        self.__cancel_on_shutdown = normalize_typed_substitution(cancel_on_shutdown, bool)
        self.__timer: asyncio.TimerHandle | None = None
        self.__over: asyncio.Future | None = None
        self.__cancelled = False

    @property
    def period(self) -> Any:
        """How long to wait [s], or what that is made of."""
        return self.__period

    @property
    def actions(self) -> list[LaunchDescriptionEntity]:
        """What to do then."""
        return self.__actions

    def describe_conditional_sub_entities(self) -> list:
        return [
            *super().describe_conditional_sub_entities(),
            (f'{self.describe()} has run out', self.__actions),
        ]

    def cancel(self) -> None:
        """Do nothing when the period is over."""
        self.__cancelled = True
        if self.__timer is not None and not self.__over.done():
            self.__timer.cancel()
            self.__over.set_result(None)

    def execute(self, context: LaunchContext) -> None:
        if self.__cancelled:
            return
        period = perform_typed_substitution(context, self.__period, float)
        event = TimerEvent(timer_action=self)
        here = context.get_locals_as_dict()
        entities = [
            OpaqueFunction(function=lambda context: context.extend_locals(here)),
            *self.__actions,
        ]
        context.register_event_handler(
            EventHandler(matcher=lambda other: other is event, entities=entities, handle_once=True)
        )
        self.__over = context.asyncio_loop.create_future()
        self.__timer = context.asyncio_loop.call_later(period, self.__run_out, context, event)
        if perform_typed_substitution(context, self.__cancel_on_shutdown, bool):
            context.register_event_handler(
                OnShutdown(on_shutdown=lambda event, context: self.cancel())
            )

    def __run_out(self, context: LaunchContext, event: TimerEvent) -> None:
        context.emit_event_sync(event)
        self.__over.set_result(None)

    def get_asyncio_future(self) -> asyncio.Future | None:
        return self.__over
