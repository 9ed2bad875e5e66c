"""Motion messages to the planner's types and back."""

from array import array
from collections.abc import Callable, Mapping, Sequence

from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Pose
from moveit_msgs.msg import Constraints, MoveItErrorCodes, RobotState, RobotTrajectory
import numpy as np
from trajectory_msgs.msg import JointTrajectoryPoint

from moveit_ros_move_group.collision import CollisionScene
from moveit_ros_move_group.errors import Code, MoveItError
from moveit_ros_move_group.ik import PoseGoal
from moveit_ros_move_group.planning import JointGoal
from moveit_ros_move_group.robot import Group, Robot
from moveit_ros_move_group.timing import Scaling, Trajectory
from moveit_ros_move_group.transforms import make_pose, Matrix, quaternion_of
from moveit_ros_move_group.world import World

REPEATABLE = 1e-4  # [rad or m] no goal needs to be met closer than this

Frames = Callable[[str], Matrix]
"""Maps a frame's name to its (4, 4) pose in the planning frame."""


def error_message(code: Code, message: str = '') -> MoveItErrorCodes:
    """Return the message of an error code; `message` is for people."""
    return MoveItErrorCodes(val=int(code), message=message, source='move_group')


def pose_matrix(pose: Pose) -> Matrix:
    """Return the (4, 4) matrix of a pose message."""
    p, q = pose.position, pose.orientation
    return make_pose((p.x, p.y, p.z), (q.x, q.y, q.z, q.w))


def pose_message(pose: Matrix) -> Pose:
    """Return the message of a (4, 4) pose."""
    message = Pose()
    message.position.x, message.position.y, message.position.z = map(float, pose[:3, 3])
    o = message.orientation
    o.x, o.y, o.z, o.w = quaternion_of(pose[:3, :3])
    return message


def scaling_of(message: object) -> Scaling:
    """Read the speed fields that MotionPlanRequest and GetCartesianPath share.

    As in MoveIt, a scaling factor outside (0, 1] counts as 1.
    """
    fractions = [
        message.max_velocity_scaling_factor,  # type: ignore[attr-defined]
        message.max_acceleration_scaling_factor,  # type: ignore[attr-defined]
    ]
    velocity, acceleration = (f if 0.0 < f <= 1.0 else 1.0 for f in fractions)
    return Scaling(
        velocity=velocity,
        acceleration=acceleration,
        link=message.cartesian_speed_limited_link,  # type: ignore[attr-defined]
        link_speed=message.max_cartesian_speed,  # type: ignore[attr-defined]
    )


def start_positions(message: RobotState, current: Mapping[str, float]) -> dict[str, float]:
    """Return the current joint positions, overlaid with those of a start state.

    Raises:
        MoveItError: INVALID_ROBOT_STATE when names and positions do not match.
    """
    names, positions = message.joint_state.name, message.joint_state.position
    if len(names) != len(positions):
        raise MoveItError(
            Code.INVALID_ROBOT_STATE,
            f'start_state has {len(names)} joint names and {len(positions)} positions.',
        )
    return {**current, **dict(zip(names, positions, strict=True))}


def state_message(positions: Mapping[str, float]) -> RobotState:
    """Return a RobotState of joint positions by name."""
    state = RobotState()
    state.joint_state.name = list(positions)
    state.joint_state.position = array('d', positions.values())
    return state


def goals_of(
    constraints: Sequence[Constraints],
    robot: Robot,
    group: Group,
    start: Mapping[str, float],
    frames: Frames,
) -> tuple[PoseGoal | JointGoal, ...]:
    """Read goal constraints; each element is an alternative.

    Raises:
        MoveItError: when there are none, or one asks for what this package cannot plan.
    """
    if not constraints:
        raise MoveItError(
            Code.INVALID_GOAL_CONSTRAINTS, 'goal_constraints is empty: give at least one goal.'
        )
    return tuple(_goal(c, robot, group, start, frames) for c in constraints)


def _goal(
    message: Constraints, robot: Robot, group: Group, start: Mapping[str, float], frames: Frames
) -> PoseGoal | JointGoal:
    counts = (
        bool(message.joint_constraints),
        len(message.position_constraints),
        len(message.orientation_constraints),
        bool(message.visibility_constraints),
    )
    if counts == (True, 0, 0, False):
        return _joint_goal(message, group, start)
    if counts in ((False, 1, 0, False), (False, 1, 1, False)):
        return _pose_goal(message, robot, frames)
    raise MoveItError(
        Code.INVALID_GOAL_CONSTRAINTS,
        'A goal must be joint constraints alone, or one position constraint with at most one '
        'orientation constraint; send alternatives as further goal_constraints.',
    )


def _joint_goal(message: Constraints, group: Group, start: Mapping[str, float]) -> JointGoal:
    wanted = {c.joint_name: c.position for c in message.joint_constraints}
    foreign = [name for name in wanted if name not in group.joints]
    if foreign:
        raise MoveItError(
            Code.INVALID_GOAL_CONSTRAINTS,
            f"{', '.join(foreign)} not in group '{group.name}': it has {', '.join(group.joints)}.",
        )
    tolerance = {
        c.joint_name: min(c.tolerance_above, c.tolerance_below) for c in message.joint_constraints
    }
    return JointGoal(
        np.array([wanted.get(name, start[name]) for name in group.joints]),
        np.array([max(tolerance.get(name, 0.0), REPEATABLE) for name in group.joints]),
    )


def _pose_goal(message: Constraints, robot: Robot, frames: Frames) -> PoseGoal:
    position = message.position_constraints[0]
    regions = position.constraint_region.primitive_poses
    if len(regions) != 1 or len(position.constraint_region.primitives) != 1:
        raise MoveItError(
            Code.INVALID_GOAL_CONSTRAINTS,
            'A position constraint needs one primitive with its pose: its centre is the target.',
        )
    link = robot.check_link(position.link_name)
    centre = frames(position.header.frame_id) @ pose_matrix(regions[0])
    offset = position.target_point_offset
    rotation, tolerance = None, np.zeros(3)
    for orientation in message.orientation_constraints:
        if orientation.link_name != link:
            raise MoveItError(
                Code.INVALID_GOAL_CONSTRAINTS,
                f"Position is for '{link}', orientation for '{orientation.link_name}': "
                'give both for one link.',
            )
        q = orientation.orientation
        local = make_pose(np.zeros(3), (q.x, q.y, q.z, q.w))
        rotation = (frames(orientation.header.frame_id) @ local)[:3, :3]
        tolerance = np.array(
            [
                orientation.absolute_x_axis_tolerance,
                orientation.absolute_y_axis_tolerance,
                orientation.absolute_z_axis_tolerance,
            ]
        )
    return PoseGoal(
        link=link,
        target=centre[:3, 3],
        offset=np.array([offset.x, offset.y, offset.z]),
        rotation=rotation,
        tolerance=tolerance,
        radius=min(position.constraint_region.primitives[0].dimensions, default=0.0),
    )


def refuse_path_constraints(message: Constraints) -> None:
    """Refuse what would otherwise be ignored without a word.

    Raises:
        MoveItError: PLANNING_FAILED.
    """
    if any(
        (
            message.joint_constraints,
            message.position_constraints,
            message.orientation_constraints,
            message.visibility_constraints,
        )
    ):
        raise MoveItError(
            Code.PLANNING_FAILED,
            'Path constraints are not supported here: leave them out, or use MoveIt itself.',
        )


def trajectory_message(trajectory: Trajectory, frame: str) -> RobotTrajectory:
    """Return the message of a trajectory; `frame` is the planning frame."""
    message = RobotTrajectory()
    message.joint_trajectory.header.frame_id = frame
    message.joint_trajectory.joint_names = list(trajectory.joints)
    # array('d') is taken as it is; a list would be checked number by number.
    message.joint_trajectory.points = [
        JointTrajectoryPoint(
            positions=array('d', q),
            velocities=array('d', v),
            accelerations=array('d', a),
            time_from_start=_duration(t),
        )
        for t, q, v, a in zip(
            trajectory.times.tolist(),
            trajectory.positions.tolist(),
            trajectory.velocities.tolist(),
            trajectory.accelerations.tolist(),
            strict=True,
        )
    ]
    return message


def _duration(seconds: float) -> Duration:
    whole, nanoseconds = divmod(round(seconds * 1e9), 1_000_000_000)
    return Duration(sec=whole, nanosec=nanoseconds)


def link_frames(robot: CollisionScene, world: World, q: Matrix, other: Frames) -> Frames:
    """Return the frames of a planning scene: the robot's links at `q`, objects, then `other` (TF).

    An empty name means the planning frame.
    """

    def pose_of(frame: str) -> Matrix:
        name = frame.lstrip('/') or robot.robot.root
        if name in robot.robot.links:
            return robot.link_pose(q, name)
        if name in world.objects:
            return world.objects[name].pose
        if name in world.attached:
            held = world.attached[name]
            return robot.link_pose(q, held.link) @ held.pose
        return other(name)

    return pose_of
