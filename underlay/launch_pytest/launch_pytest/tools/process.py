"""Wait for what a process writes, for its start and for its end.

Every function takes the launch context, the action of the process and a timeout [s] (None: no
limit). Those named `_sync` are for tests that are plain functions, the others for coroutines. The
output of a process is known only if its action has `cached_output=True`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from launch import LaunchContext
from launch.actions import ExecuteProcess
from launch.event_handlers import OnProcessExit, OnProcessIO, OnProcessStart


async def wait_for_output(
    launch_context: LaunchContext,
    execute_process_action: ExecuteProcess,
    validate_output: Callable[[str], Any],
    timeout: float | None = None,
) -> Any:
    """Wait until `validate_output` returns something true for stdout; return what it returned."""
    return await _wait_for_text(
        launch_context,
        execute_process_action,
        execute_process_action.get_stdout,
        validate_output,
        timeout,
    )


async def wait_for_stderr(
    launch_context: LaunchContext,
    execute_process_action: ExecuteProcess,
    validate_output: Callable[[str], Any],
    timeout: float | None = None,
) -> Any:
    """Wait until `validate_output` returns something true for stderr; return what it returned."""
    return await _wait_for_text(
        launch_context,
        execute_process_action,
        execute_process_action.get_stderr,
        validate_output,
        timeout,
    )


async def assert_output(
    launch_context: LaunchContext,
    execute_process_action: ExecuteProcess,
    validate_output: Callable[[str], Any],
    timeout: float | None = None,
) -> None:
    """Wait until `validate_output` does not raise AssertionError for stdout; else raise it."""
    text = execute_process_action.get_stdout
    if not await _wait_for_text(
        launch_context, execute_process_action, text, _holds(validate_output), timeout
    ):
        validate_output(text())


async def assert_stderr(
    launch_context: LaunchContext,
    execute_process_action: ExecuteProcess,
    validate_output: Callable[[str], Any],
    timeout: float | None = None,
) -> None:
    """Wait until `validate_output` does not raise AssertionError for stderr; else raise it."""
    text = execute_process_action.get_stderr
    if not await _wait_for_text(
        launch_context, execute_process_action, text, _holds(validate_output), timeout
    ):
        validate_output(text())


async def wait_for_start(
    launch_context: LaunchContext,
    execute_process_action: ExecuteProcess,
    timeout: float | None = None,
) -> bool:
    """Wait until the process runs; return whether it does, or has done so."""

    def has_started() -> bool:
        return 'pid' in (execute_process_action.process_details or {})

    return await _wait(
        launch_context,
        lambda notify: OnProcessStart(
            target_action=execute_process_action, on_start=lambda event, context: notify()
        ),
        has_started,
        timeout,
    )


async def wait_for_exit(
    launch_context: LaunchContext,
    execute_process_action: ExecuteProcess,
    timeout: float | None = None,
) -> bool:
    """Wait until the process has ended; return whether it has."""
    exits = []

    def has_ended() -> bool:
        over = execute_process_action.get_asyncio_future()
        return bool(exits) or (over is not None and over.done())

    return await _wait(
        launch_context,
        lambda notify: OnProcessExit(
            target_action=execute_process_action,
            on_exit=lambda event, context: (exits.append(event), notify())[1],
        ),
        has_ended,
        timeout,
    )


def _sync(wait: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
    """Return a function for tests that run in a thread beside the event loop."""

    def wait_sync(launch_context: LaunchContext, *args: Any, **kwargs: Any) -> Any:
        waiting = wait(launch_context, *args, **kwargs)
        loop = launch_context.asyncio_loop
        if loop is None:  # the launch is over: the answer is known already
            return asyncio.run(waiting)
        return asyncio.run_coroutine_threadsafe(waiting, loop).result()

    wait_sync.__name__ = f'{wait.__name__}_sync'
    wait_sync.__doc__ = wait.__doc__
    return wait_sync


wait_for_output_sync = _sync(wait_for_output)
wait_for_stderr_sync = _sync(wait_for_stderr)
assert_output_sync = _sync(assert_output)
assert_stderr_sync = _sync(assert_stderr)
wait_for_start_sync = _sync(wait_for_start)
wait_for_exit_sync = _sync(wait_for_exit)


def _holds(validate: Callable[[str], Any]) -> Callable[[str], bool]:

    def holds(text: str) -> bool:
        try:
            validate(text)
        except AssertionError:
            return False
        return True

    return holds


async def _wait_for_text(
    context: LaunchContext,
    action: ExecuteProcess,
    text: Callable[[], str],
    validate: Callable[[str], Any],
    timeout: float | None,
) -> Any:
    return await _wait(
        context,
        lambda notify: OnProcessIO(
            target_action=action,
            on_stdout=lambda event: notify(),
            on_stderr=lambda event: notify(),
        ),
        lambda: validate(text()),
        timeout,
    )


async def _wait(
    context: LaunchContext,
    make_handler: Callable[[Callable[[], None]], Any],
    condition: Callable[[], Any],
    timeout: float | None,
) -> Any:
    """Wait until the condition holds, looking again when the handler is called."""
    happened = asyncio.Event()
    handler = make_handler(happened.set)
    context.register_event_handler(handler, append=True)

    async def until_it_holds() -> Any:
        while not (value := condition()):
            await happened.wait()
            happened.clear()
        return value

    try:
        return await asyncio.wait_for(until_it_holds(), timeout)
    except asyncio.TimeoutError:
        return condition()
    finally:
        context.unregister_event_handler(handler)
