"""Time-parameterized joint trajectories."""

from dataclasses import dataclass

import numpy as np
import roboplan.core as rp
from roboplan.toppra import PathParameterizerTOPPRA, SplineFittingMode, TOPPRAOptions

from moveit_ros_move_group.collision import CollisionScene
from moveit_ros_move_group.robot import Group
from moveit_ros_move_group.transforms import Matrix

SAMPLE_PERIOD = 0.02  # [s] between the points of a trajectory
BLEND_DEVIATION = 0.01  # [rad] that a rounded corner may leave the path by
CHECK_PERIOD = 0.002  # [s] between collision checks


@dataclass(frozen=True)
class Scaling:
    """How fast to move: fractions of the joint limits, and a speed limit for one link.

    `link_speed` [m/s]; 0 means none.
    """

    velocity: float = 1.0
    acceleration: float = 1.0
    link: str = ''
    link_speed: float = 0.0


@dataclass(frozen=True)
class Trajectory:
    """N points of J joints: times (N,) [s]; positions, velocities, accelerations (N, J)."""

    joints: tuple[str, ...]
    times: Matrix
    positions: Matrix
    velocities: Matrix
    accelerations: Matrix

    @property
    def duration(self) -> float:
        """Return the time of the last point [s]."""
        return float(self.times[-1])

    def stretched(self, factor: float) -> 'Trajectory':
        """Return the same path, slower by `factor` >= 1."""
        return Trajectory(
            self.joints,
            self.times * factor,
            self.positions,
            self.velocities / factor,
            self.accelerations / factor**2,
        )


def standing(joints: tuple[str, ...], position: Matrix) -> Trajectory:
    """Return the trajectory of one point (J,) that needs no motion."""
    still = np.zeros((1, len(joints)))
    return Trajectory(joints, np.zeros(1), np.array([position]), still, still)


def parameterize(
    scene: CollisionScene, group: Group, start: Matrix, path: Matrix, scaling: Scaling
) -> Trajectory:
    """Time a path (N, J) of the group with TOPP-RA, at rest at both ends.

    Raises:
        RuntimeError, ValueError: TOPP-RA found no timing for this path.
    """
    joint_path = rp.JointPath()
    joint_path.joint_names = list(group.joints)
    joint_path.positions = list(path)
    timed = PathParameterizerTOPPRA(scene.model, group.name).generate(
        joint_path,
        TOPPRAOptions(
            dt=SAMPLE_PERIOD,
            mode=SplineFittingMode.LinearBlend,
            velocity_scale=scaling.velocity,
            acceleration_scale=scaling.acceleration,
            max_blend_deviation=BLEND_DEVIATION,
        ),
    )
    trajectory = Trajectory(
        group.joints,
        np.array(timed.times),
        np.array(timed.positions),
        np.array(timed.velocities),
        np.array(timed.accelerations),
    )
    if scaling.link_speed <= 0.0:
        return trajectory
    fastest = _fastest(scene, group, start, trajectory, scaling.link or group.tip)
    return trajectory.stretched(max(1.0, fastest / scaling.link_speed))


def _fastest(
    scene: CollisionScene, group: Group, start: Matrix, trajectory: Trajectory, link: str
) -> float:
    """Return the highest speed [m/s] of a link along the trajectory."""
    at = np.array([scene.link_pose(q, link)[:3, 3] for q in full(scene, group, start, trajectory)])
    steps = np.linalg.norm(np.diff(at, axis=0), axis=1)
    return float((steps / np.diff(trajectory.times)).max())


def full(scene: CollisionScene, group: Group, start: Matrix, trajectory: Trajectory) -> Matrix:
    """Return the (N, all joints) configurations; joints outside the group stay as in `start`."""
    q = np.tile(start, (len(trajectory.times), 1))
    q[:, scene.indices(group.joints)] = trajectory.positions
    return q


def first_contact(
    scene: CollisionScene, group: Group, start: Matrix, trajectory: Trajectory, step: float = 0.0
) -> float | None:
    """Return the time [s] of the first collision, looking every 2 ms, or None.

    With a `step` [rad or m], only where the joints together (Euclidean) have moved so far.
    """
    times = np.append(np.arange(0.0, trajectory.duration, CHECK_PERIOD), trajectory.duration)
    q = np.tile(start, (len(times), 1))
    for column, k in enumerate(scene.indices(group.joints)):
        q[:, k] = np.interp(times, trajectory.times, trajectory.positions[:, column])
    if step > 0.0:
        moved = np.append(0.0, np.cumsum(np.linalg.norm(np.diff(q, axis=0), axis=1)))
        looks = np.append(np.unique(moved // step, return_index=True)[1], -1)
        times, q = times[looks], q[looks]
    for time, configuration in zip(times, q, strict=True):
        if scene.collides(configuration):
            return float(time)
    return None
