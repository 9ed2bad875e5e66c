"""`ros2 action list`."""

import argparse

from rclpy.action import get_action_names_and_types

from ros2cli import graph


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    graph.add_arguments(parser)
    parser.add_argument('-t', '--show-types', action='store_true', help='Show the types as well')
    parser.add_argument('-c', '--count-actions', action='store_true', help='Show only how many')


def main(args: argparse.Namespace) -> None:
    """Print one action per line."""
    with graph.direct_node(args) as node:
        actions = get_action_names_and_types(node)
    if args.count_actions:
        print(len(actions))
        return
    for name, types in actions:
        print(f'{name} [{", ".join(types)}]' if args.show_types else name)
