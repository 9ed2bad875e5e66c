"""Messages to values and back."""

from geometry_msgs.msg import Transform
from moveit_msgs.msg import MoveItErrorCodes
import numpy as np
import pytest
from sensor_msgs.msg import CameraInfo, Image
from vla_r1_core.errors import GroundingError, OutcomeCode
from vla_r1_core.geometry import matrix_from_pose
from vla_r1_planner.convert import (
    box_from_msg,
    camera_from_msg,
    collision_cuboid,
    depth_from_msg,
    matrix_from_transform,
    moveit_failure,
    pose_goal,
    pose_msg,
)
from vla_r1_planner.footprint import Footprint
from vla_r1_planner.grasp import pointing_down

from vla_r1_msgs.msg import Affordance, Outcome

TRUTH = np.array([[0.5, 1.25, 2.0], [0.0, 0.75, 3.5]])


def depth_msg(encoding, *, big=False, padding=0):
    kind = {'32FC1': 'f4', '16UC1': 'u2', 'mono16': 'u2'}[encoding]
    scale = 1.0 if encoding == '32FC1' else 1000.0
    rows = (TRUTH * scale).astype(('>' if big else '<') + kind)
    data = b''.join(row.tobytes() + b'\xff' * padding for row in rows)
    return Image(
        height=2, width=3, encoding=encoding, is_bigendian=int(big),
        step=rows.itemsize * 3 + padding, data=data,
    )  # fmt: skip


@pytest.mark.parametrize('padding', [0, 4])
@pytest.mark.parametrize('big', [False, True])
@pytest.mark.parametrize('encoding', ['32FC1', '16UC1', 'mono16'])
def test_depth_is_in_metres_whatever_the_encoding_padding_and_byte_order(encoding, big, padding):
    depth = depth_from_msg(depth_msg(encoding, big=big, padding=padding))
    assert depth.dtype == np.float32
    np.testing.assert_allclose(depth, TRUTH, atol=1e-6)


@pytest.mark.parametrize('encoding', ['rgb8', 'mono8', '64FC1', 'nonsense'])
def test_another_depth_encoding_is_refused_with_the_valid_ones(encoding):
    message = Image(height=1, width=1, step=8, encoding=encoding, data=bytes(8))
    with pytest.raises(GroundingError, match='32FC1, 16UC1') as error:
        depth_from_msg(message)
    assert error.value.code == OutcomeCode.UNSUPPORTED_DEPTH


def test_a_truncated_depth_image_is_refused():
    message = depth_msg('32FC1')
    message.data = message.data[:-5]
    with pytest.raises(GroundingError) as error:
        depth_from_msg(message)
    assert error.value.code == OutcomeCode.UNSUPPORTED_DEPTH


def test_an_uncalibrated_camera_is_refused():
    with pytest.raises(GroundingError) as error:
        camera_from_msg(CameraInfo(width=640, height=480))
    assert error.value.code == OutcomeCode.NO_CAMERA_INFO


def test_a_pixel_box_becomes_a_share_of_the_image():
    msg = Affordance(image_width=640, image_height=480)
    msg.bbox.center.position.x, msg.bbox.center.position.y = 320.0, 120.0
    msg.bbox.size_x, msg.bbox.size_y = 64.0, 48.0
    box = box_from_msg(msg)
    assert (box.x, box.y, box.width, box.height) == (0.5, 0.25, 0.1, 0.1)


def test_poses_survive_the_way_through_a_message():
    pose = matrix_from_pose((0.1, -0.2, 0.3), (0.1, 0.2, 0.3, 0.9))
    msg = pose_msg(pose)
    transform = Transform(rotation=msg.orientation)
    p = msg.position
    transform.translation.x, transform.translation.y, transform.translation.z = p.x, p.y, p.z
    np.testing.assert_allclose(matrix_from_transform(transform), pose, atol=1e-12)


def test_a_pose_goal_constrains_position_and_orientation_of_the_tip():
    goal = pose_goal('base_link', 'tcp', pointing_down(np.array([0.4, 0.1, 0.2]), 0.3), 1e-3, 0.01)
    (position,), (orientation,) = goal.position_constraints, goal.orientation_constraints
    assert position.link_name == orientation.link_name == 'tcp'
    assert position.header.frame_id == orientation.header.frame_id == 'base_link'
    centre = position.constraint_region.primitive_poses[0].position
    assert (centre.x, centre.y, centre.z) == (0.4, 0.1, 0.2)
    assert list(position.constraint_region.primitives[0].dimensions) == [1e-3]
    assert orientation.absolute_z_axis_tolerance == 0.01


def test_a_cuboid_keeps_its_size_place_and_yaw():
    cuboid = Footprint(np.array([0.5, 0.1]), 0.7, 0.04, 0.08, 0.01, 0.07)
    msg = collision_cuboid('base_link', 'thing', cuboid)
    np.testing.assert_allclose(msg.primitives[0].dimensions, (0.04, 0.08, 0.06))
    pose = msg.primitive_poses[0]
    np.testing.assert_allclose(pose.position.z, 0.04)
    np.testing.assert_allclose(
        (pose.orientation.z, pose.orientation.w), (np.sin(0.35), np.cos(0.35)), atol=1e-9
    )


@pytest.mark.parametrize(
    ('moveit', 'ours'),
    [
        (MoveItErrorCodes.NO_IK_SOLUTION, Outcome.GOAL_UNREACHABLE),
        (MoveItErrorCodes.GOAL_IN_COLLISION, Outcome.GOAL_IN_COLLISION),
        (MoveItErrorCodes.START_STATE_IN_COLLISION, Outcome.START_IN_COLLISION),
        (MoveItErrorCodes.PLANNING_FAILED, Outcome.PLANNING_FAILED),
        (MoveItErrorCodes.FAILURE, Outcome.PLANNING_FAILED),
        (MoveItErrorCodes.TIMED_OUT, Outcome.PLANNING_FAILED),
        (MoveItErrorCodes.CONTROL_FAILED, Outcome.EXECUTION_FAILED),
        (MoveItErrorCodes.ROBOT_STATE_STALE, Outcome.JOINT_STATE_STALE),
        (MoveItErrorCodes.CRASH, Outcome.UNKNOWN),
    ],
)
def test_a_moveit_code_becomes_our_code_and_a_sentence(moveit, ours):
    outcome, text = moveit_failure(MoveItErrorCodes(val=moveit, message='as it said'))
    assert int(outcome) == ours
    assert 'as it said' in text
    assert ';' in text  # what happened; what to do


def test_moveit_success_is_no_failure():
    assert moveit_failure(MoveItErrorCodes(val=MoveItErrorCodes.SUCCESS)) is None


@pytest.mark.parametrize(
    'moveit',
    [MoveItErrorCodes.TIMED_OUT, MoveItErrorCodes.FAILURE, MoveItErrorCodes.CONTROL_FAILED],
)
def test_a_motion_that_fails_on_its_way_is_no_planning_failure(moveit):
    outcome, _ = moveit_failure(MoveItErrorCodes(val=moveit), executing=True)
    assert int(outcome) == Outcome.EXECUTION_FAILED
