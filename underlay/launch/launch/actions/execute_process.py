"""Run a child process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
import itertools
import os
import signal
import traceback
from typing import Any

from ..action import Action
from ..event_handler import EventHandler
from ..event_handlers import OnProcessExit, OnShutdown
from ..events import Shutdown
from ..events.process import (
    ProcessExited,
    ProcessStarted,
    ProcessStderr,
    ProcessStdout,
    ShutdownProcess,
    SignalProcess,
)
from ..launch_context import LaunchContext
from ..launch_description_entity import LaunchDescriptionEntity
from ..logging import get_logger
from ..some_entities_type import SomeEntitiesType
from ..some_substitutions_type import SomeSubstitutionsType
from ..substitution import Substitution
from ..substitutions import LaunchConfiguration
from ..utilities import (
    normalize_to_list_of_entities,
    normalize_to_list_of_substitutions,
    perform_substitutions,
)
from ..utilities.type_utils import normalize_typed_substitution, perform_typed_substitution
from ._child_process import ChildProcess
from ._command_line import CommandLine, SomeTexts
from ._process_output import ProcessOutput
from .opaque_function import OpaqueFunction

_count = itertools.count(1)
_SIGTERM_TIMEOUT = LaunchConfiguration('sigterm_timeout', default=5)
_SIGKILL_TIMEOUT = LaunchConfiguration('sigkill_timeout', default=5)


class ExecuteProcess(Action):
    """Starts a child, logs what it writes, respawns it if asked to, and ends it at shutdown.

    It emits ProcessStarted, ProcessStdout, ProcessStderr and ProcessExited, and obeys Shutdown,
    ShutdownProcess and SignalProcess.
    """

    def __init__(
        self,
        *,
        cmd: Iterable[SomeSubstitutionsType],
        name: SomeSubstitutionsType | None = None,
        cwd: SomeSubstitutionsType | None = None,
        env: SomeTexts | None = None,
        additional_env: SomeTexts | None = None,
        shell: bool = False,
        sigterm_timeout: SomeSubstitutionsType = _SIGTERM_TIMEOUT,
        sigkill_timeout: SomeSubstitutionsType = _SIGKILL_TIMEOUT,
        output: SomeSubstitutionsType | dict[str, Any] = 'log',
        cached_output: bool = False,
        on_exit: SomeEntitiesType | Callable[..., SomeEntitiesType | None] | None = None,
        respawn: bool | SomeSubstitutionsType = False,
        respawn_delay: float | None = None,
        respawn_max_retries: int = -1,
        **kwargs: Any,
    ) -> None:
        """Say what to run.

        Args:
            cmd: program and arguments.
            name: what logs call it, with a number added; by default the program's name.
            cwd: the folder to start in.
            env: the whole environment; by default that of the launch.
            additional_env: variables to add to it.
            shell: let a shell read the command.
            sigterm_timeout: how long after SIGINT to send SIGTERM [s].
            sigkill_timeout: how long after SIGTERM to send SIGKILL [s].
            output: where its output goes, see `launch.logging.get_output_loggers`.
            cached_output: keep the output for `get_stdout` and `get_stderr`.
            on_exit: entities, or a function of (event, context), for when it has ended.
            respawn: start it again when it ends other than by shutdown.
            respawn_delay: how long to wait before that [s].
            respawn_max_retries: how often; without limit if negative.
            kwargs: see Action.
        """
        super().__init__(**kwargs)
        self.__command = CommandLine(
            cmd=cmd, name=name, cwd=cwd, env=env, additional_env=additional_env
        )
        self.__shell = shell
        self.__timeouts = [
            normalize_to_list_of_substitutions(sigterm_timeout),
            normalize_to_list_of_substitutions(sigkill_timeout),
        ]
        self.__output_config = os.environ.get('OVERRIDE_LAUNCH_PROCESS_OUTPUT', output)
        self.__cached_output = cached_output
        self.__on_exit = on_exit
        self.__respawn = normalize_typed_substitution(respawn, bool)
        self.__respawn_delay = respawn_delay
        self.__respawns_left = respawn_max_retries
        self.__details: dict[str, Any] | None = None
        self.__child: ChildProcess | None = None
        self.__over: asyncio.Future | None = None

    @property
    def cmd(self) -> list[list[Substitution]]:
        """What program and arguments are made of."""
        return self.__command.cmd

    @property
    def name(self) -> list[Substitution] | None:
        """What the name is made of; once executed, see `process_details['name']`."""
        return self.__command.name

    @property
    def shell(self) -> bool:
        """Whether a shell reads the command."""
        return self.__shell

    @property
    def process_details(self) -> dict[str, Any] | None:
        """Name, cmd, cwd, env and, once it runs, pid; None before execution."""
        return self.__details

    @property
    def return_code(self) -> int | None:
        """The exit status, negative for a signal; None while it runs or before."""
        return None if self.__child is None else self.__child.returncode

    def get_stdout(self) -> str:
        """Return what was written to stdout so far.

        Raises:
            RuntimeError: it is not kept.
        """
        return self.__text(1)

    def get_stderr(self) -> str:
        """Return what was written to stderr so far.

        Raises:
            RuntimeError: it is not kept.
        """
        return self.__text(2)

    def __text(self, fd: int) -> str:
        if not self.__cached_output:
            raise RuntimeError('cached_output must be true to be able to get the output')
        return '' if self.__over is None else self.__output.text(fd)

    def get_sub_entities(self) -> list[LaunchDescriptionEntity]:
        if self.__on_exit is None or callable(self.__on_exit):
            return []
        return normalize_to_list_of_entities(self.__on_exit)

    def get_asyncio_future(self) -> asyncio.Future | None:
        return self.__over

    def execute(self, context: LaunchContext) -> list[LaunchDescriptionEntity] | None:
        """Start the child, unless the launch is being shut down.

        Raises:
            RuntimeError: it was executed before.
        """
        if self.__details is not None:
            raise RuntimeError(f'ExecuteProcess action executed more than once: {self.describe()}')
        cmd = self._expand_cmd(context)
        self.__details = {
            'action': self,
            'name': f'{self.__command.expand_name(context, cmd)}-{next(_count)}',
            'cmd': cmd,
            'cwd': self.__command.expand_cwd(context),
            'env': self.__command.expand_env(context),
        }
        if context.is_shutdown:
            return None
        self.__logger = get_logger(self.__details['name'])
        self.__output = ProcessOutput(
            self.__details['name'], self.__expand_output(context), self.__cached_output
        )
        self.__respawn = perform_typed_substitution(context, self.__respawn, bool)
        self.__timeouts = [float(perform_substitutions(context, t)) for t in self.__timeouts]
        self.__stop = asyncio.Event()
        self.__stop_needs_sigint = True
        self.__register_event_handlers(context)
        self.__over = context.asyncio_loop.create_task(self.__run(context))
        return None

    def _expand_cmd(self, context: LaunchContext) -> list[str]:
        """Return program and arguments; subclasses may add to them."""
        return self.__command.expand_cmd(context)

    def __expand_output(self, context: LaunchContext) -> Any:
        if isinstance(self.__output_config, dict):
            return self.__output_config
        return perform_substitutions(
            context, normalize_to_list_of_substitutions(self.__output_config)
        )

    def __register_event_handlers(self, context: LaunchContext) -> None:

        def on_targeted_event(do: Callable[[Any], None]) -> Callable[[LaunchContext], None]:
            def handle(context: LaunchContext) -> None:
                if context.locals.event.process_matcher(self):
                    do(context.locals.event)

            return handle

        context.register_event_handler(
            EventHandler(
                matcher=lambda event: isinstance(event, ShutdownProcess),
                entities=OpaqueFunction(
                    function=on_targeted_event(lambda event: self.__stop.set())
                ),
            )
        )
        context.register_event_handler(
            EventHandler(
                matcher=lambda event: isinstance(event, SignalProcess),
                entities=OpaqueFunction(
                    function=on_targeted_event(lambda event: self.__send_signal(event.signal))
                ),
            )
        )
        context.register_event_handler(OnShutdown(on_shutdown=self.__on_shutdown))
        if self.__on_exit is not None:
            context.register_event_handler(
                OnProcessExit(target_action=self, on_exit=self.__on_exit)
            )

    def __on_shutdown(self, event: Shutdown, context: LaunchContext) -> None:
        # Ctrl-C in a terminal reaches the children without us.
        if not self.__stop.is_set():
            self.__stop_needs_sigint = not event.due_to_sigint or context.noninteractive
            self.__stop.set()

    async def __run(self, context: LaunchContext) -> None:
        while not self.__stop.is_set() and not context.is_shutdown:
            try:
                await self.__run_once(context)
            except OSError:
                self.__logger.error(
                    f'exception occurred while executing process:\n{traceback.format_exc()}'
                )
                return
            if not self.__respawn or self.__respawns_left == 0:
                return
            self.__respawns_left -= 1
            if self.__respawn_delay:
                await _is_set_within(self.__stop, self.__respawn_delay)

    async def __run_once(self, context: LaunchContext) -> None:
        details = self.__details
        events = {1: ProcessStdout, 2: ProcessStderr}

        def on_start(pid: int) -> None:
            details['pid'] = pid
            self.__logger.info(f'process started with pid [{pid}]')
            context.emit_event_sync(ProcessStarted(**details))

        def on_output(fd: int, data: bytes) -> None:
            self.__output.feed(fd, data)
            context.emit_event_sync(events[fd](text=data, **details))

        self.__child = await ChildProcess.start(
            details['cmd'],
            shell=self.__shell,
            cwd=details['cwd'],
            env=details['env'],
            on_start=on_start,
            on_output=on_output,
        )
        stopping = asyncio.create_task(self.__stop_when_asked())
        try:
            returncode = await self.__child.wait()
        finally:
            stopping.cancel()
        self.__output.flush()
        pid = details['pid']
        if returncode == 0:
            self.__logger.info(f'process has finished cleanly [pid {pid}]')
        else:
            cmd = ' '.join(part for part in details['cmd'] if part.strip())
            self.__logger.error(
                f"process has died [pid {pid}, exit code {returncode}, cmd '{cmd}']."
            )
        context.emit_event_sync(ProcessExited(returncode=returncode, **details))

    async def __stop_when_asked(self) -> None:
        """Ask politely, then less politely."""
        await self.__stop.wait()
        if self.__stop_needs_sigint:
            self.__send_signal(signal.SIGINT)
        harder_signals = (('SIGINT', 'SIGTERM'), ('SIGTERM', 'SIGKILL'))
        for timeout, (sent, harder) in zip(self.__timeouts, harder_signals, strict=True):
            if await self.__child.exits_within(timeout):
                return
            self.__logger.error(
                f"process[{self.__details['name']}] failed to terminate '{timeout:g}' seconds "
                f"after receiving '{sent}', escalating to '{harder}'"
            )
            self.__send_signal(signal.Signals[harder])

    def __send_signal(self, number: signal.Signals) -> None:
        if self.__child is None:
            raise RuntimeError('Signal event received before the process was started.')
        if self.__child.returncode is None:
            self.__logger.info(
                f"sending signal '{number.name}' to process[{self.__details['name']}]"
            )
            self.__child.send_signal(number)


async def _is_set_within(event: asyncio.Event, timeout: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), timeout)
    except asyncio.TimeoutError:
        return False
    return True
