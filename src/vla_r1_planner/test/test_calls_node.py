"""Calls of other nodes end with what was asked for, or say that it did not happen."""

import threading
import time

from control_msgs.action import GripperCommand
import pytest
import rclpy
from rclpy.action import ActionServer, CancelResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from vla_r1_core.errors import MotionError, OutcomeCode
from vla_r1_core.executor_node import PatientExecutor
from vla_r1_planner.calls_node import call_action, Calls, GoalClient
from vla_r1_planner.planner_node import PlannerNode
from vla_r1_planner.requests import Stop

from vla_r1_msgs.action import ExecuteInstruction


class Gripper:
    """An action server that goes on until the cancel that it heeds."""

    def __init__(self, node, heeds):
        self.cancels, self.heeds, self.over = 0, heeds, False
        self.server = ActionServer(
            node, GripperCommand, 'grip', self.move,
            cancel_callback=self.on_cancel, callback_group=ReentrantCallbackGroup(),
        )  # fmt: skip

    def on_cancel(self, _):
        self.cancels += 1
        return CancelResponse.ACCEPT if self.cancels == self.heeds else CancelResponse.REJECT

    def move(self, handle):
        while not handle.is_cancel_requested and not self.over:
            time.sleep(0.01)
        handle.canceled() if handle.is_cancel_requested else handle.abort()
        return GripperCommand.Result()


@pytest.fixture
def node():
    rclpy.init()
    node = rclpy.create_node('caller')
    executor = PatientExecutor(4)
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin, daemon=True)
    thread.start()
    yield node
    executor.shutdown()
    thread.join()
    node.destroy_node()
    rclpy.shutdown()


@pytest.mark.parametrize(
    ('heeds', 'code'), [(1, OutcomeCode.CANCELED), (3, OutcomeCode.CANCELED),
                        (99, OutcomeCode.GRIPPER_FAILED)],
)  # fmt: skip
def test_a_stop_is_asked_for_until_it_is_confirmed_or_said_not_to_be(node, heeds, code):
    gripper, calls, stop = Gripper(node, heeds), Calls(node), Stop()
    client = calls.action(GripperCommand, 'grip')
    timer = threading.Timer(0.5, stop.request, (OutcomeCode.CANCELED, 'cancelled'))
    timer.start()
    with pytest.raises(MotionError) as raised:
        call_action(
            client, 'grip', GripperCommand.Goal(), accept_timeout_s=5.0, timeout_s=60.0,
            code=OutcomeCode.GRIPPER_FAILED, stop=stop, moves=True,
        )  # fmt: skip
    gripper.over = True
    assert raised.value.code == code
    assert gripper.cancels == heeds or gripper.cancels > 10
    calls.close()
    gripper.server.destroy()


def test_a_cancel_that_is_quicker_than_the_goal_is_heeded(node):
    planner = PlannerNode()
    accepted = planner._accepted  # which rclpy calls only after it has answered the client

    def late(handle):
        time.sleep(0.5)
        accepted(handle)

    planner._server.register_handle_accepted_callback(late)
    node.executor.add_node(planner)
    client = GoalClient(node, ExecuteInstruction, 'execute_instruction')
    assert client.wait_for_server(10.0)
    handle = wait(client.send_goal_async(ExecuteInstruction.Goal(instruction='pick up a cube')))
    wait(handle.cancel_goal_async())
    outcome = wait(handle.get_result_async()).result.outcome
    assert outcome.error_code == OutcomeCode.CANCELED
    node.executor.remove_node(planner)
    client.destroy()
    planner.destroy_node()


def wait(future):
    done = threading.Event()
    future.add_done_callback(lambda _: done.set())
    assert done.wait(10.0)
    return future.result()
