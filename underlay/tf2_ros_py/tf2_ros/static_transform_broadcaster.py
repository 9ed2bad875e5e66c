"""Fixed transforms out to `/tf_static`, also to listeners that come later."""

from collections.abc import Iterable

from geometry_msgs.msg import TransformStamped
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from tf2_msgs.msg import TFMessage

from tf2_ros.transform_broadcaster import as_list


class StaticTransformBroadcaster:
    """Publishes transforms on `/tf_static`, transient local.

    A latecomer gets only the last message, so every message holds all transforms sent so far. As
    in the real one, the first transform of a child frame stays: a second one for it is ignored.

    Args:
        node: The node to publish from.
        qos: Profile or history depth, by default the last 1, reliable, transient local.
    """

    def __init__(self, node: Node, qos: QoSProfile | int | None = None) -> None:
        if qos is None:
            qos = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.pub_tf = node.create_publisher(TFMessage, '/tf_static', qos)
        self._transforms: dict[str, TransformStamped] = {}

    def sendTransform(self, transform: TransformStamped | Iterable[TransformStamped]) -> None:
        """Add one transform or several, and publish all."""
        for added in as_list(transform):
            self._transforms.setdefault(added.child_frame_id, added)
        self.pub_tf.publish(TFMessage(transforms=list(self._transforms.values())))
