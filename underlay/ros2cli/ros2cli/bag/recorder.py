"""Subscribes to topics as they appear and hands their bytes to the bag."""

from collections.abc import Callable
import re

from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.qos import QoSDurabilityPolicy, QoSProfile, QoSReliabilityPolicy

from ros2cli import qos
from ros2cli.bag.bag_writer import BagWriter
from ros2cli.bag.metadata import qos_to_plain, Topic
from ros2cli.graph import is_hidden
from ros2cli.types import get_message

# rosbag2 asks for 10; Python now and then pauses for longer than that lasts at 500 Hz.
QUEUE_DEPTH = 100


class Selection:
    """Which topics to record."""

    def __init__(self, *, everything: bool, topics: list[str], regex: str, exclude: str) -> None:
        """Take all topics, or those named and those that contain `regex`; not `exclude`."""
        self.topics = topics
        self._everything = everything
        self._regex = re.compile(regex) if regex else None
        self._exclude = re.compile(exclude) if exclude else None

    def __contains__(self, topic: str) -> bool:
        """Return whether the topic is to be recorded."""
        if self._exclude is not None and self._exclude.search(topic):
            return False
        if self._everything:
            return True
        if topic in self.topics:
            return True
        return self._regex is not None and self._regex.search(topic) is not None

    @property
    def is_list(self) -> bool:
        """Whether it is a list of names, which can be complete."""
        return not self._everything and self._regex is None


class Recorder:
    """Records the selected topics of the graph."""

    def __init__(self, node: Node, writer: BagWriter, selection: Selection) -> None:
        """Subscribe to nothing yet: see `discover`."""
        self._node = node
        self._log = node.get_logger()
        self._writer = writer
        self._selection = selection
        self._use_sim_time = node.get_parameter('use_sim_time').value
        self._subscribed: dict[str, QoSProfile] = {}
        self._warned: set[str] = set()
        self.lost: dict[str, int] = {}  # messages that the middleware lost, per topic

    @property
    def complete(self) -> bool:
        """Whether all topics of a list of names are being recorded."""
        return self._selection.is_list and set(self._selection.topics) <= set(self._subscribed)

    def discover(self) -> None:
        """Subscribe to the selected topics that have a publisher and are not yet recorded."""
        for name, types in self._node.get_topic_names_and_types():
            if is_hidden(name) or name not in self._selection:
                continue
            if name in self._subscribed:
                self._check_qos(name)
            elif len(types) > 1:
                self._warn_once(name, f"Topic '{name}' has several types, not recorded: {types}")
            else:
                self._subscribe(name, types[0])

    def _warn_once(self, topic: str, text: str) -> None:
        if topic not in self._warned:
            self._warned.add(topic)
            self._log.warning(text)

    def _subscribe(self, name: str, type_name: str) -> None:
        publishers = self._node.get_publishers_info_by_topic(name)
        if not publishers:
            return
        try:
            message = get_message(type_name)
        except RuntimeError:
            self._warn_once(
                name, f"Topic '{name}' is not recorded: its type {type_name} is unknown here"
            )
            return
        offers = [info.qos_profile for info in publishers]
        hashes = {str(info.topic_type_hash) for info in publishers}

        def warn(text: str) -> None:
            self._log.warning(f'{name}: {text}')

        profile = qos.adapt(QoSProfile(depth=QUEUE_DEPTH), offers, warn)
        channel = self._writer.add_topic(
            Topic(
                name,
                type_name,
                offered_qos=[qos_to_plain(offer) for offer in offers],
                type_hash=hashes.pop() if len(hashes) == 1 else '',
            )
        )
        self._node.create_subscription(
            message,
            name,
            self._callback(channel),
            profile,
            raw=True,
            event_callbacks=SubscriptionEventCallbacks(message_lost=self._on_lost(name)),
        )
        self._subscribed[name] = profile
        self._log.info(f"Subscribed to topic '{name}'")

    def _callback(self, channel: int) -> Callable:
        write = self._writer.write
        if not self._use_sim_time:
            return lambda data, info: write(
                channel, info['received_timestamp'], info['source_timestamp'], data
            )
        now = self._node.get_clock().now
        return lambda data, info: write(channel, now().nanoseconds, info['source_timestamp'], data)

    def _on_lost(self, name: str) -> Callable:
        def count(status) -> None:
            self.lost[name] = status.total_count

        return count

    def _check_qos(self, name: str) -> None:
        """Warn of a later publisher whose messages the subscription cannot receive."""
        if name in self._warned:
            return
        ours = self._subscribed[name]
        for info in self._node.get_publishers_info_by_topic(name):
            offer = info.qos_profile
            if (
                offer.reliability == QoSReliabilityPolicy.BEST_EFFORT != ours.reliability
                or offer.durability == QoSDurabilityPolicy.VOLATILE != ours.durability
            ):
                self._warn_once(
                    name,
                    f"A new publisher of '{name}' offers {offer.reliability.name}, "
                    f'{offer.durability.name}, but the bag asks for {ours.reliability.name}, '
                    f'{ours.durability.name}. Its messages will not be recorded.',
                )
