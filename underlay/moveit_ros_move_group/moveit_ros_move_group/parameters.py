"""The parameters of the real move_group that this one reads, and its own two."""

from dataclasses import dataclass

from rclpy.node import Node

from moveit_ros_move_group.controllers import ControllerSpec


@dataclass(frozen=True)
class Parameters:
    """As in a MoveIt configuration; `seed` and `clearance` exist here only.

    Attributes:
        urdf: `robot_description`.
        srdf: `robot_description_semantic`.
        velocity: [rad/s or m/s] by joint, `robot_description_planning.joint_limits`.
        acceleration: [rad/s^2 or m/s^2] by joint, likewise.
        controllers: `moveit_simple_controller_manager`.
        start_tolerance: [rad or m] a trajectory may start from the current state; 0: any.
        duration_scaling: times the planned duration that execution may take ...
        duration_margin: ... plus so much [s].
        seed: of all random numbers; negative: another for every request.
        clearance: [m] to objects, kept where there is a path that does.
    """

    urdf: str
    srdf: str
    velocity: dict[str, float]
    acceleration: dict[str, float]
    controllers: tuple[ControllerSpec, ...]
    start_tolerance: float
    duration_scaling: float
    duration_margin: float
    seed: int
    clearance: float


def read_parameters(node: Node) -> Parameters:
    """Read them from a node that declares parameters from its overrides.

    Raises:
        ValueError: the robot's description is missing.
    """

    def get(name: str, default: object) -> object:
        return node.get_parameter_or(name).value if node.has_parameter(name) else default

    texts = {n: get(n, '') for n in ('robot_description', 'robot_description_semantic')}
    missing = [name for name, text in texts.items() if not text]
    if missing:
        raise ValueError(f'set the parameters {", ".join(missing)} to the texts of URDF and SRDF')
    limits = {
        n: p.value
        for n, p in node.get_parameters_by_prefix(
            'robot_description_planning.joint_limits'
        ).items()
    }
    manager = 'moveit_simple_controller_manager'
    names = get(f'{manager}.controller_names', [])
    execution = 'trajectory_execution'
    return Parameters(
        urdf=str(texts['robot_description']),
        srdf=str(texts['robot_description_semantic']),
        velocity=_limits(limits, 'velocity'),
        acceleration=_limits(limits, 'acceleration'),
        controllers=tuple(
            ControllerSpec(
                name=name,
                action=f'{name}/{get(f"{manager}.{name}.action_ns", "")}'.rstrip('/'),
                type=str(get(f'{manager}.{name}.type', '')),
                joints=tuple(get(f'{manager}.{name}.joints', [])),  # type: ignore[call-overload]
            )
            for name in names  # type: ignore[attr-defined]
        ),
        start_tolerance=float(get(f'{execution}.allowed_start_tolerance', 0.01)),  # type: ignore[arg-type]
        duration_scaling=float(get(f'{execution}.allowed_execution_duration_scaling', 1.1)),  # type: ignore[arg-type]
        duration_margin=float(get(f'{execution}.allowed_goal_duration_margin', 0.5)),  # type: ignore[arg-type]
        seed=int(get('seed', -1)),  # type: ignore[call-overload]
        clearance=float(get('clearance', 0.005)),  # type: ignore[arg-type]
    )


def _limits(flat: dict[str, object], kind: str) -> dict[str, float]:
    """Read `<joint>.has_<kind>_limits` and `<joint>.max_<kind>`."""
    suffix = f'.has_{kind}_limits'
    joints = [n.removesuffix(suffix) for n, on in flat.items() if n.endswith(suffix) and on]
    return {joint: float(flat[f'{joint}.max_{kind}']) for joint in joints}  # type: ignore[arg-type]
