"""`ros2 topic pub`."""

import argparse
import time

import rclpy
from rclpy._rclpy_pybind11 import RCLError
from rclpy.duration import Duration

from ros2cli import graph, qos
from ros2cli.fields import parse_values, set_fields
from ros2cli.numbers import nonnegative_int, positive_float
from ros2cli.types import get_message

ACKNOWLEDGED = Duration(seconds=5)
"""Longest wait for those who have been sent a message to say that they have it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument('topic_name', help="Name of the topic, e.g. '/chatter'")
    parser.add_argument('message_type', help="Its type, e.g. 'std_msgs/msg/String'")
    parser.add_argument(
        'values',
        nargs='?',
        default='{}',
        help="Fields in YAML, e.g. 'data: Hello'; 'auto' stamps a header, 'now' a time",
    )
    parser.add_argument(
        '-r', '--rate', metavar='N', type=positive_float, default=1.0, help='Rate [Hz] (default 1)'
    )
    parser.add_argument(
        '-p', '--print', metavar='N', type=int, default=1, help='Print every N-th (default 1)'
    )
    times = parser.add_mutually_exclusive_group()
    times.add_argument('-1', '--once', action='store_true', help='Publish once and exit')
    times.add_argument('-t', '--times', type=nonnegative_int, default=0, help='Publish so often')
    parser.add_argument(
        '-w',
        '--wait-matching-subscriptions',
        type=nonnegative_int,
        help='Wait for so many subscribers (default: 1 with --once and --times, else 0)',
    )
    parser.add_argument(
        '--max-wait-time-secs', type=positive_float, help='Wait no longer for them than this'
    )
    parser.add_argument(
        '--keep-alive',
        metavar='N',
        type=positive_float,
        default=0.1,
        help='Stay N seconds after the last message (default 0.1)',
    )
    parser.add_argument('-n', '--node-name', help='Name of the publishing node')
    qos.add_arguments(parser, default='default')
    graph.add_arguments(parser)


def _wait_for_subscribers(publisher, wanted: int, max_wait: float | None) -> None:
    """Return when `wanted` subscribers match; RuntimeError after `max_wait` [s]."""
    start = time.monotonic()
    said = 0
    while (count := publisher.get_subscription_count()) < wanted:
        waited = time.monotonic() - start
        if max_wait is not None and waited >= max_wait:
            raise RuntimeError(
                f'Timed out waiting for subscribers: Expected {wanted} subscribers '
                f'but only got {count} subscribers'
            )
        if waited >= said:
            print(f'Waiting for at least {wanted} matching subscription(s)...')
            said += 1
        time.sleep(0.1)


def main(args: argparse.Namespace) -> None:
    """Publish the message once, so many times, or at a rate until Ctrl-C."""
    message = get_message(args.message_type)
    msg = message()
    stamps = set_fields(msg, parse_values(args.values), stamps=True)
    times = 1 if args.once else args.times
    wanted = args.wait_matching_subscriptions
    if wanted is None:
        wanted = int(times != 0)
    if wanted == 0 and args.max_wait_time_secs is not None:
        raise RuntimeError(
            '--max-wait-time-secs needs --wait-matching-subscriptions, --once or --times'
        )
    with graph.direct_node(args, name=args.node_name) as node:
        publisher = node.create_publisher(message, args.topic_name, qos.from_arguments(args))
        _wait_for_subscribers(publisher, wanted, args.max_wait_time_secs)
        print('publisher: beginning loop')
        count = 0

        def publish() -> None:
            nonlocal count
            now = node.get_clock().now().to_msg()
            for stamp in stamps:
                stamp(now)
            count += 1
            if args.print and count % args.print == 0:
                print(f'publishing #{count}: {msg!r}\n')
            try:
                publisher.publish(msg)
            except RCLError as error:  # a full reliable queue: the next one may pass
                node.get_logger().error(f'message {count} was not published: {error}')

        publish()
        timer = node.create_timer(1.0 / args.rate, publish)
        while times == 0 or count < times:
            rclpy.spin_once(node)
        node.destroy_timer(timer)
        # A subscriber may have been seen before it has seen this publisher: it asks again.
        publisher.wait_for_all_acked(ACKNOWLEDGED)
        time.sleep(args.keep_alive)
