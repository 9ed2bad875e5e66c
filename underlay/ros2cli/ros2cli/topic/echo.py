"""`ros2 topic echo`."""

import argparse
from functools import reduce

import rclpy
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.qos import QoSPresetProfiles
from rclpy.task import Future

from ros2cli import graph, qos
from ros2cli.convert import message_to_yaml, to_plain
from ros2cli.numbers import nonnegative_int, positive_float
from ros2cli.topic.names import full_name, is_known, message_class
from ros2cli.types import get_message


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    graph.add_arguments(parser)
    parser.add_argument('topic_name', help="Name of the topic, e.g. '/chatter'")
    parser.add_argument('message_type', nargs='?', help='Its type; default: what is published')
    qos.add_arguments(parser, default='sensor_data')
    parser.add_argument('--field', help="Only this field, '.' selects sub-fields: pose.position")
    parser.add_argument('-f', '--full-length', action='store_true', help='Truncate nothing')
    parser.add_argument(
        '-l',
        '--truncate-length',
        type=nonnegative_int,
        default=128,
        help='Longest array, bytes and string printed whole (default: 128)',
    )
    parser.add_argument('--no-arr', action='store_true', help='Do not print arrays')
    parser.add_argument('--no-str', action='store_true', help='Do not print strings')
    parser.add_argument(
        '--no-lost-messages', action='store_true', help='Do not report lost messages'
    )
    parser.add_argument('--once', action='store_true', help='Exit after the first message')
    parser.add_argument(
        '--timeout', metavar='N', type=positive_float, help='Give up waiting after N seconds'
    )


def _choose_qos(node, args: argparse.Namespace):
    """Return what the command line asks for, else what suits all publishers."""
    if qos.is_chosen(args):
        return qos.from_arguments(args)
    topic = full_name(node, args.topic_name)
    offers = [info.qos_profile for info in node.get_publishers_info_by_topic(topic)]
    return qos.adapt(QoSPresetProfiles.get_from_short_key(args.qos_profile), offers, print)


def _select(msg, field: str):
    """Return the field 'a.b.c' of a message."""
    try:
        return reduce(getattr, filter(None, field.split('.')), msg)
    except AttributeError as error:
        raise RuntimeError(f"Invalid field '{field}': {error}") from error


def _lost(status) -> None:
    print(
        'A message was lost!!!\n'
        f'\ttotal count change:{status.total_count_change}\n\ttotal count: {status.total_count}',
        end='---\n',
    )


def main(args: argparse.Namespace) -> str | None:
    """Print messages until Ctrl-C, or the first one."""
    if args.field is not None and not args.field.strip('.'):
        raise RuntimeError(f"Invalid field value '{args.field}'")
    options = {
        'truncate': None if args.full_length else args.truncate_length,
        'no_arr': args.no_arr,
        'no_str': args.no_str,
    }
    done = Future()

    def show(msg) -> None:
        if args.once and done.done():
            return
        value = msg if args.field is None else _select(msg, args.field)
        if hasattr(value, 'SLOT_TYPES'):
            print(message_to_yaml(value, **options), end='---\n')
        else:
            print(to_plain(value, **options), end='\n---\n')
        if args.once:
            done.set_result(None)

    found = None if args.message_type else is_known(args.topic_name)
    with graph.direct_node(args, found=found) as node:
        if args.message_type is None:
            message = message_class(node, args.topic_name, wait=False)
        else:
            message = get_message(args.message_type)
        if message is None:
            return 'Could not determine the type for the passed topic'
        node.create_subscription(
            message,
            args.topic_name,
            show,
            _choose_qos(node, args),
            event_callbacks=SubscriptionEventCallbacks(
                message_lost=None if args.no_lost_messages else _lost
            ),
        )
        rclpy.spin_until_future_complete(node, done, timeout_sec=args.timeout)
    return None
