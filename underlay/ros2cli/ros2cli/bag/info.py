"""`ros2 bag info`."""

import argparse
from datetime import datetime

from ros2cli.bag import bag_reader
from ros2cli.bag.bag_reader import BagReader


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    bag_reader.add_arguments(parser)
    parser.add_argument('-t', '--topic-name', action='store_true', help='Print only topic names')


def _seconds(time_ns: int) -> str:
    return '{}.{:09d}'.format(*divmod(time_ns, 10**9))


def _date(time_ns: int) -> str:
    seconds, fraction = divmod(time_ns, 10**9)
    local = datetime.fromtimestamp(seconds)
    return f'{local:%b} {local.day:2} {local:%Y %H:%M:%S}.{fraction:09d} ({_seconds(time_ns)})'


def _size(size: float) -> str:
    for unit in ('B', 'KiB', 'MiB', 'GiB'):
        if size < 1024:
            return f'{size:.{0 if unit == "B" else 1}f} {unit}'
        size /= 1024
    return f'{size:.1f} TiB'


def main(args: argparse.Namespace) -> None:
    """Print a summary of the bag."""
    bag = BagReader(args.bag_path)
    info = bag.metadata
    if args.topic_name:
        for topic in info.topics:
            print(topic.name)
        return
    indent = '\n' + ' ' * 19
    # An empty bag has no start; its metadata holds the largest number instead.
    start = info.start if info.count else 0
    topics = [
        f'Topic: {topic.name} | Type: {topic.type_name} | Count: {topic.count} | '
        'Serialization Format: cdr'
        for topic in info.topics
    ]
    print(
        f'\nFiles:             {indent.join(info.files)}\n'
        f'Bag size:          {_size(bag.size)}\n'
        f'Storage id:        {info.storage}\n'
        f'ROS Distro:        {info.distro or "unknown"}\n'
        f'Duration:          {_seconds(info.duration)}s\n'
        f'Start:             {_date(start)}\n'
        f'End:               {_date(start + info.duration)}\n'
        f'Messages:          {info.count}\n'
        f'Topic information: {indent.join(topics)}\n'
        'Service:           0\n'
        'Service information: \n'
    )
