"""Parameters from a dataclass, and `main` of a node."""

from collections.abc import Callable
import ctypes
from dataclasses import fields, replace
from typing import Any, TypeVar

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
import rclpy
from rclpy.clock import Clock, ClockType
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.parameter import Parameter

from vla_r1_core.config import validate
from vla_r1_core.executor_node import PatientExecutor

ConfigT = TypeVar('ConfigT')

_INT_MAX = 2**62
_FLOAT_MAX = 1e300
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of glibc's mallopt(3)


def _descriptor(f: Any) -> ParameterDescriptor:
    meta = f.metadata
    text = meta['help']
    if meta['unit']:
        text += f' [{meta["unit"]}]'
    changes = meta['dynamic'] or meta['when_unconfigured']
    descriptor = ParameterDescriptor(description=text, read_only=not changes)
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


def follow_config(
    node: Node,
    get: Callable[[], ConfigT],
    use: Callable[[ConfigT], None],
    *,
    is_unconfigured: Callable[[], bool] = lambda: False,
) -> None:
    """Take over what is changed while the node runs, and refuse with the reason what cannot be.

    Args:
        node: whose parameters were declared by `declare_config`.
        get: returns the present values.
        use: is given the new ones, all valid; refuses them by a ValueError with the reason.
        is_unconfigured: whether what is marked `when_unconfigured` can be changed now.
    """

    def on_parameters(parameters: list[Parameter]) -> SetParametersResult:
        config: Any = get()
        old = vars(config)
        changes = {p.name: p.value for p in parameters if p.value != old.get(p.name, p.value)}
        try:
            new = replace(config, **changes)
            validate(new)
            late = {f.name for f in fields(config) if f.metadata['when_unconfigured']}
            if late & set(changes) and not is_unconfigured():
                raise ValueError(
                    f'{", ".join(late & set(changes))} can be changed only while the node is '
                    f'unconfigured: `ros2 lifecycle set {node.get_fully_qualified_name()} '
                    'deactivate`, the same with cleanup, then change it, configure and activate'
                )
            use(new)
        except ValueError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    node.add_on_set_parameters_callback(on_parameters)


def _keep_freed_memory() -> None:
    """Let the allocator keep the memory of past images for the next ones.

    By default glibc hands it back to the system, and the page faults of every new image cost more
    than copying it: 6 ms instead of 0.7 ms for one of 2.7 MB on a virtual machine.
    """
    mallopt = getattr(ctypes.CDLL(None), 'mallopt', None)  # other C libraries have none
    if mallopt:
        mallopt(_M_MMAP_THRESHOLD, 32 << 20)  # the most that glibc takes
        mallopt(_M_TRIM_THRESHOLD, 256 << 20)


def run(node_class: type[Node], *, args: list[str] | None = None, threads: int = 4) -> None:
    """Spin one node until Ctrl-C or shutdown, then take it down cleanly.

    A node that holds threads or devices frees them in `destroy_node`.
    """
    _keep_freed_memory()
    rclpy.init(args=args)
    node = None
    executor = PatientExecutor(threads)
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
