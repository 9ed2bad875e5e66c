"""Which topics there are and what they carry."""

import time

import rclpy
from rclpy.exceptions import InvalidTopicNameException
from rclpy.expand_topic_name import expand_topic_name
from rclpy.validate_full_topic_name import validate_full_topic_name

from ros2cli.graph import is_hidden
from ros2cli.types import get_message


def names_and_types(node, *, include_hidden: bool) -> list[tuple[str, list[str]]]:
    """Return (topic, its types) of all topics, in the order of the names."""
    topics = node.get_topic_names_and_types()
    return [(name, types) for name, types in topics if include_hidden or not is_hidden(name)]


def full_name(node, topic: str) -> str:
    """Return the topic's full name; RuntimeError when it is not a valid one."""
    try:
        name = expand_topic_name(topic, node.get_name(), node.get_namespace())
        validate_full_topic_name(name)
    except (ValueError, InvalidTopicNameException) as error:
        raise RuntimeError(str(error)) from error
    return name


def is_known(topic: str):
    """Return what tells whether a node has discovered `topic`."""
    return lambda node: full_name(node, topic) in dict(node.get_topic_names_and_types())


def _message_class(node, topic: str):
    types = dict(names_and_types(node, include_hidden=True)).get(topic)
    if types is None:
        return None
    if len(types) > 1:
        raise RuntimeError(f"Topic '{topic}' has more than one type: [{', '.join(types)}]")
    try:
        return get_message(types[0])
    except RuntimeError as error:
        raise RuntimeError(
            f"The message type '{types[0]}' is invalid: is its package built and sourced?"
        ) from error


def message_class(node, topic: str, *, wait: bool):
    """Return the class of the messages on `topic`, or None (never when waiting) if unknown."""
    topic = full_name(node, topic)
    found = _message_class(node, topic)
    if found is None:
        print(f'WARNING: topic [{topic}] does not appear to be published yet')
    while found is None and wait and rclpy.ok():
        time.sleep(0.1)
        found = _message_class(node, topic)
    return found
