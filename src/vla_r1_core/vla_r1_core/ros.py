"""The one ROS file of the core: parameters from a dataclass, camera topics, `main` of a node."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
import ctypes
from dataclasses import fields, replace
import threading
from typing import Any, TypeVar

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
import rclpy
from rclpy.callback_groups import CallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.executors import (
    ExternalShutdownException,
    MultiThreadedExecutor,
    ShutdownException,
    SingleThreadedExecutor,
)
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_sensor_data, QoSProfile
from rclpy.subscription import Subscription

from vla_r1_core.config import validate

ConfigT = TypeVar('ConfigT')

_INT_MAX = 2**62
_FLOAT_MAX = 1e300
_BEGIN_S = 0.02  # [s]; all threads may be taken
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


def subscribe_camera(
    node: Node,
    msg_type: type[Any],
    topic: str,
    callback: Callable[[Any], None],
    *,
    callback_group: CallbackGroup | None = None,
    on_lost: Callable[[int], None] = lambda count: None,
) -> list[Subscription]:
    """Subscribe to a camera's topic: reliably, or with best effort if that is all it offers.

    Returns all subscriptions there are by then: destroy them to hear no more.
    The middleware tells `on_lost` how many more messages it knows to be lost.

    Best effort loses most frames of a megabyte on a busy machine even within that machine;
    a reliable subscription hears nothing from a driver that publishes with best effort.
    """
    subscriptions: list[Subscription] = []

    def count_lost(info: Any) -> None:
        on_lost(info.total_count_change)

    def from_reliable(message: Any) -> None:
        if len(subscriptions) == 1:
            callback(message)

    def take_best_effort(_: Any) -> None:
        if len(subscriptions) > 1:
            return
        node.get_logger().info(f'{topic} is offered with best effort: frames may get lost')
        subscriptions.append(
            node.create_subscription(
                msg_type,
                topic,
                callback,
                qos_profile_sensor_data,
                callback_group=callback_group,
                event_callbacks=SubscriptionEventCallbacks(message_lost=count_lost),
            )
        )

    subscriptions.append(
        node.create_subscription(
            msg_type,
            topic,
            from_reliable,
            QoSProfile(depth=qos_profile_sensor_data.depth),
            callback_group=callback_group,
            event_callbacks=SubscriptionEventCallbacks(
                incompatible_qos=take_best_effort, message_lost=count_lost
            ),
        )
    )
    return subscriptions


def _keep_freed_memory() -> None:
    """Let the allocator keep the memory of past images for the next ones.

    By default glibc hands it back to the system, and the page faults of every new image cost more
    than copying it: 6 ms instead of 0.7 ms for one of 2.7 MB on a virtual machine.
    """
    mallopt = getattr(ctypes.CDLL(None), 'mallopt', None)  # other C libraries have none
    if mallopt:
        mallopt(_M_MMAP_THRESHOLD, 32 << 20)  # the most that glibc takes
        mallopt(_M_TRIM_THRESHOLD, 256 << 20)


class SideNode:
    """A hidden node with a thread of its own, for inputs at a high rate or for calls that hurry.

    rclpy builds its wait set anew for every message, from all that a node has: joint states and
    TF of a robot cost a node with a few actions twice as much as one without, and an answer that
    a node with many entities takes 3 ms to notice, a small one notices in 0.5 ms.

    Attributes:
        node: to subscribe and call with, under the same names and remappings as its owner.
    """

    def __init__(self, owner: Node, purpose: str) -> None:
        names = {'__node': f'_{owner.get_name()}_{purpose}', '__ns': owner.get_namespace()}
        self.node = rclpy.create_node(
            names['__node'],
            context=owner.context,
            # The process's own rules hold, too; these, which name the node, come before them.
            cli_args=['--ros-args', *(w for n, to in names.items() for w in ('-r', f'{n}:={to}'))],
            parameter_overrides=[Parameter('use_sim_time', value=False)],  # it reads no clock
            enable_rosout=False,
            start_parameter_services=False,
        )
        self._executor = SingleThreadedExecutor(context=owner.context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._spin, name=purpose, daemon=True)

    def start(self) -> None:
        """Begin to take messages."""
        self._thread.start()

    def close(self) -> None:
        """End the thread, then the node."""
        self._executor.shutdown(timeout_sec=1.0)
        if self._thread.is_alive():
            self._thread.join(timeout=1.0)
        self.node.destroy_node()

    def _spin(self) -> None:
        try:
            self._executor.spin()
        except (ExternalShutdownException, ShutdownException):
            pass
        except RuntimeError:  # as in `run`
            if self.node.context.ok():
                raise


class _PatientPool(ThreadPoolExecutor):
    """Threads, one of which has begun its work before the next is handed out."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        begun = threading.Event()

        def work() -> Any:
            begun.set()
            return fn(*args, **kwargs)

        future = super().submit(work)
        begun.wait(_BEGIN_S)
        return future


class PatientExecutor(MultiThreadedExecutor):
    """rclpy's executor with threads, which waits until a thread has begun what it was given.

    rclpy's own hands the same work out over and over until then, and so keeps the thread from
    beginning, because only one of the two can run Python: with a clock of 25 Hz it turns 300 to
    1,200 times a second and takes 6 to 16 % of a core, this one 25 times and 2 %.
    """

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        self._executor = _PatientPool(threads)


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
