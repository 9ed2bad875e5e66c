"""The short-lived node behind a verb."""

import argparse
from contextlib import contextmanager
import os
import time

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.parameter import Parameter

NAME_PREFIX = '_ros2cli'  # a leading underscore hides the node from `ros2 node list`
STILL = 0.5  # [s] without change, at least: the graph is known


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of every verb that looks at the graph."""
    parser.add_argument(
        '--spin-time', type=float, default=5.0, help='Longest time for discovery [s] (default: 5)'
    )
    parser.add_argument('-s', '--use-sim-time', action='store_true', help='Use the time of /clock')
    parser.add_argument('--no-daemon', action='store_true', help='No effect: there is no daemon')


@contextmanager
def direct_node(args: argparse.Namespace, *, name: str | None = None, found=None):
    """Yield a node that has discovered the graph.

    Args:
        args: Options of `add_arguments`.
        name: The node's name, if it shall not be a hidden one.
        found: Called with the node; discovery goes on while it says false.
    """
    rclpy.init()
    try:
        node = rclpy.create_node(
            name or f'{NAME_PREFIX}_{os.getpid()}',
            start_parameter_services=False,
            parameter_overrides=[Parameter('use_sim_time', value=args.use_sim_time)],
        )
        try:
            _discover(node, args.spin_time, found)
            yield node
        except RuntimeError:  # rclpy's RCLError: the shutdown came while a wait was being set up
            if rclpy.ok():
                raise
            raise ExternalShutdownException from None
        finally:
            node.destroy_node()
    finally:
        rclpy.try_shutdown()


def _discover(node, timeout: float, found) -> None:
    """Spin until the graph stands still and has what is looked for, or for `timeout` [s].

    The full command asks a daemon that has known the graph for long. Here each command finds it
    anew, which takes 0.1 s on an idle machine and 2 s on a busy one; hence no fixed time: as long
    as it took to the last change must go by without another.
    """
    start = changed = time.monotonic()
    before = None
    while (now := time.monotonic()) < start + timeout:
        rclpy.spin_once(node, timeout_sec=0.05)
        seen = (
            node.get_node_names(),
            node.get_topic_names_and_types(),
            node.get_service_names_and_types(),
        )
        if seen != before:
            before, changed = seen, now
        alone = len(seen[0]) < 2
        still = now > changed + max(STILL, changed - start)
        if not alone and still and (found is None or found(node)):
            return


def is_hidden(name: str) -> bool:
    """Return whether any part of a graph name starts with an underscore."""
    return any(part.startswith('_') for part in name.split('/'))


def node_names(node, *, include_hidden: bool) -> list[str]:
    """Return the full names of the nodes, sorted."""
    names = [
        f'{namespace.rstrip("/")}/{name}'
        for name, namespace in node.get_node_names_and_namespaces()
    ]
    return sorted(name for name in names if include_hidden or not is_hidden(name))


def absolute(name: str) -> str:
    """Return a graph name with its leading slash."""
    return name if name.startswith('/') else f'/{name}'
