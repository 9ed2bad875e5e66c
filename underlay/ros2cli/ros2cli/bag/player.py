"""Publishes the messages of a bag at the pace at which they were recorded."""

from dataclasses import dataclass
import time

from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import (
    QoSDurabilityPolicy,
    QoSHistoryPolicy,
    QoSLivelinessPolicy,
    QoSProfile,
    QoSReliabilityPolicy,
)
from rclpy.time import Time
from rosgraph_msgs.msg import Clock

from ros2cli.bag.bag_reader import BagReader
from ros2cli.bag.metadata import Topic
from ros2cli.types import get_message


def _enum(policy, value):
    """Return a policy from its name, or its number as up to Iron."""
    return policy(value) if isinstance(value, int) else policy[value.upper()]


def _duration(plain: dict) -> Duration:
    return Duration(seconds=plain['sec'], nanoseconds=plain['nsec'])


def _profile(plain: dict) -> QoSProfile:
    """Return a recorded QoS profile."""
    history = _enum(QoSHistoryPolicy, plain['history'])
    if history == QoSHistoryPolicy.KEEP_ALL:
        queue = {'history': history}
    else:  # a publisher does not tell others its queue: then it is unknown, of length 0
        queue = {'history': QoSHistoryPolicy.KEEP_LAST, 'depth': plain['depth'] or 10}
    return QoSProfile(
        **queue,
        reliability=_enum(QoSReliabilityPolicy, plain['reliability']),
        durability=_enum(QoSDurabilityPolicy, plain['durability']),
        deadline=_duration(plain['deadline']),
        lifespan=_duration(plain['lifespan']),
        liveliness=_enum(QoSLivelinessPolicy, plain['liveliness']),
        liveliness_lease_duration=_duration(plain['liveliness_lease_duration']),
    )


def _compatible(profile: QoSProfile) -> tuple:
    """Return the policies that decide whether a subscriber is served."""
    return (
        profile.reliability,
        profile.durability,
        profile.deadline,
        profile.liveliness,
        profile.liveliness_lease_duration,
    )


def offer(node: Node, topic: Topic) -> QoSProfile:
    """Return the recorded QoS of a topic; the default where its publishers' were not alike."""
    profiles = [_profile(plain) for plain in topic.offered_qos]
    if profiles and all(_compatible(p) == _compatible(profiles[0]) for p in profiles):
        return profiles[0]
    if profiles:
        node.get_logger().warning(
            f"Not all original publishers on topic '{topic.name}' offered the same QoS profiles. "
            'Falling back to the default profile.'
        )
    return QoSProfile(depth=10)


@dataclass
class Pace:
    """The bag's time while it plays."""

    bag_start: int  # [ns]
    rate: float
    started: float  # [s], monotonic

    def wall(self, bag_time: int) -> float:
        """Return when a time of the bag [ns] comes, [s] on the monotonic clock."""
        return self.started + (bag_time - self.bag_start) * 1e-9 / self.rate

    def now(self) -> int:
        """Return the bag's time [ns]."""
        return self.bag_start + int((time.monotonic() - self.started) * self.rate * 1e9)


class Player:
    """Publishes a bag's topics."""

    def __init__(self, node: Node, bag: BagReader, topics: list[Topic], clock_rate: float) -> None:
        """Create the publishers; /clock at `clock_rate` [Hz] unless that is 0."""
        self._bag = bag
        self._publishers = {}
        for topic in topics:
            try:
                message = get_message(topic.type_name)
            except RuntimeError:
                node.get_logger().warning(
                    f"Ignoring topic '{topic.name}': its type {topic.type_name} is unknown here"
                )
                continue
            profile = offer(node, topic)
            self._publishers[topic.name] = node.create_publisher(message, topic.name, profile)
        self._clock = node.create_publisher(Clock, '/clock', 10) if clock_rate else None
        self._clock_period = 1.0 / clock_rate if clock_rate else 0.0  # [s]

    def play(self, rate: float) -> None:
        """Publish every message at its time."""
        pace = Pace(self._bag.metadata.start, rate, time.monotonic())
        self._next_tick = pace.started
        for topic, log_time, data in self._bag.messages(set(self._publishers)):
            self._wait(pace, pace.wall(log_time))
            self._publishers[topic].publish(bytes(data))
        self._wait(pace, pace.wall(self._bag.metadata.start + self._bag.metadata.duration))
        for publisher in self._publishers.values():
            publisher.wait_for_all_acked(Duration(seconds=1))

    def _wait(self, pace: Pace, until: float) -> None:
        """Sleep until `until` [s], publishing /clock meanwhile."""
        while self._clock is not None and self._next_tick <= until:
            time.sleep(max(0.0, self._next_tick - time.monotonic()))
            self._clock.publish(Clock(clock=Time(nanoseconds=pace.now()).to_msg()))
            self._next_tick += self._clock_period
        time.sleep(max(0.0, until - time.monotonic()))
