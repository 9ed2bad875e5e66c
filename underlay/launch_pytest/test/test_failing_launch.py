"""A launch that failed fails its tests, even if they passed."""

import subprocess
import sys

CASE = """
from launch import LaunchDescription
from launch.actions import OpaqueFunction
import launch_pytest
from launch_pytest.actions import ReadyToTest
import pytest

@launch_pytest.fixture
def failing():
    return LaunchDescription([ReadyToTest(), OpaqueFunction(function=lambda context: 1 / 0)])

@pytest.mark.launch(fixture=failing)
def test_case():
    pass
"""


def test_a_launch_that_failed_is_an_error(tmp_path):
    path = tmp_path / 'test_case.py'
    path.write_text(CASE)
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
            str(tmp_path),
            str(path),
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 1
    assert 'launch service failed' in result.stdout
