"""`ros2 service list`."""

import argparse

from ros2cli import graph


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    graph.add_arguments(parser)
    parser.add_argument('-t', '--show-types', action='store_true', help='Show the types as well')
    parser.add_argument('-c', '--count-services', action='store_true', help='Show only how many')
    parser.add_argument(
        '--include-hidden-services', action='store_true', help='Show hidden services as well'
    )


def main(args: argparse.Namespace) -> None:
    """Print one service per line."""
    with graph.direct_node(args) as node:
        services = [
            (name, types)
            for name, types in node.get_service_names_and_types()
            if args.include_hidden_services or not graph.is_hidden(name)
        ]
    if args.count_services:
        print(len(services))
        return
    for name, types in services:
        print(f'{name} [{", ".join(types)}]' if args.show_types else name)
