"""`ros2 action info`."""

import argparse

from rclpy.action import (
    get_action_client_names_and_types_by_node,
    get_action_names_and_types,
    get_action_server_names_and_types_by_node,
)

from ros2cli import graph


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    graph.add_arguments(parser)
    parser.add_argument('action_name', help="Name of the action, e.g. '/fibonacci'")
    parser.add_argument('-t', '--show-types', action='store_true', help='Show the types as well')
    parser.add_argument('-c', '--count', action='store_true', help='Show only how many')


def _nodes(node, action: str, ask) -> list[tuple[str, list[str]]]:
    """Return (full node name, types) of the nodes that `ask` finds to have the action."""
    found = []
    for name, namespace in node.get_node_names_and_namespaces():
        types = dict(ask(node, name, namespace)).get(action)
        if types:
            found.append((f'{namespace.rstrip("/")}/{name}', types))
    return found


def main(args: argparse.Namespace) -> None:
    """Print the action's clients and servers."""
    action = graph.absolute(args.action_name)

    def found(node) -> bool:
        return action in dict(get_action_names_and_types(node))

    with graph.direct_node(args, found=found) as node:
        sides = [
            ('clients', _nodes(node, action, get_action_client_names_and_types_by_node)),
            ('servers', _nodes(node, action, get_action_server_names_and_types_by_node)),
        ]
    print(f'Action: {args.action_name}')
    for label, nodes in sides:
        print(f'Action {label}: {len(nodes)}')
        for name, types in [] if args.count else nodes:
            print(f'    {name} [{", ".join(types)}]' if args.show_types else f'    {name}')
