"""Asks a node for its parameters."""

import argparse

import rclpy

from ros2cli import graph
from ros2cli.numbers import positive_float


def add_arguments(parser: argparse.ArgumentParser, **node_name) -> None:
    """Add the arguments of all verbs; `node_name` are options of that argument."""
    graph.add_arguments(parser)
    parser.add_argument('node_name', help='Name of the node', **node_name)
    parser.add_argument(
        '--include-hidden-nodes', action='store_true', help='Consider hidden nodes as well'
    )
    parser.add_argument(
        '--timeout',
        metavar='N',
        type=positive_float,
        default=5.0,
        help='Wait N seconds for the answer (default 5)',
    )


def require_node(node, args: argparse.Namespace) -> str:
    """Return the full name of the node that the command line names; RuntimeError if missing."""
    name = graph.absolute(args.node_name)
    if name not in graph.node_names(node, include_hidden=args.include_hidden_nodes):
        raise RuntimeError('Node not found')
    return name


def is_known(args: argparse.Namespace):
    """Return what tells whether a node has discovered the one that the command line names."""
    name = graph.absolute(args.node_name)
    return lambda node: name in graph.node_names(node, include_hidden=True)


def call(node, service, name: str, request, timeout: float):
    """Return the answer of the service `name`; RuntimeError after `timeout` [s]."""
    client = node.create_client(service, name)
    if not client.wait_for_service(timeout_sec=timeout):
        raise RuntimeError(f'Wait for service timed out: {name}')
    future = client.call_async(request)
    rclpy.spin_until_future_complete(node, future, timeout_sec=timeout)
    if not future.done():
        raise RuntimeError(f'No answer from {name} within {timeout:g} s')
    return future.result()
