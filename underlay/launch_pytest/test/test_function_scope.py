"""Tests with a launch of their own."""

import time

from launch import LaunchDescription
from launch.actions import ExecuteProcess, TimerAction
import launch_pytest
from launch_pytest.actions import ReadyToTest
from launch_pytest.tools import process as tools
import pytest


@pytest.fixture
def talker():
    """Return a process that says something, and ends well when it is interrupted."""
    return ExecuteProcess(
        cmd=[
            'sh',
            '-c',
            'trap "exit 0" INT; echo hello; echo oops >&2; while true; do sleep 0.05; done',
        ],
        cached_output=True,
        sigterm_timeout='2',
    )


@launch_pytest.fixture
def description(talker):
    return LaunchDescription([talker, ReadyToTest()])


@pytest.mark.launch(fixture=description)
def test_a_function_runs_beside_the_launch(talker, launch_context):
    assert tools.wait_for_output_sync(
        launch_context, talker, lambda text: text == 'hello\n', timeout=10
    )
    assert talker.return_code is None


@pytest.mark.launch(fixture=description)
async def test_a_coroutine_runs_beside_the_launch(talker, launch_context):
    assert await tools.wait_for_stderr(
        launch_context, talker, lambda text: text == 'oops\n', timeout=10
    )
    assert talker.return_code is None


@pytest.mark.launch(fixture=description)
def test_a_generator_goes_on_after_the_shutdown(talker, launch_context):
    tools.wait_for_output_sync(launch_context, talker, lambda text: text, timeout=10)
    yield
    assert talker.return_code == 0


@pytest.mark.launch(fixture=description)
async def test_an_async_generator_goes_on_after_the_shutdown(talker, launch_context):
    await tools.wait_for_output(launch_context, talker, lambda text: text, timeout=10)
    yield
    assert talker.return_code == 0


@pytest.mark.launch(fixture=description, shutdown=True)
def test_a_test_may_begin_after_the_shutdown(talker):
    assert talker.return_code is not None


@pytest.mark.launch(fixture=description)
async def test_output_that_is_never_right_is_an_assertion_error(talker, launch_context):
    def is_goodbye(text):
        assert text == 'goodbye'

    with pytest.raises(AssertionError):
        await tools.assert_output(launch_context, talker, is_goodbye, timeout=0.3)
    assert not await tools.wait_for_output(
        launch_context, talker, lambda text: text == 'goodbye', timeout=0.3
    )


@pytest.mark.launch(fixture=description)
def test_output_that_becomes_right_is_waited_for(talker, launch_context):
    def is_hello(text):
        assert text == 'hello\n'

    tools.assert_output_sync(launch_context, talker, is_hello, timeout=10)


@pytest.mark.launch(fixture=description)
def test_an_end_that_does_not_come_is_waited_for_no_longer_than_told(talker, launch_context):
    begin = time.monotonic()
    assert not tools.wait_for_exit_sync(launch_context, talker, timeout=0.3)
    assert 0.25 < time.monotonic() - begin < 5


@pytest.fixture
def sleeper():
    return ExecuteProcess(cmd=['sh', '-c', 'sleep 0.7; exit 5'])


@launch_pytest.fixture
def with_more_than_a_description(sleeper):
    return LaunchDescription([sleeper, ReadyToTest()]), 'and more'


@pytest.mark.launch(fixture=with_more_than_a_description)
async def test_the_end_of_a_process_is_waited_for(
    with_more_than_a_description, sleeper, launch_context
):
    assert with_more_than_a_description[1] == 'and more'
    assert await tools.wait_for_exit(launch_context, sleeper, timeout=10)
    assert sleeper.return_code == 5


@launch_pytest.fixture
def ready_late(times):
    times.append(time.monotonic())
    return LaunchDescription(
        [ExecuteProcess(cmd=['sleep', '60']), TimerAction(period=0.5, actions=[ReadyToTest()])]
    )


@pytest.fixture
def times():
    return []


@pytest.mark.launch(fixture=ready_late)
def test_tests_begin_when_the_launch_says_so(times):
    assert time.monotonic() - times[0] >= 0.5
