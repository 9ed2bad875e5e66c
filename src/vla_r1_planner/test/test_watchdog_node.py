"""The watchdog stops the arm when the planner dies, and only then."""

import os
from pathlib import Path
import signal
import subprocess
import sys
import threading
import time

from ament_index_python.packages import get_package_prefix
from control_msgs.action import FollowJointTrajectory
from moveit_msgs.action import ExecuteTrajectory
import pytest
import rclpy
from rclpy.action import ActionClient, ActionServer, CancelResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import MultiThreadedExecutor

ACTIONS = {
    'arm_controller/follow_joint_trajectory': FollowJointTrajectory,
    'execute_trajectory': ExecuteTrajectory,
}
PACKAGE = Path(get_package_prefix('vla_r1_planner')) / 'lib' / 'vla_r1_planner'
# The interpreter holds its lock and never spins.
BUSY = """
import rclpy
from vla_r1_planner import alive_node
where = {where}
alive_node.here = lambda: where
rclpy.init()
node = rclpy.create_node('busy')
publisher = alive_node.give_sign_of_life(node)
while True:
    sum(range(10**8))
"""


class Robot:
    """Action servers that never finish a goal by themselves, and a client that sends one each."""

    def __init__(self):
        self.node = rclpy.create_node('robot')
        self.executor = MultiThreadedExecutor(6)
        self.executor.add_node(self.node)
        self.cancelled = set()
        self.said = []  # by the watchdog, line by line
        group = ReentrantCallbackGroup()
        self.servers = [
            ActionServer(
                self.node,
                kind,
                name,
                execute_callback=self.run(name, kind),
                cancel_callback=lambda _: CancelResponse.ACCEPT,
                callback_group=group,
            )
            for name, kind in ACTIONS.items()
        ]
        self.clients = {name: ActionClient(self.node, ACTIONS[name], name) for name in ACTIONS}

    def run(self, name, kind):
        def execute(handle):
            while not handle.is_cancel_requested:
                if not rclpy.ok():
                    return kind.Result()
                time.sleep(0.01)
            self.cancelled.add(name)
            handle.canceled()
            return kind.Result()

        return execute

    def move(self):
        self.cancelled.clear()
        for name, client in self.clients.items():
            assert client.wait_for_server(timeout_sec=10.0)
            sent = client.send_goal_async(ACTIONS[name].Goal())
            self.spin(sent.done)
            assert sent.result().accepted

    def spin(self, until, timeout_s=20.0):
        end = time.monotonic() + timeout_s
        while not until():
            assert time.monotonic() < end, f'nothing within {timeout_s} s'
            self.executor.spin_once(timeout_sec=0.02)

    def spin_for(self, seconds):
        end = time.monotonic() + seconds
        self.spin(lambda: time.monotonic() > end)


def start(*command, **options):
    return subprocess.Popen(command, start_new_session=True, **options)


def end(process, number=signal.SIGINT):
    if process.poll() is None:
        os.killpg(process.pid, number)
    process.wait(10)


@pytest.fixture
def robot():
    rclpy.init()
    robot = Robot()
    output = {'stdout': subprocess.PIPE, 'stderr': subprocess.STDOUT, 'text': True}
    watchdog = start(PACKAGE / 'watchdog', **output)
    threading.Thread(target=lambda: robot.said.extend(watchdog.stdout), daemon=True).start()
    try:
        robot.spin(lambda: 'watchdog' in robot.node.get_node_names())
        yield robot
    finally:
        end(watchdog)
        rclpy.try_shutdown()
        robot.executor.shutdown()
        robot.node.destroy_node()
    assert watchdog.returncode == 0, robot.said


def watched(robot):
    return lambda: any('watching' in line for line in robot.said)


def test_a_killed_planner_has_all_goals_of_the_arm_cancelled(robot):
    planner = start(PACKAGE / 'planner')
    try:
        robot.spin(watched(robot))
        robot.move()
        robot.spin_for(0.5)
        assert not robot.cancelled
    finally:
        end(planner, signal.SIGKILL)
    robot.spin(lambda: robot.cancelled == set(ACTIONS), timeout_s=20.0)


@pytest.mark.parametrize('where', ['alive_node.here()', '"elsewhere"'])
def test_a_planner_whose_interpreter_is_busy_is_alive_until_it_dies(robot, where):
    busy = start(sys.executable, '-c', BUSY.format(where=where))
    try:
        robot.spin(watched(robot))
        robot.move()
        robot.spin_for(2.0)
        assert not robot.cancelled
    finally:
        end(busy, signal.SIGKILL)
    robot.spin(lambda: robot.cancelled == set(ACTIONS), timeout_s=20.0)


def test_goals_of_others_run_on_while_no_planner_was_ever_there(robot):
    robot.move()
    robot.spin_for(1.0)
    assert not robot.cancelled
