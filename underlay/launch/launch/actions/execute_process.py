"""Run a child process."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import traceback
from typing import Any, Callable, Dict, Iterable, List, Optional, Union

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
from ._process_output import ProcessOutput
from .opaque_function import OpaqueFunction

_count = itertools.count(1)
_Texts = Dict[SomeSubstitutionsType, SomeSubstitutionsType]


class ExecuteProcess(Action):
    """Starts a child, logs what it writes, respawns it if asked to, and ends it at shutdown.

    It emits ProcessStarted, ProcessStdout, ProcessStderr and ProcessExited, and obeys Shutdown,
    ShutdownProcess and SignalProcess.
    """

    def __init__(
        self,
        *,
        cmd: Iterable[SomeSubstitutionsType],
        name: Optional[SomeSubstitutionsType] = None,
        cwd: Optional[SomeSubstitutionsType] = None,
        env: Optional[_Texts] = None,
        additional_env: Optional[_Texts] = None,
        shell: bool = False,
        sigterm_timeout: SomeSubstitutionsType = LaunchConfiguration(
            'sigterm_timeout', default=5),
        sigkill_timeout: SomeSubstitutionsType = LaunchConfiguration(
            'sigkill_timeout', default=5),
        output: Union[SomeSubstitutionsType, Dict[str, Any]] = 'log',
        cached_output: bool = False,
        on_exit: Optional[
            Union[SomeEntitiesType, Callable[..., Optional[SomeEntitiesType]]]] = None,
        respawn: Union[bool, SomeSubstitutionsType] = False,
        respawn_delay: Optional[float] = None,
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
        self.__cmd = [normalize_to_list_of_substitutions(part) for part in cmd]
        self.__name = None if name is None else normalize_to_list_of_substitutions(name)
        self.__cwd = None if cwd is None else normalize_to_list_of_substitutions(cwd)
        self.__env = None if env is None else _normalize_dict(env)
        self.__additional_env = _normalize_dict(additional_env or {})
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
        self.__details: Optional[Dict[str, Any]] = None
        self.__child: Optional[ChildProcess] = None
        self.__over: Optional[asyncio.Future] = None

    @property
    def cmd(self) -> List[List[Substitution]]:
        """What program and arguments are made of."""
        return self.__cmd

    @property
    def name(self) -> Optional[List[Substitution]]:
        """What the name is made of; once executed, see `process_details['name']`."""
        return self.__name

    @property
    def shell(self) -> bool:
        """Whether a shell reads the command."""
        return self.__shell

    @property
    def process_details(self) -> Optional[Dict[str, Any]]:
        """Name, cmd, cwd, env and, once it runs, pid; None before execution."""
        return self.__details

    @property
    def return_code(self) -> Optional[int]:
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

    def get_sub_entities(self) -> List[LaunchDescriptionEntity]:
        if self.__on_exit is None or callable(self.__on_exit):
            return []
        return normalize_to_list_of_entities(self.__on_exit)

    def get_asyncio_future(self) -> Optional[asyncio.Future]:
        return self.__over

    def execute(self, context: LaunchContext) -> Optional[List[LaunchDescriptionEntity]]:
        """Start the child, unless the launch is being shut down.

        Raises:
            RuntimeError: it was executed before.
        """
        if self.__details is not None:
            raise RuntimeError(f'ExecuteProcess action executed more than once: {self.describe()}')
        cmd = self._expand_cmd(context)
        name = (
            os.path.basename(cmd[0]) if self.__name is None
            else perform_substitutions(context, self.__name))
        self.__details = {
            'action': self,
            'name': f'{name}-{next(_count)}',
            'cmd': cmd,
            'cwd': None if self.__cwd is None else perform_substitutions(context, self.__cwd),
            'env': self.__expand_env(context),
        }
        if context.is_shutdown:
            return None
        self.__logger = get_logger(self.__details['name'])
        self.__output = ProcessOutput(
            self.__details['name'], self.__expand_output(context), self.__cached_output)
        self.__respawn = perform_typed_substitution(context, self.__respawn, bool)
        self.__timeouts = [float(perform_substitutions(context, t)) for t in self.__timeouts]
        self.__stop = asyncio.Event()
        self.__stop_needs_sigint = True
        self.__register_event_handlers(context)
        self.__over = context.asyncio_loop.create_task(self.__run(context))
        return None

    def _expand_cmd(self, context: LaunchContext) -> List[str]:
        """Return program and arguments; subclasses may add to them."""
        return [perform_substitutions(context, part) for part in self.__cmd]

    def __expand_env(self, context: LaunchContext) -> Dict[str, str]:
        env = dict(context.environment) if self.__env is None else {}
        for name, value in [*(self.__env or []), *self.__additional_env]:
            env[perform_substitutions(context, name)] = perform_substitutions(context, value)
        return env

    def __expand_output(self, context: LaunchContext) -> Any:
        if isinstance(self.__output_config, dict):
            return self.__output_config
        return perform_substitutions(
            context, normalize_to_list_of_substitutions(self.__output_config))

    def __register_event_handlers(self, context: LaunchContext) -> None:

        def on_targeted_event(do: Callable[[Any], None]) -> Callable[[LaunchContext], None]:
            def handle(context: LaunchContext) -> None:
                if context.locals.event.process_matcher(self):
                    do(context.locals.event)
            return handle

        context.register_event_handler(EventHandler(
            matcher=lambda event: isinstance(event, ShutdownProcess),
            entities=OpaqueFunction(function=on_targeted_event(lambda event: self.__stop.set())),
        ))
        context.register_event_handler(EventHandler(
            matcher=lambda event: isinstance(event, SignalProcess),
            entities=OpaqueFunction(
                function=on_targeted_event(lambda event: self.__send_signal(event.signal))),
        ))
        context.register_event_handler(OnShutdown(on_shutdown=self.__on_shutdown))
        if self.__on_exit is not None:
            context.register_event_handler(
                OnProcessExit(target_action=self, on_exit=self.__on_exit))

    def __on_shutdown(self, event: Shutdown, context: LaunchContext) -> None:
        # Ctrl-C in a terminal reaches the children without us.
        if not self.__stop.is_set():
            self.__stop_needs_sigint = not event.due_to_sigint or context.noninteractive
            self.__stop.set()

    async def __run(self, context: LaunchContext) -> None:
        while not self.__stop.is_set():
            try:
                await self.__run_once(context)
            except OSError:
                self.__logger.error(
                    f'exception occurred while executing process:\n{traceback.format_exc()}')
                return
            if not self.__respawn or self.__respawns_left == 0 or context.is_shutdown:
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
            details['cmd'], shell=self.__shell, cwd=details['cwd'], env=details['env'],
            on_start=on_start, on_output=on_output)
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
                f"process has died [pid {pid}, exit code {returncode}, cmd '{cmd}'].")
        context.emit_event_sync(ProcessExited(returncode=returncode, **details))

    async def __stop_when_asked(self) -> None:
        """Ask politely, then less politely."""
        await self.__stop.wait()
        if self.__stop_needs_sigint:
            self.__send_signal(signal.SIGINT)
        steps = zip(self.__timeouts, ('SIGINT', 'SIGTERM'), ('SIGTERM', 'SIGKILL'))
        for timeout, sent, harder in steps:
            if await self.__child.exits_within(timeout):
                return
            self.__logger.error(
                f"process[{self.__details['name']}] failed to terminate '{timeout:g}' seconds "
                f"after receiving '{sent}', escalating to '{harder}'")
            self.__send_signal(signal.Signals[harder])

    def __send_signal(self, number: signal.Signals) -> None:
        if self.__child is None:
            raise RuntimeError('Signal event received before the process was started.')
        if self.__child.returncode is None:
            self.__logger.info(
                f"sending signal '{number.name}' to process[{self.__details['name']}]")
            self.__child.send_signal(number)


async def _is_set_within(event: asyncio.Event, timeout: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), timeout)
    except asyncio.TimeoutError:
        return False
    return True


def _normalize_dict(texts: _Texts) -> List[tuple]:
    return [
        (normalize_to_list_of_substitutions(name), normalize_to_list_of_substitutions(value))
        for name, value in texts.items()
    ]
