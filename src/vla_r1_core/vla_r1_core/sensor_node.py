"""A sensor's topic, whatever reliability it offers."""

from collections.abc import Callable
import threading
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data, QoSProfile
from rclpy.subscription import Subscription


class SensorSubscription:
    """Hears a topic reliably, or with best effort if that is all it offers.

    Best effort loses most frames of a megabyte on a busy machine even within that machine;
    a reliable subscription hears nothing from a driver that publishes with best effort.

    Args:
        node: that subscribes.
        callback: is given each message.
        on_lost: is told by the middleware how many more messages it knows to be lost.
    """

    def __init__(
        self,
        node: Node,
        msg_type: type[Any],
        topic: str,
        callback: Callable[[Any], None],
        *,
        callback_group: CallbackGroup | None = None,
        on_lost: Callable[[int], None] = lambda count: None,
    ) -> None:
        self._node = node
        self._lock = threading.Lock()  # the middleware may offer while another thread closes
        self._closed = False
        self._subscriptions: list[Subscription] = []

        def subscribe(hear: Callable[[Any], None], qos: QoSProfile, **events: Any) -> None:
            events['message_lost'] = lambda info: on_lost(info.total_count_change)
            self._subscriptions.append(
                node.create_subscription(
                    msg_type,
                    topic,
                    hear,
                    qos,
                    callback_group=callback_group,
                    event_callbacks=SubscriptionEventCallbacks(**events),
                )
            )

        def from_reliable(message: Any) -> None:
            if len(self._subscriptions) == 1:
                callback(message)

        def take_best_effort(_: Any) -> None:
            with self._lock:
                if self._closed or len(self._subscriptions) > 1:
                    return
                node.get_logger().info(f'{topic} is offered with best effort: frames may get lost')
                subscribe(callback, qos_profile_sensor_data)

        reliable = QoSProfile(depth=qos_profile_sensor_data.depth)
        with self._lock:
            subscribe(from_reliable, reliable, incompatible_qos=take_best_effort)

    @property
    def publishers(self) -> int:
        """How many publishers are heard; 0 once closed."""
        with self._lock:
            return max((one.get_publisher_count() for one in self._subscriptions), default=0)

    def close(self) -> None:
        """Hear no more."""
        with self._lock:
            self._closed = True
            for subscription in self._subscriptions:
                self._node.destroy_subscription(subscription)
            self._subscriptions.clear()
