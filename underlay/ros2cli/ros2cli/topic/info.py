"""`ros2 topic info`."""

import argparse

from ros2cli import graph
from ros2cli.topic.names import is_known, names_and_types


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    graph.add_arguments(parser)
    parser.add_argument('topic_name', help="Name of the topic, e.g. '/chatter'")
    parser.add_argument(
        '-v', '--verbose', action='store_true', help='Show each endpoint: node, type hash, QoS'
    )


def main(args: argparse.Namespace) -> str | None:
    """Print type and counts, and with --verbose every endpoint."""
    end = '\n\n' if args.verbose else '\n'
    with graph.direct_node(args, found=is_known(args.topic_name)) as node:
        types = dict(names_and_types(node, include_hidden=True)).get(args.topic_name)
        if types is None:
            return f"Unknown topic '{args.topic_name}'"
        print(f'Type: {types[0] if len(types) == 1 else types}', end=end)
        for label, count, endpoints in (
            ('Publisher', node.count_publishers, node.get_publishers_info_by_topic),
            ('Subscription', node.count_subscribers, node.get_subscriptions_info_by_topic),
        ):
            print(f'{label} count: {count(args.topic_name)}', end=end)
            for endpoint in endpoints(args.topic_name) if args.verbose else ():
                print(endpoint, end=end)
    return None
