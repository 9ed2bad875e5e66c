"""The one ROS file of the core: parameters from a dataclass, and `main` for every node."""

from dataclasses import fields
from typing import Any, TypeVar

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
import rclpy
from rclpy.clock import Clock, ClockType
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor
from rclpy.node import Node
from vla_r1_core.config import validate

ConfigT = TypeVar('ConfigT')

_INT_MAX = 2**62
_FLOAT_MAX = 1e300


def _descriptor(f: Any) -> ParameterDescriptor:
    meta = f.metadata
    text = meta['help']
    if meta['unit']:
        text += f' [{meta["unit"]}]'
    descriptor = ParameterDescriptor(description=text, read_only=not meta['dynamic'])
    if meta['choices']:
        descriptor.additional_constraints = 'one of ' + ', '.join(meta['choices'])
    ge, le = meta['ge'], meta['le']
    if ge is None and le is None:
        return descriptor
    if isinstance(f.default, int):
        descriptor.integer_range = [
            IntegerRange(
                from_value=-_INT_MAX if ge is None else int(ge),
                to_value=_INT_MAX if le is None else int(le),
            )
        ]
    else:
        descriptor.floating_point_range = [
            FloatingPointRange(
                from_value=-_FLOAT_MAX if ge is None else float(ge),
                to_value=_FLOAT_MAX if le is None else float(le),
            )
        ]
    return descriptor


def declare_config(node: Node, config_class: type[ConfigT]) -> ConfigT:
    """Declare every field of a config dataclass as a ROS parameter and return its values.

    Raises:
        ValueError: a value is outside the bounds or not one of the choices.
    """
    for f in fields(config_class):  # type: ignore[arg-type]
        node.declare_parameter(f.name, f.default, _descriptor(f))
    return read_config(node, config_class)


def read_config(node: Node, config_class: type[ConfigT]) -> ConfigT:
    """Return the present values of a config declared before; dynamic ones may have changed.

    Raises:
        ValueError: a value is outside the bounds or not one of the choices.
    """
    values = {f.name: node.get_parameter(f.name).value for f in fields(config_class)}  # type: ignore[arg-type]
    config = config_class(**values)
    validate(config)
    return config


def run(node_class: type[Node], *, args: list[str] | None = None, threads: int = 4) -> None:
    """Spin one node until Ctrl-C or shutdown, then take it down cleanly.

    A node that holds threads or devices frees them in `destroy_node`.
    """
    rclpy.init(args=args)
    node = None
    executor = MultiThreadedExecutor(num_threads=threads)
    try:
        node = node_class()
        executor.add_node(node)
        # A SIGTERM that arrives between two waits leaves spin() waiting until something wakes it.
        node.create_timer(1.0, lambda: None, clock=Clock(clock_type=ClockType.STEADY_TIME))
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except RuntimeError:  # rclpy's RCLError: the shutdown came while a wait was being set up
        if rclpy.ok():
            raise
    finally:
        executor.shutdown(timeout_sec=1.0)
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()
