"""The state of a running launch: configurations, environment, event queue and handlers."""

from __future__ import annotations

import asyncio
import collections
from collections.abc import Callable, Iterable, MutableMapping
import os
from typing import Any

from .event import Event
from .event_handler import BaseEventHandler
from .substitution import Substitution


class _Locals:
    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__.update(values)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"context.locals does not contain attribute '{name}', "
            f'it contains: [{", ".join(self.__dict__)}]'
        )

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"can't set attribute '{name}', locals are read-only")


class LaunchContext:
    """Handed to every entity that is visited and to every event handler."""

    def __init__(self, *, argv: Iterable[str] | None = None, noninteractive: bool = False) -> None:
        self.argv = list(argv or [])
        self.noninteractive = noninteractive
        self.launch_configurations: dict[str, Any] = {}
        self.is_shutdown = False
        self.asyncio_loop: asyncio.AbstractEventLoop | None = None
        self._events: collections.deque[Event] = collections.deque()
        self._event_handlers: collections.deque[BaseEventHandler] = collections.deque()
        self._completion_futures: list[asyncio.Future] = []
        self._wake_up: Callable[[], None] = lambda: None  # set by the service that runs
        self.__globals: dict[str, Any] = {}
        self.__locals: dict[str, Any] = {}
        self.__locals_stack: list[dict[str, Any]] = []
        self.__configurations_stack: list[dict[str, Any]] = []
        self.__environment_stack: list[dict[str, str]] = []
        self.__initial_environment = dict(os.environ)

    # Locals: what is known only where a visit happens, such as the event being handled.

    @property
    def locals(self) -> _Locals:
        """Globals and locals as read-only attributes."""
        return _Locals(self.get_locals_as_dict())

    def get_locals_as_dict(self) -> dict[str, Any]:
        """Return globals and locals; locals win."""
        return {**self.__globals, **self.__locals}

    def extend_globals(self, extensions: dict[str, Any]) -> None:
        """Add values that stay for the whole launch."""
        self.__globals.update(extensions)

    def extend_locals(self, extensions: dict[str, Any]) -> None:
        """Add values that stay until the event being processed is done with."""
        self.__locals.update(extensions)

    def _push_locals(self) -> None:
        self.__locals_stack.append(dict(self.__locals))

    def _pop_locals(self) -> None:
        self.__locals = self.__locals_stack.pop()

    # Scopes: what a group changes ends with the group.

    @property
    def environment(self) -> MutableMapping[str, str]:
        """The environment of this process, which children inherit."""
        return os.environ

    def _push_launch_configurations(self) -> None:
        self.__configurations_stack.append(dict(self.launch_configurations))

    def _pop_launch_configurations(self) -> None:
        self.launch_configurations = self.__configurations_stack.pop()

    def _push_environment(self) -> None:
        self.__environment_stack.append(dict(os.environ))

    def _pop_environment(self) -> None:
        self.__set_environment(self.__environment_stack.pop())

    def _reset_environment(self) -> None:
        self.__set_environment(self.__initial_environment)

    @staticmethod
    def __set_environment(environment: dict[str, str]) -> None:
        os.environ.clear()
        os.environ.update(environment)

    # Events

    def register_event_handler(
        self, event_handler: BaseEventHandler, append: bool = False
    ) -> None:
        """Add a handler before the others, or after them with `append`."""
        if append:
            self._event_handlers.append(event_handler)
        else:
            self._event_handlers.appendleft(event_handler)

    def unregister_event_handler(self, event_handler: BaseEventHandler) -> None:
        """Remove a handler.

        Raises:
            ValueError: it is not registered.
        """
        self._event_handlers.remove(event_handler)

    def would_handle_event(self, event: Event) -> bool:
        """Say whether any handler cares about the event."""
        return any(handler.matches(event) for handler in self._event_handlers)

    def emit_event_sync(self, event: Event) -> None:
        """Queue an event; may be called from any thread."""
        self._events.append(event)
        self._wake_up()

    async def emit_event(self, event: Event) -> None:
        """Queue an event."""
        self.emit_event_sync(event)

    def add_completion_future(self, completion_future: asyncio.Future) -> None:
        """Make the launch wait for something before it is over."""
        self._completion_futures.append(completion_future)
        self._wake_up()

    def perform_substitution(self, substitution: Substitution) -> str:
        """Make the text of a substitution."""
        return substitution.perform(self)
