"""Tests that share a launch."""

from launch import LaunchDescription
from launch.actions import ExecuteProcess
import launch_pytest
from launch_pytest.actions import ReadyToTest
import pytest

seen = []
process = ExecuteProcess(cmd=['sleep', '60'])


@launch_pytest.fixture(scope='module')
def description():
    seen.append('launch')
    return LaunchDescription([process, ReadyToTest()])


@pytest.mark.launch(fixture=description, shutdown=True)
def test_this_runs_last_although_it_is_written_first():
    assert seen == ['launch', 'function', 'coroutine']
    assert process.return_code == -2


@pytest.mark.launch(fixture=description)
def test_a_function_shares_the_launch():
    seen.append('function')
    assert process.return_code is None


@pytest.mark.launch(fixture=description)
async def test_a_coroutine_shares_the_launch():
    seen.append('coroutine')
    assert process.return_code is None
