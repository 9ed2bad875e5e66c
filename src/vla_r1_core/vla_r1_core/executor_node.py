"""Executors for nodes that do much at a time and change their subscriptions meanwhile."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
import threading
from typing import Any

import rclpy
from rclpy.exceptions import InvalidHandle
from rclpy.executors import (
    Executor,
    ExternalShutdownException,
    MultiThreadedExecutor,
    ShutdownException,
    SingleThreadedExecutor,
)
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.waitable import Waitable

_BEGIN_S = 0.02  # [s]; all threads may be taken


class _Steady(Executor):
    """Goes on when a subscription with events is destroyed while it is about to wait for it.

    rclpy expects that of everything but events: it would end, and the node be deaf.
    """

    def wait_for_ready_callbacks(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().wait_for_ready_callbacks(*args, **kwargs)
        except InvalidHandle:  # once it is destroyed, rclpy gathers it no more
            return self.wait_for_ready_callbacks(*args, **kwargs)

    def _take_waitable(self, waitable: Waitable) -> Any:
        try:
            return super()._take_waitable(waitable)
        except InvalidHandle:
            return None  # nothing to do, as rclpy says it of a destroyed subscription


class SteadyExecutor(_Steady, SingleThreadedExecutor):
    """rclpy's executor, which outlives what other threads destroy."""


class _PatientPool(ThreadPoolExecutor):
    """Threads, one of which has begun its work before the next is handed out."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        begun = threading.Event()

        def work() -> Any:
            begun.set()
            return fn(*args, **kwargs)

        future = super().submit(work)
        begun.wait(_BEGIN_S)
        return future


class PatientExecutor(_Steady, MultiThreadedExecutor):
    """rclpy's executor with threads, which outlives what they destroy.

    It waits until a thread has begun what it was given.
    rclpy's own hands the same work out over and over until then, and so keeps the thread from
    beginning, because only one of the two can run Python: with a clock of 25 Hz it turns 300 to
    1,200 times a second and takes 6 to 16 % of a core, this one 25 times and 2 %.
    """

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        self._executor = _PatientPool(threads)


class SideNode:
    """A hidden node with a thread of its own, for inputs at a high rate or for calls that hurry.

    rclpy builds its wait set anew for every message, from all that a node has: joint states and
    TF of a robot cost a node with a few actions twice as much as one without, and an answer that
    a node with many entities takes 3 ms to notice, a small one notices in 0.5 ms.

    Attributes:
        node: to subscribe and call with, under the same names and remappings as its owner.
    """

    def __init__(self, owner: Node, purpose: str) -> None:
        names = {'__node': f'_{owner.get_name()}_{purpose}', '__ns': owner.get_namespace()}
        self.node = rclpy.create_node(
            names['__node'],
            context=owner.context,
            # The process's own rules hold, too; these, which name the node, come before them.
            cli_args=['--ros-args', *(w for n, to in names.items() for w in ('-r', f'{n}:={to}'))],
            parameter_overrides=[Parameter('use_sim_time', value=False)],  # it reads no clock
            enable_rosout=False,
            start_parameter_services=False,
        )
        self._executor = SteadyExecutor(context=owner.context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._spin, name=purpose, daemon=True)

    def start(self) -> None:
        """Begin to take messages."""
        self._thread.start()

    def close(self) -> None:
        """End the thread, then the node."""
        self._executor.shutdown(timeout_sec=1.0)
        if self._thread.is_alive():
            self._thread.join(timeout=1.0)
        self.node.destroy_node()

    def _spin(self) -> None:
        try:
            self._executor.spin()
        except (ExternalShutdownException, ShutdownException):
            pass
        except RuntimeError:  # as in `run`
            if self.node.context.ok():
                raise
