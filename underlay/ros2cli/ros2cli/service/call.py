"""`ros2 service call`."""

import argparse
import time

import rclpy

from ros2cli.fields import parse_values, set_fields
from ros2cli.graph import NAME_PREFIX
from ros2cli.numbers import positive_float
from ros2cli.types import get_service


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument('service_name', help="Name of the service, e.g. '/approve'")
    parser.add_argument('service_type', help="Its type, e.g. 'std_srvs/srv/Trigger'")
    parser.add_argument('values', nargs='?', default='{}', help='Fields of the request in YAML')
    parser.add_argument(
        '-r', '--rate', metavar='N', type=positive_float, help='Repeat the call at N Hz'
    )


def main(args: argparse.Namespace) -> None:
    """Call the service and print what it answers."""
    service = get_service(args.service_type)
    request = service.Request()
    set_fields(request, parse_values(args.values))
    rclpy.init()
    node = rclpy.create_node(f'{NAME_PREFIX}_requester_{args.service_type.replace("/", "_")}')
    try:
        client = node.create_client(service, args.service_name)
        if not client.service_is_ready():
            print('waiting for service to become available...')
            while not client.wait_for_service(timeout_sec=0.1):  # short, so that Ctrl-C is seen
                pass
        while True:
            print(f'requester: making request: {request!r}\n')
            called = time.monotonic()
            future = client.call_async(request)
            rclpy.spin_until_future_complete(node, future)
            print(f'response:\n{future.result()!r}\n')
            if args.rate is None:
                return
            time.sleep(max(0.0, called + 1.0 / args.rate - time.monotonic()))
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
