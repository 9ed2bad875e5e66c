"""ROS messages to the planner's own values and back."""

from collections.abc import Iterable

from cv_bridge import CvBridge, CvBridgeError
from geometry_msgs.msg import Point, Pose, PoseStamped, Quaternion, Transform
from moveit_msgs.msg import (
    AttachedCollisionObject,
    BoundingVolume,
    CollisionObject,
    Constraints,
    MoveItErrorCodes,
    OrientationConstraint,
    PositionConstraint,
)
from nav_msgs.msg import Path
import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, Image
from shape_msgs.msg import SolidPrimitive
from std_msgs.msg import Header
from vla_r1_core.errors import GroundingError, OutcomeCode
from vla_r1_core.geometry import CameraModel, matrix_from_pose, quat_from_matrix
from vla_r1_core.types import Box, Trajectory2D

from vla_r1_msgs.msg import Affordance, Trajectory
from vla_r1_planner.footprint import Footprint
from vla_r1_planner.grasp import pointing_down
from vla_r1_planner.motion import Held

Array = NDArray[np.float64]

_BRIDGE = CvBridge()
_METRES = {'32FC1': 1.0, '16UC1': 0.001, 'mono16': 0.001}

_MOVEIT = {
    MoveItErrorCodes.NO_IK_SOLUTION: (
        OutcomeCode.GOAL_UNREACHABLE,
        'the arm cannot reach the pose; move the object or the robot',
    ),
    MoveItErrorCodes.GOAL_IN_COLLISION: (
        OutcomeCode.GOAL_IN_COLLISION,
        'the arm would touch something at the goal; make room around the object',
    ),
    MoveItErrorCodes.START_STATE_IN_COLLISION: (
        OutcomeCode.START_IN_COLLISION,
        'the arm touches something already; drive it clear by hand',
    ),
    MoveItErrorCodes.GOAL_CONSTRAINTS_VIOLATED: (
        OutcomeCode.GOAL_UNREACHABLE,
        'no state fulfils the goal; move the object or widen the tolerances',
    ),
    MoveItErrorCodes.GOAL_STATE_INVALID: (
        OutcomeCode.GOAL_IN_COLLISION,
        'the goal state is not valid; make room around the object',
    ),
    MoveItErrorCodes.PLANNING_FAILED: (
        OutcomeCode.PLANNING_FAILED,
        'no path was found; make room or raise planning_time_s',
    ),
    MoveItErrorCodes.INVALID_MOTION_PLAN: (
        OutcomeCode.PLANNING_FAILED,
        'the plan does not hold any more; ask again',
    ),
    MoveItErrorCodes.MOTION_PLAN_INVALIDATED_BY_ENVIRONMENT_CHANGE: (
        OutcomeCode.PLANNING_FAILED,
        'the scene changed under the plan; ask again',
    ),
    MoveItErrorCodes.TIMED_OUT: (
        OutcomeCode.PLANNING_FAILED,
        'planning ran out of time; raise planning_time_s',
    ),
    MoveItErrorCodes.CONTROL_FAILED: (
        OutcomeCode.EXECUTION_FAILED,
        'the controller stopped the motion; look at its log and for contact',
    ),
    MoveItErrorCodes.PREEMPTED: (
        OutcomeCode.EXECUTION_FAILED,
        'somebody else stopped the motion; ask again',
    ),
    MoveItErrorCodes.ROBOT_STATE_STALE: (
        OutcomeCode.JOINT_STATE_STALE,
        'move_group has no fresh joint states; check joint_states and the clock',
    ),
}

_EXECUTING = {
    MoveItErrorCodes.FAILURE: 'the motion was not carried out; look at the log of move_group',
    MoveItErrorCodes.TIMED_OUT: 'the motion did not end in time; is the arm blocked or slowed?',
    MoveItErrorCodes.INVALID_MOTION_PLAN: 'the arm is not where the plan starts; ask again',
}


def depth_from_msg(msg: Image) -> NDArray[np.float32]:
    """Return depth (H, W) [m]; 16UC1 is in mm and 0 there is invalid (REP-118).

    Raises:
        GroundingError: UNSUPPORTED_DEPTH.
    """
    if msg.encoding not in _METRES:
        raise GroundingError(
            OutcomeCode.UNSUPPORTED_DEPTH,
            f'depth has encoding {msg.encoding!r}; publish one of {", ".join(_METRES)}',
        )
    try:
        image = _BRIDGE.imgmsg_to_cv2(msg, desired_encoding='passthrough')
    except (CvBridgeError, ValueError, TypeError) as error:
        raise GroundingError(
            OutcomeCode.UNSUPPORTED_DEPTH, f'the depth image cannot be read: {error}'
        ) from error
    return image.astype(np.float32) * np.float32(_METRES[msg.encoding])


def camera_from_msg(msg: CameraInfo) -> CameraModel:
    """Return the camera's model.

    Raises:
        GroundingError: NO_CAMERA_INFO when it is uncalibrated or of an unknown model.
    """
    try:
        return CameraModel.from_calibration(
            msg.k, msg.d, msg.width, msg.height, msg.distortion_model
        )
    except ValueError as error:
        raise GroundingError(
            OutcomeCode.NO_CAMERA_INFO, f'camera_info cannot be used: {error}'
        ) from error


def box_from_msg(msg: Affordance) -> Box:
    """Return the box in [0, 1] of the image."""
    w, h = max(1, msg.image_width), max(1, msg.image_height)
    centre = msg.bbox.center.position
    return Box(centre.x / w, centre.y / h, msg.bbox.size_x / w, msg.bbox.size_y / h)


def trace_from_msg(msg: Trajectory) -> Trajectory2D:
    """Return the trace in [0, 1] of the image."""
    w, h = max(1, msg.image_width), max(1, msg.image_height)
    return Trajectory2D(tuple((p.x / w, p.y / h) for p in msg.waypoints))


def matrix_from_transform(msg: Transform) -> Array:
    """Return the (4, 4) matrix that maps coordinates in the child frame to the parent's."""
    t, q = msg.translation, msg.rotation
    return matrix_from_pose((t.x, t.y, t.z), (q.x, q.y, q.z, q.w))


def pose_msg(matrix: Array) -> Pose:
    """Return a pose (4, 4) as a message."""
    x, y, z, w = (float(v) for v in quat_from_matrix(matrix))
    position = Point(**dict(zip('xyz', map(float, matrix[:3, 3]), strict=True)))
    return Pose(position=position, orientation=Quaternion(x=x, y=y, z=z, w=w))


def path_msg(header: Header, poses: Iterable[Array]) -> Path:
    """Return tool poses (4, 4), all in the header's frame, as a path."""
    stamped = [PoseStamped(header=header, pose=pose_msg(pose)) for pose in poses]
    return Path(header=header, poses=stamped)


def pose_goal(
    frame: str, link: str, matrix: Array, position_tol_m: float, orientation_tol_rad: float
) -> Constraints:
    """Return MoveGroup goal constraints for the pose (4, 4) of a link in a frame."""
    header = Header(frame_id=frame)
    pose = pose_msg(matrix)
    ball = SolidPrimitive(type=SolidPrimitive.SPHERE, dimensions=[position_tol_m])
    centre = Pose(position=pose.position, orientation=Quaternion(w=1.0))
    region = BoundingVolume(primitives=[ball], primitive_poses=[centre])
    position = PositionConstraint(
        header=header, link_name=link, constraint_region=region, weight=1.0
    )
    orientation = OrientationConstraint(
        header=header,
        link_name=link,
        orientation=pose.orientation,
        absolute_x_axis_tolerance=orientation_tol_rad,
        absolute_y_axis_tolerance=orientation_tol_rad,
        absolute_z_axis_tolerance=orientation_tol_rad,
        weight=1.0,
    )
    return Constraints(position_constraints=[position], orientation_constraints=[orientation])


def collision_cuboid(frame: str, name: str, cuboid: Footprint) -> CollisionObject:
    """Return a cuboid as an object of the planning scene."""
    middle = np.array([*cuboid.centre, (cuboid.top + cuboid.bottom) / 2])
    size = np.array([cuboid.short, cuboid.long, cuboid.top - cuboid.bottom])
    return _box(frame, name, upright(middle, cuboid.yaw), size)


def attached_cuboid(
    link: str, name: str, held: Held, touch_links: Iterable[str]
) -> AttachedCollisionObject:
    """Return an object between the fingers as one that moves with a link, the tool frame."""
    body = _box(link, name, held.T_tcp_object, held.size)
    return AttachedCollisionObject(link_name=link, object=body, touch_links=list(touch_links))


def _box(frame: str, name: str, pose: Array, size: Array) -> CollisionObject:
    sides = [max(0.001, float(side)) for side in size]
    return CollisionObject(
        header=Header(frame_id=frame),
        id=name,
        pose=Pose(orientation=Quaternion(w=1.0)),
        primitives=[SolidPrimitive(type=SolidPrimitive.BOX, dimensions=sides)],
        primitive_poses=[pose_msg(pose)],
        operation=CollisionObject.ADD,
    )


def upright(xyz: Array, yaw: float) -> Array:
    """Return the pose (4, 4) at xyz (3,) [m], z up, turned by yaw [rad]."""
    return pointing_down(xyz, yaw) @ np.diag([1.0, -1.0, -1.0, 1.0])


def removal(frame: str, name: str) -> CollisionObject:
    """Return the order to take an object out of the planning scene."""
    return CollisionObject(
        header=Header(frame_id=frame), id=name, operation=CollisionObject.REMOVE
    )


def moveit_failure(
    code: MoveItErrorCodes, *, executing: bool = False
) -> tuple[OutcomeCode, str] | None:
    """Return what a MoveIt code means for the user, None for success.

    Some codes mean another thing when a motion is executed than when it is planned.
    """
    if code.val == MoveItErrorCodes.SUCCESS:
        return None
    if executing and code.val in _EXECUTING:
        outcome, text = OutcomeCode.EXECUTION_FAILED, _EXECUTING[code.val]
    elif code.val == MoveItErrorCodes.FAILURE:  # what OMPL leaves when no goal was sampled
        outcome, text = (
            OutcomeCode.PLANNING_FAILED,
            'no path was found; look at the log of move_group',
        )
    else:
        unknown = (
            OutcomeCode.UNKNOWN,
            'it failed in a way of its own; look at the log of move_group',
        )
        outcome, text = _MOVEIT.get(code.val, unknown)
    detail = f' ({code.message})' if code.message else ''
    return outcome, f'MoveIt error {code.val}: {text}{detail}'
