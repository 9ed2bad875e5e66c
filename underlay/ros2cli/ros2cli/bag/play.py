"""`ros2 bag play`."""

import argparse
import signal
import time

import rclpy
from rclpy.signals import SignalHandlerOptions

from ros2cli.bag import bag_reader
from ros2cli.bag.bag_reader import BagReader
from ros2cli.bag.player import Player
from ros2cli.graph import absolute
from ros2cli.numbers import positive_float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    bag_reader.add_arguments(parser)
    parser.add_argument(
        '-r', '--rate', type=positive_float, default=1.0, help='How many times as fast (default 1)'
    )
    parser.add_argument('-l', '--loop', action='store_true', help='Start again at the end')
    parser.add_argument('--topics', nargs='+', default=[], metavar='topic', help='Only these')
    parser.add_argument(
        '-m', '--remap', nargs='+', default=[], metavar='old:=new', help='Other names for topics'
    )
    parser.add_argument(
        '--clock',
        type=positive_float,
        nargs='?',
        const=40.0,
        default=0.0,
        metavar='HZ',
        help='Publish the time of the bag on /clock (default 40 Hz), instead of the recorded one',
    )
    parser.add_argument(
        '-d', '--delay', type=positive_float, default=0.0, help='Wait [s] before each start'
    )


def main(args: argparse.Namespace) -> None:
    """Play the bag, once or until Ctrl-C."""
    bag = BagReader(args.bag_path)
    wanted = {absolute(topic) for topic in args.topics}
    topics = [
        topic
        for topic in bag.metadata.topics
        if (not wanted or topic.name in wanted) and not (args.clock and topic.name == '/clock')
    ]
    remaps = [word for rule in args.remap for word in ('--remap', rule)]
    # Python's own Ctrl-C, which ends a sleep at once; SIGTERM does the same.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    rclpy.init(args=['--ros-args', *remaps], signal_handler_options=SignalHandlerOptions.NO)
    node = rclpy.create_node('rosbag2_player', start_parameter_services=False)
    try:
        player = Player(node, bag, topics, args.clock)
        node.get_logger().info(f'Set rate to {args.rate:g}')
        while True:
            time.sleep(args.delay)
            player.play(args.rate)
            if not args.loop:
                break
    except KeyboardInterrupt:
        node.get_logger().info('Playback stopped')
    finally:
        node.destroy_node()
        rclpy.shutdown()
