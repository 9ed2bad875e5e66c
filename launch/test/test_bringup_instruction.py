"""`instruction:=` is carried out once all is up; `execute:=never` plans and does not move."""

from pathlib import Path
import time

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
import launch_pytest
from launch_pytest.actions import ReadyToTest
import pytest
import rclpy

from vla_r1_msgs.msg import Outcome, Reasoning

INSTRUCTION = 'pick up the green ball'
WAIT_S = 90.0


@launch_pytest.fixture
def bringup():
    launch_file = Path(get_package_share_directory('vla_r1'), 'launch', 'bringup.launch.py')
    arguments = {'sim': 'true', 'execute': 'never', 'namespace': 'cell'}
    arguments['instruction'] = INSTRUCTION
    return LaunchDescription(
        [
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(str(launch_file)),
                launch_arguments=arguments.items(),
            ),
            ReadyToTest(),
        ]
    )


@pytest.mark.launch(fixture=bringup)
def test_the_instruction_is_planned_in_its_namespace_and_nothing_moves():
    rclpy.init()
    node = rclpy.create_node('test_bringup_instruction')
    heard = {}
    for name, kind in (('reasoning', Reasoning), ('outcome', Outcome)):
        topic = f'/cell/{name}'
        node.create_subscription(kind, topic, lambda m, n=name: heard.__setitem__(n, m), 10)
    end = time.monotonic() + WAIT_S
    while 'outcome' not in heard and time.monotonic() < end:
        rclpy.spin_once(node, timeout_sec=0.1)
    node.destroy_node()
    rclpy.shutdown()

    assert heard['reasoning'].instruction == INSTRUCTION
    outcome = heard['outcome']
    assert (outcome.error_code, outcome.error_msg) == (0, '')
    assert outcome.request_id == heard['reasoning'].request_id
    assert len(outcome.planned.poses) > 10
    assert not outcome.executed.poses
