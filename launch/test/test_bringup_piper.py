"""The second arm through bringup: the same words, other kinematics, limits and gripper."""

import time

from included import included
import launch_pytest
import pytest
import rclpy
from std_srvs.srv import Trigger

from vla_r1_msgs.msg import Outcome

INSTRUCTION = 'pick up the red cube'
WAIT_S = 90.0


@launch_pytest.fixture
def bringup():
    return included(sim='true', robot='piper', instruction=INSTRUCTION)


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
