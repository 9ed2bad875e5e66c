"""A camera of its own: publishes a picture over and over, until its process is ended."""

import argparse
import signal
import sys
import time

import cv2
import numpy as np
import rclpy
from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, LivelinessPolicy, QoSProfile, ReliabilityPolicy
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import CompressedImage, Image


def offered(args):
    """Return the quality of service, by the words of the command line."""
    qos = QoSProfile(
        depth=5,
        reliability=ReliabilityPolicy[args.reliability],
        durability=DurabilityPolicy[args.durability],
        liveliness=LivelinessPolicy[args.liveliness],
    )
    if args.limits:
        qos.deadline = qos.lifespan = qos.liveliness_lease_duration = Duration(seconds=args.limits)
    return qos


def message(rgb, kind):
    """Return the picture as an Image or a CompressedImage."""
    if kind == 'CompressedImage':
        jpeg = cv2.imencode('.jpg', cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1]
        return CompressedImage(format='rgb8; jpeg compressed bgr8', data=jpeg.tobytes())
    height, width = rgb.shape[:2]
    return Image(height=height, width=width, step=3 * width, encoding='rgb8', data=rgb.tobytes())


def main():
    """Publish at the rate, or as fast as the machine can."""
    parser = argparse.ArgumentParser()
    parser.add_argument('picture', help='(height, width, 3) uint8, as numpy saves it')
    parser.add_argument('topic')
    parser.add_argument('--kind', default='Image')
    parser.add_argument('--rate', type=float, default=10.0, help='[Hz]')
    parser.add_argument('--reliability', default='RELIABLE')
    parser.add_argument('--durability', default='VOLATILE')
    parser.add_argument('--liveliness', default='AUTOMATIC')
    parser.add_argument('--limits', type=float, help='deadline, lifespan and lease [s]')
    args = parser.parse_args()
    image = message(np.load(args.picture), args.kind)
    image.header.frame_id = 'camera_color_optical_frame'

    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    node = rclpy.create_node('camera')
    images = node.create_publisher(type(image), args.topic, offered(args))
    try:
        while True:
            due = time.monotonic() + 1.0 / args.rate
            image.header.stamp = node.get_clock().now().to_msg()
            images.publish(image)
            time.sleep(max(0.0, due - time.monotonic()))
    finally:
        node.destroy_node()
        rclpy.shutdown()


if __name__ == '__main__':
    main()
