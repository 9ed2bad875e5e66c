"""A node's health on /diagnostics, which is its heartbeat, too."""

from collections.abc import Callable
import socket

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from vla_r1_perception.convert import diagnostics_msg
from vla_r1_perception.health import Report

_PERIOD_S = 1.0


class Heartbeat:
    """Publishes once a second, whatever else the node is doing.

    Args:
        node: must be spun by an executor with several threads.
        what: of the node is reported, in a word.
        report: called each time.
    """

    def __init__(self, node: Node, what: str, report: Callable[[], Report]) -> None:
        self._node = node
        self._name = f'{node.get_fully_qualified_name().lstrip("/")}: {what}'
        self._report = report
        self._publisher = node.create_publisher(DiagnosticArray, '/diagnostics', 10)
        node.create_timer(
            _PERIOD_S,
            self.beat,
            callback_group=MutuallyExclusiveCallbackGroup(),
            clock=Clock(clock_type=ClockType.STEADY_TIME),  # a simulation that pauses is no death
        )

    def beat(self) -> None:
        """Publish now."""
        stamp = self._node.get_clock().now().to_msg()
        message = diagnostics_msg(self._report(), self._name, socket.gethostname(), stamp)
        self._publisher.publish(message)
