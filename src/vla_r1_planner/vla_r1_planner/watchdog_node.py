"""Stops the arm when the planner's process dies, from a process of its own."""

import os
from queue import SimpleQueue
import select
import threading

from action_msgs.srv import CancelGoal
from rclpy.client import Client
from rclpy.clock import Clock, ClockType
from rclpy.event_handler import QoSLivelinessChangedInfo, SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.task import Future
from std_msgs.msg import String
from vla_r1_core.ros import declare_config, run

from vla_r1_planner.alive_node import here, QOS, TOPIC
from vla_r1_planner.config import WatchdogConfig

ASK_PERIOD_S = 0.2  # after which who has not confirmed is asked again
ASKS = 50  # on a busy machine, 10 s until a server is discovered and answers are rare, but seen


class WatchdogNode(Node):
    """Cancels every goal of the arm when a planner that was alive is no more.

    It asks until it hears that they are cancelled: a request may go out before the middleware has
    found the one who answers it. The gripper's goals go on: what it holds it keeps.
    """

    def __init__(self) -> None:
        super().__init__('watchdog')
        config = declare_config(self, WatchdogConfig)
        self._here: set[int] = set()  # process ids of the living planners on this machine
        # The controller first: it is what moves the arm.
        self._cancels = [
            self.create_client(CancelGoal, f'{action}/_action/cancel_goal')
            for action in (config.arm_action, 'execute_trajectory')
        ]
        self._unconfirmed: set[Client] = set()
        self._asks = 0
        self._again = self.create_timer(
            ASK_PERIOD_S, self._ask, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )
        self._again.cancel()
        # What the threads that wait for processes see; all else is done by the executor.
        self._ended: SimpleQueue[int] = SimpleQueue()
        self._one_ended = self.create_guard_condition(self._on_end)
        self.create_subscription(
            String,
            TOPIC,
            self._on_sign,
            QOS,
            event_callbacks=SubscriptionEventCallbacks(liveliness=self._on_liveliness),
        )

    def _on_sign(self, msg: String) -> None:
        number, where = msg.data.split(maxsplit=1)
        if where != here():
            self.get_logger().info('watching a planner on another machine, through DDS')
            return
        try:
            process = os.pidfd_open(int(number))
        except ProcessLookupError:
            self._stop_arm(f'process {number} had ended before it could be watched')
            return
        self._here.add(int(number))
        self.get_logger().info(f'watching the planner, process {number}')
        threading.Thread(target=self._wait, args=(process, int(number)), daemon=True).start()

    def _wait(self, process: int, number: int) -> None:
        ended = select.poll()
        ended.register(process, select.POLLIN)
        ended.poll()
        os.close(process)
        self._ended.put(number)
        if self.context.ok():
            self._one_ended.trigger()

    def _on_end(self) -> None:
        while not self._ended.empty():
            number = self._ended.get()
            self._here.discard(number)
            self._stop_arm(f'process {number} has ended')

    def _on_liveliness(self, change: QoSLivelinessChangedInfo) -> None:
        lost = change.alive_count_change < 0 and change.alive_count == 0
        if lost and not self._here:
            self._stop_arm('DDS hears it no more')

    def _stop_arm(self, reason: str) -> None:
        self._unconfirmed = set(self._cancels)
        self._asks = 0
        self._ask()
        self._again.reset()
        self.get_logger().error(f'the planner is gone ({reason}): stopping the arm')

    def _ask(self) -> None:
        missing = [client for client in self._cancels if client in self._unconfirmed]
        if not missing or self._asks == ASKS:
            self._again.cancel()
            for client in missing:
                self.get_logger().error(
                    f'{client.srv_name} does not confirm within {ASKS * ASK_PERIOD_S:g} s: if the '
                    'arm moves by it, stop it by hand'
                )
            return
        self._asks += 1
        for client in missing:
            # A zero id and a zero stamp mean all goals.
            answer = client.call_async(CancelGoal.Request())
            answer.add_done_callback(lambda future, client=client: self._tell(client, future))

    def _tell(self, client: Client, answer: Future) -> None:
        if client in self._unconfirmed:
            self._unconfirmed.discard(client)
            stopped = len(answer.result().goals_canceling)
            self.get_logger().info(f'{client.srv_name}: {stopped} goals cancelled')


def main() -> None:
    """Run the watchdog until it is told to stop."""
    run(WatchdogNode)
