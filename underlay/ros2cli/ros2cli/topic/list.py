"""`ros2 topic list`."""

import argparse

from ros2cli import graph
from ros2cli.topic.names import names_and_types


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    graph.add_arguments(parser)
    parser.add_argument('-t', '--show-types', action='store_true', help='Show the types as well')
    parser.add_argument('-c', '--count-topics', action='store_true', help='Show only how many')
    parser.add_argument(
        '--include-hidden-topics', action='store_true', help='Show hidden topics as well'
    )


def main(args: argparse.Namespace) -> None:
    """Print one topic per line."""
    with graph.direct_node(args) as node:
        topics = names_and_types(node, include_hidden=args.include_hidden_topics)
    if args.count_topics:
        print(len(topics))
        return
    for name, types in topics:
        print(f'{name} [{", ".join(types)}]' if args.show_types else name)
