"""What is wrong is reported, and not taken for a success."""

import re
import subprocess
import sys

import pytest

CASES = """
from launch import LaunchDescription
from launch.actions import *
import launch_pytest
from launch_pytest.actions import ReadyToTest
import pytest

@launch_pytest.fixture
def good():
    return LaunchDescription([ExecuteProcess(cmd=['sleep', '60'])])

@launch_pytest.fixture
def no_description():
    return 5

@launch_pytest.fixture
def ready_twice():
    return LaunchDescription([ReadyToTest(), ReadyToTest()])

@pytest.mark.launch(fixture=good)
def test_good():
    pass

@pytest.mark.launch(fixture=good)
def test_bad():
    assert False

@pytest.mark.launch(fixture=good)
async def test_bad_coroutine():
    assert False

@pytest.mark.launch(fixture=good)
def test_bad_generator():
    yield
    assert False

@pytest.mark.launch(fixture=good)
async def test_bad_async_generator():
    yield
    assert False

@pytest.mark.launch(fixture=good)
def test_two_yields():
    yield
    yield

@pytest.mark.launch(fixture=good)
async def test_two_async_yields():
    yield
    yield

@pytest.mark.launch(fixture=no_description)
def test_no_description():
    pass

@pytest.mark.launch(fixture=ready_twice)
def test_ready_twice():
    pass
"""


@pytest.fixture(scope='module')
def report(tmp_path_factory):
    """What pytest says about the cases."""
    path = tmp_path_factory.mktemp('cases') / 'test_case.py'
    path.write_text(CASES)
    result = subprocess.run(
        [
            sys.executable,
            '-m',
            'pytest',
            '--import-mode=importlib',
            '-p',
            'no:cacheprovider',
            '-c',
            '/dev/null',
            '--rootdir',
            str(path.parent),
            '-rA',
            str(path),
        ],
        cwd=path.parent,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return result.stdout


@pytest.mark.parametrize(
    ('case', 'outcome'),
    [
        ('good', 'PASSED'),
        ('bad', 'FAILED'),
        ('bad_coroutine', 'FAILED'),
        ('bad_generator', 'FAILED'),
        ('bad_async_generator', 'FAILED'),
        ('two_yields', 'FAILED'),
        ('two_async_yields', 'FAILED'),
        ('no_description', 'ERROR'),
        ('ready_twice', 'ERROR'),
    ],
)
def test_what_is_good_passes_and_what_is_bad_does_not(report, case, outcome):
    assert re.findall(rf'^(\w+) test_case\.py::test_{case}\b', report, re.M) == [outcome]


def test_reports_say_what_is_wrong(report):
    assert 'must be either a launch description' in report
    assert 'only one ReadyToTest' in report
    assert 'must stop iteration after yielding once' in report
