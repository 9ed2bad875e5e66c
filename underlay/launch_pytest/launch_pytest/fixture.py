"""Fixtures that return what is to be launched, and those that launch it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
import sys
from typing import Any

from launch import LaunchService
import pytest


def fixture(
    decorated: Callable | None = None,
    *args: Any,
    shutdown_when_idle: bool = True,
    auto_shutdown: bool = True,
    **kwargs: Any,
) -> Any:
    """Decorate a fixture that returns a LaunchDescription, or a tuple that begins with one.

    With a scope wider than a function, fixtures of that scope for the event loop and the launch
    service are put into the caller's module, unless it has its own.

    Args:
        decorated: the fixture function.
        args: see pytest.fixture.
        shutdown_when_idle: end the launch when nothing is left to wait for.
        auto_shutdown: end the launch after the tests; else they must see to it.
        kwargs: see pytest.fixture.
    """
    scope = kwargs.get('scope', 'function')
    if scope != 'function':
        module = sys._getframe(1).f_globals
        for name, make in _MAKERS.items():
            if getattr(module.get(name), '_launch_pytest_made', True):
                module[name] = make(scope)

    def decorate(function: Callable) -> Any:
        function._launch_pytest_options = {
            'scope': scope,
            'shutdown_when_idle': shutdown_when_idle,
            'auto_shutdown': auto_shutdown,
        }
        return pytest.fixture(*args, **kwargs)(function)

    return decorate if decorated is None else decorate(decorated)


def finish(launch_service: LaunchService, *, shut_down: bool) -> None:
    """Wait for the end of a launch, and see that it went well."""
    if shut_down:
        launch_service.shutdown(force_sync=True)
    task = launch_service.task
    if task is None:
        return
    return_code = task.get_loop().run_until_complete(task) if not task.done() else task.result()
    assert return_code == 0, f"launch service failed, return code '{return_code}'"


def make_event_loop(scope: str) -> Any:
    """Return the fixture of the event loop."""

    @pytest.fixture(scope=scope)
    def event_loop():
        """Run launch and coroutine tests."""
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        yield loop
        asyncio.set_event_loop(None)
        loop.close()

    return _made(event_loop)


def make_launch_service(scope: str) -> Any:
    """Return the fixture of the launch service."""

    @pytest.fixture(scope=scope)
    def launch_service(event_loop):
        """Launch what the launch fixture returns."""
        service = LaunchService()
        yield service
        finish(service, shut_down=True)

    return _made(launch_service)


def make_launch_context(scope: str) -> Any:
    """Return the fixture of the launch context."""

    @pytest.fixture(scope=scope)
    def launch_context(launch_service):
        """Return the state of the launch."""
        return launch_service.context

    return _made(launch_context)


def _made(made: Any) -> Any:
    made._launch_pytest_made = True
    return made


_MAKERS = {
    'event_loop': make_event_loop,
    'launch_service': make_launch_service,
    'launch_context': make_launch_context,
}
