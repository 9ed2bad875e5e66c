"""The pytest plugin: launch fixtures are launched, marked tests run beside what is launched."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from functools import partial
import inspect
from typing import Any

from launch import LaunchDescription, LaunchDescriptionEntity
import pytest

from .actions import ReadyToTest
from .fixture import finish, make_event_loop, make_launch_context, make_launch_service

event_loop = make_event_loop('function')
launch_service = make_launch_service('function')
launch_context = make_launch_context('function')


def pytest_configure(config: pytest.Config) -> None:
    """Describe the marker."""
    config.addinivalue_line(
        'markers',
        'launch(fixture, shutdown=False): run the test beside what the launch fixture launches, '
        'or after it has been shut down.',
    )


@pytest.fixture(autouse=True)
def _launched(request: pytest.FixtureRequest) -> None:
    """Launch what the test's marker asks for."""
    mark = request.node.get_closest_marker('launch')
    if mark is None:
        return
    if mark.kwargs.get('fixture') is None:
        pytest.fail('"fixture" keyword argument is required in a pytest.mark.launch() decorator')
    request.getfixturevalue(mark.kwargs['fixture'].__name__)


# A launch fixture


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_fixture_setup(fixturedef: Any, request: pytest.FixtureRequest) -> Iterator[None]:
    """Launch what a launch fixture returns, and wait until it is ready to be tested."""
    options = getattr(fixturedef.func, '_launch_pytest_options', None)
    if options is None:
        yield
        return
    service = request.getfixturevalue('launch_service')
    loop = request.getfixturevalue('event_loop')
    outcome = yield
    result = outcome.get_result()
    description = result[0] if isinstance(result, (list, tuple)) and result else result
    if not isinstance(description, LaunchDescription):
        pytest.fail(
            f"what launch_pytest fixture '{fixturedef.argname}' returns must be either a launch "
            'description or a sequence whose first item is one',
            pytrace=False,
        )
    ready = asyncio.Event()
    _find_ready_to_test(description)._add_callback(ready.set)
    fixturedef.addfinalizer(partial(finish, service, shut_down=options['auto_shutdown']))
    service.include_launch_description(description)
    running = loop.create_task(service.run_async(shutdown_when_idle=options['shutdown_when_idle']))
    loop.run_until_complete(_wait_until_ready(ready, running))


async def _wait_until_ready(ready: asyncio.Event, running: asyncio.Task) -> None:
    waiting = asyncio.ensure_future(ready.wait())
    await asyncio.wait([waiting, running], return_when=asyncio.FIRST_COMPLETED)
    if not ready.is_set():
        waiting.cancel()
        pytest.fail('the launch ended before it was ready to be tested')


def _find_ready_to_test(description: LaunchDescription) -> ReadyToTest:
    found = list(_iterate_ready_to_test(description.entities))
    if len(found) > 1:
        raise RuntimeError(
            'launch_pytest fixtures must return a LaunchDescription containing only one '
            'ReadyToTest action'
        )
    if not found:
        found = [ReadyToTest()]
        description.add_action(found[0])
    return found[0]


def _iterate_ready_to_test(
    entities: Iterable[LaunchDescriptionEntity],
) -> Iterator[ReadyToTest]:
    for entity in entities:
        if isinstance(entity, ReadyToTest):
            yield entity
        yield from _iterate_ready_to_test(entity.describe_sub_entities())
        for _, conditional in entity.describe_conditional_sub_entities():
            yield from _iterate_ready_to_test(conditional)


# A test


def _launch_fixture(item: pytest.Item) -> Callable | None:
    mark = item.get_closest_marker('launch')
    return None if mark is None else mark.kwargs.get('fixture')


def _is_shutdown_test(item: pytest.Item) -> bool:
    return item.get_closest_marker('launch').kwargs.get('shutdown', False)


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(
    collector: pytest.Collector, name: str, obj: object
) -> list[pytest.Item] | None:
    """Collect generators that are launch tests: pytest itself does not collect generators."""
    if not collector.funcnamefilter(name) or not inspect.isgeneratorfunction(obj):
        return None
    items = list(collector._genfunctions(name, obj))
    return items if items and _launch_fixture(items[0]) is not None else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put tests for after the shutdown behind the others that share their launch."""
    for item in list(items):
        fixture = _launch_fixture(item)
        if fixture is None or not _is_shutdown_test(item):
            continue
        if fixture._launch_pytest_options['scope'] == 'function':
            continue  # it has a launch of its own
        others = [
            index
            for index, other in enumerate(items)
            if _launch_fixture(other) is fixture and not _is_shutdown_test(other)
        ]
        if others and max(others) > items.index(item):
            items.insert(max(others), items.pop(items.index(item)))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a launch test while the event loop runs: functions in a thread, coroutines in it."""
    fixture = _launch_fixture(pyfuncitem)
    if fixture is None:
        return None
    options = fixture._launch_pytest_options
    loop = pyfuncitem._request.getfixturevalue('event_loop')
    service = pyfuncitem._request.getfixturevalue('launch_service')
    shut_down = partial(finish, service, shut_down=options['auto_shutdown'])
    names = pyfuncitem._fixtureinfo.argnames
    test = partial(pyfuncitem.obj, **{name: pyfuncitem.funcargs[name] for name in names})
    is_generator = inspect.isgeneratorfunction(pyfuncitem.obj) or inspect.isasyncgenfunction(
        pyfuncitem.obj
    )
    if _is_shutdown_test(pyfuncitem):
        if is_generator:
            pytest.fail(
                'a generator or async generator cannot have shutdown=True: it has both parts'
            )
        shut_down()
    if is_generator:
        if options['scope'] != 'function':
            pytest.fail(
                'tests that are generators need a launch fixture of function scope; here '
                'write a second test with shutdown=True'
            )
        _run_generator(loop, test(), shut_down)
    elif inspect.iscoroutinefunction(pyfuncitem.obj):
        loop.run_until_complete(test())
    else:
        loop.run_until_complete(loop.run_in_executor(None, test))
    return True


def _run_generator(
    loop: asyncio.AbstractEventLoop, generator: Any, shut_down: Callable[[], None]
) -> None:
    """Run a test whose part after the `yield` is for after the shutdown."""
    end = object()

    async def advance() -> object:
        if inspect.isasyncgen(generator):
            return await anext(generator, end)
        return await loop.run_in_executor(None, next, generator, end)

    loop.run_until_complete(advance())
    shut_down()
    if loop.run_until_complete(advance()) is not end:
        pytest.fail(
            'launch tests that are generators must stop iteration after yielding once',
            pytrace=False,
        )
