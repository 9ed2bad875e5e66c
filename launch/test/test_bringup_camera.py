"""`camera:=` names the camera of reasoner and planner, whose topics are its own."""

import subprocess
import time

from included import included
import launch_pytest
import pytest
from rcl_interfaces.srv import GetParameters
import rclpy

SUBSCRIBED = {
    '/camera/wrist/color/image_raw': 'reasoner',
    '/camera/wrist/color/camera_info': '_planner_inputs',
    '/mine/depth': '_planner_inputs',
}
WAIT_S = 90.0


@launch_pytest.fixture
def bringup():
    return included(camera='wrist', depth_topic='/mine/depth', backend='scripted')


@pytest.mark.launch(fixture=bringup)
def test_reasoner_and_planner_look_through_the_named_camera():
    rclpy.init()
    node = rclpy.create_node('test_bringup_camera')
    end = time.monotonic() + WAIT_S
    heard = {}
    while heard != SUBSCRIBED:
        assert time.monotonic() < end, heard
        infos = {topic: node.get_subscriptions_info_by_topic(topic) for topic in SUBSCRIBED}
        heard = {topic: info[0].node_name for topic, info in infos.items() if info}
        rclpy.spin_once(node, timeout_sec=0.1)
    for name in ('reasoner', 'planner'):
        client = node.create_client(GetParameters, f'{name}/get_parameters')
        assert client.wait_for_service(WAIT_S)
        answer = client.call_async(GetParameters.Request(names=['camera']))
        rclpy.spin_until_future_complete(node, answer, timeout_sec=WAIT_S)
        assert answer.result().values[0].string_value == 'wrist'
    node.destroy_node()
    rclpy.shutdown()


def test_a_camera_that_the_simulation_does_not_have_is_refused():
    command = ['ros2', 'launch', 'vla_r1', 'bringup.launch.py', 'sim:=true', 'camera:=rear']
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode
    assert 'at the table or at the wrist' in done.stdout + done.stderr
