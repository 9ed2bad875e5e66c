"""Run launch descriptions: visit entities, process events, until nothing is left to wait for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
import logging
import signal
import threading
import traceback

from ._signals import handling_signals
from .actions import OpaqueFunction
from .event import Event
from .event_handler import EventHandler
from .event_handlers import OnShutdown
from .events import IncludeLaunchDescription, Shutdown
from .launch_context import LaunchContext
from .launch_description import LaunchDescription
from .logging import get_logger, launch_config, log_launch_config
from .utilities import normalize_to_list_of_entities, visit_all_entities_and_collect_futures


class LaunchService:
    """Launches what is included into it; runs in the main thread."""

    def __init__(
        self,
        *,
        argv: Iterable[str] | None = None,
        noninteractive: bool = False,
        debug: bool = False,
    ) -> None:
        """Make a service that does not run yet.

        Args:
            argv: arguments that entities find in the context.
            noninteractive: there is no terminal that sends Ctrl-C to the children too, so the
                service passes it on.
            debug: be verbose.
        """
        launch_config.level = logging.DEBUG if debug else logging.INFO
        self.__debug = debug
        self.__logger = get_logger('launch')
        self.__context = LaunchContext(argv=argv, noninteractive=noninteractive)
        self.__context.register_event_handler(
            EventHandler(
                matcher=lambda event: isinstance(event, IncludeLaunchDescription),
                entities=OpaqueFunction(function=_visit_included),
            )
        )
        self.__context.register_event_handler(OnShutdown(on_shutdown=self.__on_shutdown))
        self.__loop: asyncio.AbstractEventLoop | None = None
        self.__task: asyncio.Task | None = None
        self.__pending: list[asyncio.Future] = []
        self.__shutting_down = False
        self.__return_code = 0

    @property
    def context(self) -> LaunchContext:
        """The state of the launch."""
        return self.__context

    @property
    def event_loop(self) -> asyncio.AbstractEventLoop | None:
        """The loop that runs the service, None if it does not run."""
        return self.__loop

    @property
    def task(self) -> asyncio.Task | None:
        """The task that runs the service, or did so last."""
        return self.__task

    def emit_event(self, event: Event) -> None:
        """Queue an event; may be called from any thread, also before the service runs."""
        self.__context.emit_event_sync(event)

    def include_launch_description(self, launch_description: LaunchDescription) -> None:
        """Visit a launch description; may be called from any thread, also before running."""
        self.emit_event(IncludeLaunchDescription(launch_description))

    def shutdown(self, force_sync: bool = False) -> asyncio.Future | None:
        """Ask everything to end; does nothing if the service does not run.

        Called in the loop's thread, it returns something to be awaited (unless `force_sync`): the
        request is queued already, but not yet carried out.
        """
        loop = self.__loop
        if loop is None:
            return None
        self.__shutdown(reason='LaunchService.shutdown() called')
        if force_sync or threading.current_thread() is not threading.main_thread():
            return None
        queued = loop.create_future()
        queued.set_result(None)
        return queued

    def run(self, *, shutdown_when_idle: bool = True) -> int:
        """Launch until all has ended; return 0 if nothing went wrong in the launch itself."""
        return asyncio.run(self.run_async(shutdown_when_idle=shutdown_when_idle))

    async def run_async(self, *, shutdown_when_idle: bool = True) -> int:
        """Launch until all has ended; return 0 if nothing went wrong in the launch itself.

        Raises:
            RuntimeError: this is not the main thread, or the service runs already.
        """
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError('LaunchService can only be run in the main thread.')
        with self.__running() as wake_up:
            log_launch_config(logger=self.__logger)
            try:
                await self.__process_until_over(wake_up, shutdown_when_idle)
            except asyncio.CancelledError:
                self.__logger.error('run task was canceled')
                return 1
            return self.__return_code

    @contextmanager
    def __running(self) -> Iterator[asyncio.Event]:
        if self.__loop is not None:
            raise RuntimeError('LaunchService cannot be run multiple times concurrently.')
        loop = asyncio.get_running_loop()
        loop.set_debug(self.__debug)
        wake_up = asyncio.Event()
        self.__return_code = 0
        self.__loop, self.__task = loop, asyncio.current_task()
        self.__context.asyncio_loop = loop
        self.__context._wake_up = lambda: loop.call_soon_threadsafe(wake_up.set)
        try:
            with handling_signals(
                loop,
                {
                    signal.SIGINT: self.__on_sigint,
                    signal.SIGTERM: lambda: self.__on_sigterm(signal.SIGTERM),
                    signal.SIGQUIT: lambda: self.__on_sigterm(signal.SIGQUIT),
                },
            ):
                yield wake_up
        finally:
            self.__context._wake_up = lambda: None
            self.__context.asyncio_loop = None
            self.__loop = None
            self.__shutting_down = False

    async def __process_until_over(self, wake_up: asyncio.Event, shutdown_when_idle: bool) -> None:
        while True:
            try:
                while self.__context._events:
                    self.__process_event(self.__context._events.popleft())
                self.__collect_futures(wake_up)
            except Exception as error:  # noqa: BLE001 (whatever is raised ends the launch)
                self.__fail(error)
            if self.__context._events:
                continue
            if self.__pending:
                await wake_up.wait()
                wake_up.clear()
            elif self.__shutting_down:
                return
            elif shutdown_when_idle:
                self.__shutdown(reason='idle')
            else:
                await wake_up.wait()
                wake_up.clear()

    def __process_event(self, event: Event) -> None:
        for handler in tuple(self.__context._event_handlers):
            if not handler.matches(event):
                continue
            self.__context._push_locals()
            try:
                entities = handler.handle(event, self.__context) or []
                for entity in normalize_to_list_of_entities(entities):
                    for _, future in visit_all_entities_and_collect_futures(
                        entity, self.__context
                    ):
                        self.__context.add_completion_future(future)
            finally:
                self.__context._pop_locals()

    def __collect_futures(self, wake_up: asyncio.Event) -> None:
        """Start to wait for new futures; stop to wait for those done, and raise what they did."""
        new, self.__context._completion_futures[:] = (self.__context._completion_futures[:], [])
        for future in new:
            future.add_done_callback(lambda _: wake_up.set())
        futures = self.__pending + new
        self.__pending = [future for future in futures if not future.done()]
        errors = [
            future.exception() for future in futures if future.done() and not future.cancelled()
        ]
        for error in errors:
            if error is not None:
                raise error

    def __fail(self, error: Exception) -> None:
        self.__logger.debug(''.join(traceback.format_exception(error)))
        message = f'Caught exception in launch (see debug for traceback): {error}'
        self.__logger.error(message)
        self.__return_code = 1
        self.__shutdown(reason=message)

    def __shutdown(self, *, reason: str, due_to_sigint: bool = False) -> None:
        if not self.__shutting_down:
            self.__shutting_down = True
            self.__context.is_shutdown = True
            self.emit_event(Shutdown(reason=reason, due_to_sigint=due_to_sigint))

    def __on_shutdown(self, event: Event, context: LaunchContext) -> None:
        self.__shutting_down = True
        context.is_shutdown = True

    def __on_sigint(self) -> None:
        if self.__shutting_down:
            self.__logger.warning('user interrupted with ctrl-c (SIGINT) again, ignoring...')
            return
        self.__logger.warning('user interrupted with ctrl-c (SIGINT)')
        self.__shutdown(reason='ctrl-c (SIGINT)', due_to_sigint=True)

    def __on_sigterm(self, number: signal.Signals) -> None:
        """End like on Ctrl-C: nobody but us sends signals to the children."""
        self.__logger.error(f'user interrupted with {number.name}, terminating...')
        self.__return_code = 1
        self.__shutdown(reason=number.name)


def _visit_included(context: LaunchContext) -> list[LaunchDescription]:
    return [context.locals.event.launch_description]
