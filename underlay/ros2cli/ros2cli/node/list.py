"""`ros2 node list`."""

import argparse
import sys

from ros2cli import graph


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    graph.add_arguments(parser)
    parser.add_argument('-a', '--all', action='store_true', help='Show hidden nodes as well')
    parser.add_argument('-c', '--count-nodes', action='store_true', help='Show only how many')


def main(args: argparse.Namespace) -> None:
    """Print one node per line."""
    with graph.direct_node(args) as node:
        names = graph.node_names(node, include_hidden=args.all)
    if args.count_nodes:
        print(len(names))
        return
    if len(set(names)) < len(names):
        print(
            'WARNING: Some nodes in the graph share a name, which can have side effects.',
            file=sys.stderr,
        )
    for name in names:
        print(name)
