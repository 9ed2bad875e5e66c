"""Blocking calls of services and actions that have a time limit and that a Stop interrupts."""

import threading
from typing import Any

from rclpy.action import ActionClient
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.client import Client
from rclpy.node import Node
from rclpy.task import Future
from vla_r1_core.errors import MotionError, OutcomeCode
from vla_r1_core.executor_node import SideNode

from vla_r1_planner.requests import soon, Stop

CANCEL_PERIOD_S = 0.2  # after which a goal that goes on is cancelled again
CANCELS = 15  # an arm decelerates in well under these 3 s


class Calls:
    """The clients of other nodes, on a node of their own: a motion waits for many answers."""

    def __init__(self, owner: Node) -> None:
        self._group = ReentrantCallbackGroup()
        self._side = SideNode(owner, 'calls')
        self._side.start()

    def action(self, kind: Any, name: str) -> 'GoalClient':
        """Return a client of an action."""
        return GoalClient(self._side.node, kind, name, callback_group=self._group)

    def service(self, kind: Any, name: str) -> Client:
        """Return a client of a service."""
        return self._side.node.create_client(kind, name, callback_group=self._group)

    def close(self) -> None:
        """Take no more answers."""
        self._side.close()


class GoalClient(ActionClient):
    """An action client whose goals may be sent from any thread.

    rclpy notes down a goal only after sending it; an answer that another thread takes in
    between would be dropped and the goal hang for ever.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.sending = threading.Lock()
        super().__init__(*args, **kwargs)

    def take_data(self) -> Any:
        """Take an answer, but not while a request is on its way out."""
        with self.sending:
            return super().take_data()


def call_service(
    client: Client,
    request: Any,
    *,
    timeout_s: float,
    code: OutcomeCode,
    stop: Stop,
    sent: Future | None = None,
) -> Any:
    """Call a service and return its response, or that of a request that was `sent` before.

    Raises:
        MotionError: with `code` when there is no answer in time, or the stop's own.
    """
    if not soon(client.service_is_ready, timeout_s, stop):
        raise MotionError(code, f'no service {client.srv_name}; start its node')
    stop.check()
    future = sent or client.call_async(request)
    if not _wait(future, timeout_s, stop):
        client.remove_pending_request(future)
        stop.check()
        raise MotionError(code, f'{client.srv_name} gave no answer within {timeout_s:g} s')
    return future.result()


def call_action(
    client: GoalClient,
    name: str,
    goal: Any,
    *,
    accept_timeout_s: float,
    timeout_s: float,
    code: OutcomeCode,
    stop: Stop,
    moves: bool = False,
) -> Any:
    """Send a goal and return its result; a stop cancels it at once and then waits for its end.

    Raises:
        MotionError: with `code` when the server is missing, refuses, does not finish in time
            (the goal is cancelled then), or, of a goal that `moves` the robot, does not confirm
            that it has stopped; else the stop's own.
    """
    if not soon(client.server_is_ready, accept_timeout_s, stop):
        raise MotionError(code, f'no action server {name}; start its node')
    stop.check()
    with client.sending:
        sent = client.send_goal_async(goal)
    # Not interrupted: a goal that may have been accepted must be cancelled, not forgotten.
    if not _wait(sent, accept_timeout_s):
        sent.add_done_callback(_cancel_late)
        stop.check()
        raise MotionError(code, f'{name} did not answer within {accept_timeout_s:g} s')
    handle = sent.result()
    if not handle.accepted:
        raise MotionError(code, f'{name} refused the goal; look at its log')

    def cancel() -> None:
        with client.sending:
            handle.cancel_goal_async()

    stop.add_hook(cancel)
    try:
        with client.sending:
            finished = handle.get_result_async()
        if not _wait(finished, timeout_s, stop):
            if not stop.requested:
                cancel()
            for _ in range(CANCELS):
                if _wait(finished, CANCEL_PERIOD_S):
                    break
                cancel()  # the one before may have been refused or lost
            else:
                if moves:
                    raise MotionError(code, f'{name} does not confirm that it has stopped')
            stop.check()
            raise MotionError(code, f'{name} did not finish within {timeout_s:g} s')
    finally:
        stop.remove_hook(cancel)
    stop.check()
    return finished.result().result


def _cancel_late(sent: Future) -> None:
    """Cancel a goal that was accepted after we gave up on it."""
    handle = sent.result()
    if handle is not None and handle.accepted:
        handle.cancel_goal_async()


def _wait(future: Future, timeout_s: float, stop: Stop | None = None) -> bool:
    """Wait on the wall clock; False on time-out or stop."""
    woken = threading.Event()
    future.add_done_callback(lambda _: woken.set())
    if stop is not None:
        stop.add_hook(woken.set)
    woken.wait(timeout_s)
    if stop is not None:
        stop.remove_hook(woken.set)
    return bool(future.done())
