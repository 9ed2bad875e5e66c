"""A goal's stop reaches it, however early the client's cancel comes."""

import threading
import time
from types import SimpleNamespace

from moveit_msgs.action import ExecuteTrajectory
from moveit_msgs.msg import MoveItErrorCodes
from moveit_ros_move_group.errors import Code, MoveItError
from moveit_ros_move_group.motion import Motion
import rclpy
from rclpy.action import ActionClient
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import MultiThreadedExecutor


def wait(future):
    done = threading.Event()
    future.add_done_callback(lambda _: done.set())
    assert done.wait(10.0)
    return future.result()


def work(_, __, stop):
    end = time.monotonic() + 5.0
    while time.monotonic() < end:
        if stop.requested():
            raise MoveItError(Code.PREEMPTED, 'The motion was stopped.')
        time.sleep(0.01)


def test_a_cancel_that_comes_before_the_goal_is_taken_up_stops_it():
    rclpy.init()
    node = rclpy.create_node('motion')
    parameters = SimpleNamespace(controllers=(), duration_scaling=1.2, duration_margin=0.5)
    context = SimpleNamespace(node=node, parameters=parameters, callbacks=ReentrantCallbackGroup())
    server = Motion(context).serve(ExecuteTrajectory, 'move', work, moves=lambda goal: True)
    taken_up = server._handle_accepted_callback  # which rclpy calls after it answered the client

    def late(handle):
        time.sleep(0.5)
        taken_up(handle)

    server.register_handle_accepted_callback(late)
    executor = MultiThreadedExecutor(4)
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin, daemon=True)
    thread.start()
    client = ActionClient(node, ExecuteTrajectory, 'move')
    assert client.wait_for_server(10.0)
    handle = wait(client.send_goal_async(ExecuteTrajectory.Goal()))
    wait(handle.cancel_goal_async())
    result = wait(handle.get_result_async()).result
    assert result.error_code.val == MoveItErrorCodes.PREEMPTED
    client.destroy()
    server.destroy()
    executor.shutdown()
    thread.join()
    node.destroy_node()
    rclpy.shutdown()
