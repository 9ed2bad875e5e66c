"""`ros2 param list`."""

import argparse
import re

from rcl_interfaces.srv import ListParameters

from ros2cli import graph
from ros2cli.param import client


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    client.add_arguments(parser, nargs='?')
    parser.add_argument('--filter', type=re.compile, help='Only names that start like this')


def main(args: argparse.Namespace) -> None:
    """Print the parameters of one node, or of all."""
    found = client.is_known(args) if args.node_name else None
    with graph.direct_node(args, found=found) as node:
        if args.node_name:
            names = [client.require_node(node, args)]
        else:
            names = graph.node_names(node, include_hidden=args.include_hidden_nodes)
        for name in names:
            request = ListParameters.Request()
            try:
                answer = client.call(
                    node, ListParameters, f'{name}/list_parameters', request, args.timeout
                )
            except RuntimeError as error:
                if args.node_name:
                    raise
                print(error)  # other nodes may answer
                continue
            parameters = sorted(answer.result.names)
            if args.filter is not None:
                parameters = [text for text in parameters if args.filter.match(text)]
            if not args.node_name and parameters:
                print(f'{name}:')
            for text in parameters:
                print(f'  {text}')
