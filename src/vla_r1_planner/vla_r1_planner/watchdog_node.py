"""Stops the arm when the planner's process dies, from a process of its own."""

from action_msgs.srv import CancelGoal
from rclpy.client import Client
from rclpy.event_handler import QoSLivelinessChangedInfo, SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.task import Future
from std_msgs.msg import Empty
from vla_r1_core.ros import declare_config, run

from vla_r1_planner.alive_node import alive_qos, ALIVE_TOPIC
from vla_r1_planner.config import WatchdogConfig


class WatchdogNode(Node):
    """Cancels every goal of the arm when a planner that was alive is no more.

    The gripper's goals go on: what it holds it keeps.
    """

    def __init__(self) -> None:
        super().__init__('watchdog')
        config = declare_config(self, WatchdogConfig)
        # The controller first: it is what moves the arm.
        self._cancels = [
            self.create_client(CancelGoal, f'{action}/_action/cancel_goal')
            for action in (config.arm_action, 'execute_trajectory')
        ]
        self.create_subscription(
            Empty,
            ALIVE_TOPIC,
            lambda _: None,
            alive_qos(),
            event_callbacks=SubscriptionEventCallbacks(liveliness=self._on_liveliness),
        )

    def _on_liveliness(self, change: QoSLivelinessChangedInfo) -> None:
        if change.alive_count > 0 or change.alive_count_change >= 0:
            return
        for client in self._cancels:
            # A zero id and a zero stamp mean all goals.
            answer = client.call_async(CancelGoal.Request())
            answer.add_done_callback(lambda future, client=client: self._tell(client, future))
        self.get_logger().error('the planner is gone: stopping the arm')

    def _tell(self, client: Client, answer: Future) -> None:
        stopped = len(answer.result().goals_canceling)
        self.get_logger().info(f'{client.srv_name}: {stopped} goals cancelled')


def main() -> None:
    """Run the watchdog until it is told to stop."""
    run(WatchdogNode)
