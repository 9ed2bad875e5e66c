"""`ros2 topic hz`."""

import argparse
from collections import deque
import time

import numpy as np
import rclpy
from rclpy.qos import qos_profile_sensor_data

from ros2cli import graph
from ros2cli.numbers import positive_int
from ros2cli.topic.names import is_known, message_class


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument('topic_name', help="Name of the topic, e.g. '/chatter'")
    parser.add_argument(
        '-w',
        '--window',
        type=positive_int,
        default=10000,
        help='Number of messages to average over (default: 10000)',
    )
    parser.add_argument(
        '--wall-time', action='store_true', help='Measure wall time, even with --use-sim-time'
    )
    graph.add_arguments(parser)


class Rate:
    """The last `window` intervals between messages."""

    def __init__(self, window: int) -> None:
        """Start with no message."""
        self._intervals: deque[float] = deque(maxlen=window)  # [s]
        self._last: float | None = None  # [s]

    def add(self, now: float) -> None:
        """Count a message that came at `now` [s]; time that runs backwards starts afresh."""
        if self._last is not None and now >= self._last:
            self._intervals.append(now - self._last)
        else:
            self._intervals.clear()
        self._last = now

    def __str__(self) -> str:
        """Return the two lines that `hz` prints; empty before the second message."""
        if not self._intervals:
            return ''
        intervals = np.array(self._intervals)
        mean = intervals.mean()
        return (
            f'average rate: {1 / mean if mean > 0 else 0:.3f}\n'
            f'\tmin: {intervals.min():.3f}s max: {intervals.max():.3f}s '
            f'std dev: {intervals.std():.5f}s window: {len(intervals)}'
        )


def main(args: argparse.Namespace) -> None:
    """Print the rate once a second while messages come."""
    rate = Rate(args.window)
    with graph.direct_node(args, found=is_known(args.topic_name)) as node:
        message = message_class(node, args.topic_name, wait=True)
        clock = node.get_clock()
        fresh = False

        def count(_msg) -> None:
            nonlocal fresh
            fresh = True
            rate.add(time.monotonic() if args.wall_time else clock.now().nanoseconds * 1e-9)

        # The bytes are enough to count by: a camera image is not taken apart for it.
        node.create_subscription(
            message, args.topic_name, count, qos_profile_sensor_data, raw=True
        )
        shown = time.monotonic()
        while rclpy.ok():
            rclpy.spin_once(node)
            if fresh and time.monotonic() >= shown + 1.0 and (lines := str(rate)):
                print(lines)
                shown, fresh = time.monotonic(), False
