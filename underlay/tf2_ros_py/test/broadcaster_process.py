"""Broadcasts from a process of its own: one moving frame, and two static ones sent once each."""

from contextlib import suppress
import sys

import rclpy
from rclpy.executors import ExternalShutdownException
from tf2_ros import StaticTransformBroadcaster, TransformBroadcaster

from conftest import make_transform


def main() -> None:
    suffix = sys.argv[1]
    rclpy.init()
    node = rclpy.create_node('broadcaster')
    static = StaticTransformBroadcaster(node)
    base, camera, optical = f'base{suffix}', f'camera{suffix}', f'optical{suffix}'
    static.sendTransform(make_transform(base, camera, 0.0, (1.0, 0.0, 0.0)))
    static.sendTransform([make_transform(camera, optical, 0.0, (0.0, 1.0, 0.0))])
    moving = TransformBroadcaster(node)

    def broadcast():
        seconds = node.get_clock().now().nanoseconds / 1e9
        moving.sendTransform(make_transform(base, f'tool{suffix}', seconds, (0.0, 0.0, 2.0)))

    node.create_timer(0.02, broadcast)
    print('sent', flush=True)
    with suppress(ExternalShutdownException, KeyboardInterrupt):
        rclpy.spin(node)


if __name__ == '__main__':
    main()
