"""`ros2 param get`."""

import argparse

from rcl_interfaces.msg import ParameterType
from rcl_interfaces.srv import GetParameters
from rclpy.parameter import parameter_value_to_python

from ros2cli import graph
from ros2cli.param import client

LABELS = {
    ParameterType.PARAMETER_BOOL: 'Boolean value is:',
    ParameterType.PARAMETER_INTEGER: 'Integer value is:',
    ParameterType.PARAMETER_DOUBLE: 'Double value is:',
    ParameterType.PARAMETER_STRING: 'String value is:',
    ParameterType.PARAMETER_BYTE_ARRAY: 'Byte values are:',
    ParameterType.PARAMETER_BOOL_ARRAY: 'Boolean values are:',
    ParameterType.PARAMETER_INTEGER_ARRAY: 'Integer values are:',
    ParameterType.PARAMETER_DOUBLE_ARRAY: 'Double values are:',
    ParameterType.PARAMETER_STRING_ARRAY: 'String values are:',
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    client.add_arguments(parser)
    parser.add_argument('parameter_name', help='Name of the parameter')
    parser.add_argument('--hide-type', action='store_true', help='Print only the value')


def main(args: argparse.Namespace) -> str | None:
    """Print the parameter's value."""
    with graph.direct_node(args, found=client.is_known(args)) as node:
        name = client.require_node(node, args)
        request = GetParameters.Request(names=[args.parameter_name])
        answer = client.call(node, GetParameters, f'{name}/get_parameters', request, args.timeout)
    if not answer.values:
        return 'Parameter not set'
    if answer.values[0].type == ParameterType.PARAMETER_NOT_SET:
        print('Parameter not set.')
        return None
    value = parameter_value_to_python(answer.values[0])
    if args.hide_type:
        print(value)
    else:
        print(LABELS[answer.values[0].type], value)
    return None
