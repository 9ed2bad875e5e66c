"""`ros2 topic type`."""

import argparse

from ros2cli import graph
from ros2cli.topic.names import is_known, names_and_types


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    graph.add_arguments(parser)
    parser.add_argument('topic_name', help="Name of the topic, e.g. '/chatter'")


def main(args: argparse.Namespace) -> int:
    """Print the topic's type; status 1 when there is no such topic."""
    with graph.direct_node(args, found=is_known(args.topic_name)) as node:
        types = dict(names_and_types(node, include_hidden=True)).get(args.topic_name, [])
    for name in types:
        print(name)
    return 0 if types else 1
