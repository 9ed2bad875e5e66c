"""The second arm through bringup: the same words, other kinematics, limits and gripper."""

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
from std_srvs.srv import Trigger

from vla_r1_msgs.msg import Outcome

INSTRUCTION = 'pick up the red cube'
WAIT_S = 90.0


@launch_pytest.fixture
def bringup():
    launch_file = Path(get_package_share_directory('vla_r1'), 'launch', 'bringup.launch.py')
    arguments = {'sim': 'true', 'robot': 'piper', 'instruction': INSTRUCTION}
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
def test_the_piper_lifts_the_object_in_physics():
    rclpy.init()
    node = rclpy.create_node('test_bringup_piper')
    heard = []
    node.create_subscription(Outcome, '/outcome', heard.append, 10)
    verdict = node.create_client(Trigger, '/sim/verdict')
    end = time.monotonic() + WAIT_S
    while not heard and time.monotonic() < end:
        rclpy.spin_once(node, timeout_sec=0.1)
    future = verdict.call_async(Trigger.Request())
    rclpy.spin_until_future_complete(node, future, timeout_sec=10.0)
    node.destroy_node()
    rclpy.shutdown()

    assert [(outcome.error_code, outcome.error_msg) for outcome in heard] == [(0, '')]
    assert heard[0].verified == Outcome.VERIFIED
    assert future.result().success, future.result().message
