"""The node `move_group`."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
import threading
from typing import Any

import rclpy
from rclpy.clock import Clock, ClockType
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor
from rclpy.node import Node

from moveit_ros_move_group.cartesian_service import CartesianService
from moveit_ros_move_group.context import Context
from moveit_ros_move_group.execute_action import ExecuteAction
from moveit_ros_move_group.motion import Motion
from moveit_ros_move_group.move_action import MoveAction
from moveit_ros_move_group.scene_services import SceneServices

THREADS = 16
"""A waiting goal holds a thread; a cancel or a joint state must always find a free one."""


class MoveGroupNode(Node):
    """Joins the capabilities over one context, as the real move_group does."""

    def __init__(self) -> None:
        super().__init__('move_group', automatically_declare_parameters_from_overrides=True)
        context = Context(self)
        motion = Motion(context)
        self._capabilities = (
            MoveAction(context, motion),
            ExecuteAction(motion),
            CartesianService(context),
            SceneServices(context),
        )
        # A SIGTERM between two waits would leave a silent robot's executor waiting for ever.
        self.create_timer(1.0, lambda: None, clock=Clock(clock_type=ClockType.STEADY_TIME))
        self.get_logger().info('You can start planning now!')


class Threads(ThreadPoolExecutor):
    """Threads, one of which has begun its work before the next is handed out.

    rclpy's executor hands the same work out over and over until it has begun, and so keeps the
    thread from beginning.
    """

    def submit(self, work: Callable[[], Any]) -> Future[Any]:
        begun = threading.Event()

        def run() -> Any:
            begun.set()
            return work()

        future = super().submit(run)
        begun.wait(0.02)
        return future


def main() -> None:
    """Spin the node until Ctrl-C or shutdown."""
    rclpy.init()
    executor = MultiThreadedExecutor(num_threads=THREADS)
    executor._executor = Threads(THREADS)
    try:
        executor.add_node(MoveGroupNode())
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except RuntimeError:  # rclpy's RCLError: the shutdown came while a wait was being set up
        if rclpy.ok():
            raise
    finally:
        executor.shutdown(timeout_sec=1.0)
        rclpy.try_shutdown()
