"""`ros2 param set`."""

import argparse

from rcl_interfaces.msg import Parameter
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import get_parameter_value

from ros2cli import graph
from ros2cli.param import client


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    client.add_arguments(parser)
    parser.add_argument('parameter_name', help='Name of the parameter')
    parser.add_argument('value', help='Value in YAML')


def main(args: argparse.Namespace) -> str | None:
    """Set the parameter; what the node has against it is the error."""
    value = get_parameter_value(args.value)
    parameter = Parameter(name=args.parameter_name, value=value)
    with graph.direct_node(args, found=client.is_known(args)) as node:
        name = client.require_node(node, args)
        request = SetParameters.Request(parameters=[parameter])
        answer = client.call(node, SetParameters, f'{name}/set_parameters', request, args.timeout)
    (result,) = answer.results
    reason = f': {result.reason}' if result.reason else ''
    if not result.successful:
        return f'Setting parameter failed{reason}'
    print(f'Set parameter successful{reason}')
    return None
