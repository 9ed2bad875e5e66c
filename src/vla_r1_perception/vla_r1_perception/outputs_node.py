"""What the reasoner tells on its topics."""

import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node
from sensor_msgs.msg import Image
from std_msgs.msg import Header, String
from vision_msgs.msg import Detection2DArray

from vla_r1_msgs.action import Reason
from vla_r1_msgs.msg import Affordance, Reasoning, Trajectory
from vla_r1_perception import convert
from vla_r1_perception.overlay import draw_overlay
from vla_r1_perception.reply import Reply


class Outputs:
    """The publishers of a reasoner."""

    def __init__(self, node: Node) -> None:
        self._reasoning = node.create_publisher(Reasoning, 'reasoning', 10)
        self._partial = node.create_publisher(String, 'reasoning/partial', 10)
        self._affordance = node.create_publisher(Affordance, 'affordance', 10)
        self._trajectory = node.create_publisher(Trajectory, 'trajectory', 10)
        self._detections = node.create_publisher(Detection2DArray, 'detections', 10)
        self._overlay = node.create_publisher(Image, 'overlay', 1)

    def publish_partial(self, text: str, tokens: int) -> None:
        """Tell what has been said so far."""
        self._partial.publish(String(data=text))

    def publish(self, result: Reason.Result) -> None:
        """Tell how a request ended."""
        self._reasoning.publish(result.reasoning)
        for affordance in result.affordances:
            self._affordance.publish(affordance)
            self._detections.publish(convert.detections_msg(affordance))
        for trajectory in result.trajectories:
            self._trajectory.publish(trajectory)

    def publish_overlay(self, rgb: NDArray[np.uint8], reply: Reply, header: Header) -> None:
        """Show an answer on its (H, W, 3) RGB picture."""
        self._overlay.publish(convert.rgb_to_image(draw_overlay(rgb, reply), header))
