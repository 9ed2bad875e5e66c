"""Who publishes on a topic in a way that its subscriptions cannot hear."""

from rclpy.node import Node
from vla_r1_core.sensor_node import SensorSubscription


def unheard(node: Node, topic: str, kind: str, subscription: SensorSubscription) -> str:
    """Return who publishes on the topic and is not heard, and what to do; empty if nobody is.

    The middleware tells nobody about publishers of another type, and a subscription with best
    effort takes all that ROS can offer. What is left are settings beneath it, in XML profiles.

    Args:
        node: asked for the publishers.
        topic: its full name.
        kind: of its messages, such as 'sensor_msgs/msg/Image'.
        subscription: to it.
    """
    publishers = node.get_publishers_info_by_topic(topic)
    others = sorted({info.topic_type for info in publishers} - {kind})
    if others:
        return (
            f'{topic} is published as {", ".join(others)}, not as {kind}; remap the topic image '
            'to a topic of that type, or set image_transport (raw, compressed)'
        )
    heard = subscription.publishers
    if heard < len(publishers):
        return (
            f'{len(publishers) - heard} of {len(publishers)} publishers on {topic} cannot be '
            'heard: their quality of service does not match; look for ownership, partition and '
            "the like in the XML profile of the camera's middleware"
        )
    return ''
