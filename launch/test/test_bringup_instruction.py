"""`instruction:=` is carried out once all is up; `execute:=never` plans and does not move."""

import time

from action_msgs.msg import GoalStatus, GoalStatusArray
from included import included
import launch_pytest
import pytest
import rclpy
from rclpy.qos import qos_profile_action_status_default

from vla_r1_msgs.action import ExecuteInstruction

INSTRUCTION = 'pick up the green box'
WAIT_S = 90.0


@launch_pytest.fixture
def bringup():
    return included(sim='true', execute='never', namespace='cell', instruction=INSTRUCTION)


@pytest.mark.launch(fixture=bringup)
def test_the_instruction_is_planned_in_its_namespace_and_nothing_moves():
    rclpy.init()
    node = rclpy.create_node('test_bringup_instruction')
    try:
        outcome = outcome_of_the_first_goal(node, '/cell/execute_instruction/_action')
    finally:
        node.destroy_node()
        rclpy.shutdown()

    assert outcome.instruction == INSTRUCTION
    assert (outcome.error_code, outcome.error_msg) == (0, '')
    assert len(outcome.planned.poses) > 10
    assert not outcome.executed.poses


def outcome_of_the_first_goal(node, action):
    """Ask the server for it: a message may pass before this node has found its publisher."""
    heard = []
    node.create_subscription(
        GoalStatusArray, f'{action}/status', heard.append, qos_profile_action_status_default
    )
    kind = ExecuteInstruction.Impl.GetResultService
    client = node.create_client(kind, f'{action}/get_result')
    end = time.monotonic() + WAIT_S
    while not (heard and heard[-1].status_list):
        assert time.monotonic() < end, 'no goal was sent'
        rclpy.spin_once(node, timeout_sec=0.1)
    goal_id = heard[-1].status_list[0].goal_info.goal_id
    assert client.wait_for_service(end - time.monotonic())
    answer = client.call_async(kind.Request(goal_id=goal_id))
    rclpy.spin_until_future_complete(node, answer, timeout_sec=end - time.monotonic())
    assert answer.result().status == GoalStatus.STATUS_SUCCEEDED
    return answer.result().result.outcome
