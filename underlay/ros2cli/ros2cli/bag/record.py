"""`ros2 bag record`."""

import argparse
from collections import Counter
from datetime import datetime
from pathlib import Path
import re
import signal

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from rclpy.signals import SignalHandlerOptions

from ros2cli.bag.bag_writer import BagWriter
from ros2cli.bag.recorder import Recorder, Selection
from ros2cli.graph import absolute
from ros2cli.numbers import positive_int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument('-o', '--output', type=Path, help='Folder to create (default: by time)')
    parser.add_argument(
        '-s', '--storage', choices=['mcap'], default='mcap', help='Storage (default: mcap)'
    )
    topics = parser.add_mutually_exclusive_group()
    topics.add_argument('topics_positional', nargs='*', default=[], metavar='topic')
    topics.add_argument('--topics', nargs='+', default=[], metavar='topic', help='What to record')
    parser.add_argument(
        '-a', '--all', '--all-topics', action='store_true', help='Record all but hidden topics'
    )
    parser.add_argument(
        '-e', '--regex', type=re.compile, help='Record topics that contain this expression'
    )
    parser.add_argument(
        '-x', '--exclude-regex', type=re.compile, help='But not those that contain this one'
    )
    parser.add_argument(
        '-p',
        '--polling-interval',
        type=positive_int,
        default=100,
        help='Time between looks for new topics [ms] (default: 100)',
    )
    parser.add_argument(
        '--max-cache-size',
        type=positive_int,
        default=100 * 2**20,
        help='Bytes that may wait for the disk before messages are dropped (default: 100 MiB)',
    )
    parser.add_argument(
        '--use-sim-time', action='store_true', help='Stamp with the time of /clock; wait for it'
    )
    parser.add_argument('--node-name', default='rosbag2_recorder', help='(default: %(default)s)')


def _error(text: str) -> str:
    return f'[ERROR] [ros2bag]: {text}'


def main(args: argparse.Namespace) -> str | None:
    """Record until SIGINT or SIGTERM."""
    topics = args.topics or args.topics_positional
    if not (args.all or topics or args.regex):
        return _error('Need to specify at least one option out of --all, --topics or --regex')
    if args.exclude_regex and not (args.all or args.regex):
        return _error('--exclude-regex argument requires either --all or --regex')
    folder = args.output or Path(datetime.now().strftime('rosbag2_%Y_%m_%d-%H_%M_%S'))
    if folder.exists():
        return _error(f"Output folder '{folder}' already exists.")
    selection = Selection(
        everything=args.all,
        topics=[absolute(topic) for topic in topics],
        regex=args.regex,
        exclude=args.exclude_regex,
    )
    # Our own handlers: the second Ctrl-C of an impatient user must not interrupt the closing.
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    stop = rclpy.task.Future()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.done() or stop.set_result(None))
    node = rclpy.create_node(
        args.node_name,
        start_parameter_services=False,
        parameter_overrides=[Parameter('use_sim_time', value=args.use_sim_time)],
    )
    try:
        writer = BagWriter(folder, args.max_cache_size)
        recorder = Recorder(node, writer, selection)
        try:
            _record(node, recorder, args, stop)
        finally:
            writer.close()
        _report(node, writer.dropped + Counter(recorder.lost))
        node.get_logger().info('Recording stopped')
    finally:
        node.destroy_node()
        rclpy.shutdown()
    return None


def _record(node, recorder: Recorder, args: argparse.Namespace, stop) -> None:
    """Look for topics and write their messages until `stop` is done."""
    log = node.get_logger()
    log.info('Listening for topics...')
    clock = node.get_clock()
    if args.use_sim_time:
        log.info('use_sim_time set, waiting for /clock before starting recording...')

    def look() -> None:
        if args.use_sim_time and clock.now().nanoseconds == 0:
            return
        recorder.discover()
        if recorder.complete:
            log.info('All requested topics are subscribed. Stopping discovery...')
            timer.cancel()

    timer = node.create_timer(
        args.polling_interval * 1e-3,
        look,
        clock=rclpy.clock.Clock(),  # steady in sim time too
    )
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    log.info('Recording...')
    while not stop.done():
        # A signal is seen when the wait ends, at the latest after this timeout.
        executor.spin_once(timeout_sec=0.1)


def _report(node, lost: Counter) -> None:
    """Say how many messages are missing from the bag."""
    if lost:
        topics = '\n'.join(f'\t{topic}: {count}' for topic, count in sorted(lost.items()))
        node.get_logger().warning(
            f'Messages lost per topic:\n{topics}\nTotal lost: {sum(lost.values())}'
        )
