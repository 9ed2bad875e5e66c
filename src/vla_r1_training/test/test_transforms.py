"""Transforms over time, against motions that are known."""

import numpy as np
import pytest
from vla_r1_core.geometry import matrix_from_pose
from vla_r1_training.bags.transforms import TransformError, Transforms

S = 1_000_000_000
IDENTITY = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)


def turned(angle, x=0.0):
    """A pose turned about z."""
    return (x, 0.0, 0.0, 0.0, 0.0, np.sin(angle / 2), np.cos(angle / 2))


def stamps(*seconds):
    return np.array([int(s * S) for s in seconds], dtype=np.int64)


@pytest.fixture
def arm():
    """base → link turns by 1 rad/s; link → tool is fixed 1 m ahead; base → camera is fixed."""
    transforms = Transforms()
    for k in range(51):
        transforms.add('base', 'link', k * S // 10, turned(k / 10), static=False)
    transforms.add('link', 'tool', 0, (1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0), static=True)
    transforms.add('base', 'camera', 7 * S, (0.0, 0.0, 2.0, 1.0, 0.0, 0.0, 0.0), static=True)
    return transforms


def test_a_turning_joint_is_interpolated_along_the_circle(arm):
    times = stamps(0.0, 0.33, 1.234, 4.999)
    places = arm.lookup('base', 'tool', times)[:, :3, 3]
    angle = times / S
    assert places == pytest.approx(
        np.column_stack([np.cos(angle), np.sin(angle), 0 * angle]), abs=1e-6
    )


def test_the_way_back_is_the_inverse_and_detours_over_the_root(arm):
    times = stamps(0.5, 2.5)
    there, back = arm.lookup('camera', 'tool', times), arm.lookup('tool', 'camera', times)
    assert there @ back == pytest.approx(np.broadcast_to(np.eye(4), (2, 4, 4)))
    T_base_camera = matrix_from_pose((0.0, 0.0, 2.0), (1.0, 0.0, 0.0, 0.0))
    expected = np.linalg.inv(T_base_camera) @ arm.lookup('base', 'tool', times)
    assert there == pytest.approx(expected)


def test_a_static_transform_holds_before_and_after_its_stamp(arm):
    places = arm.lookup('base', 'camera', stamps(0.0, 100.0))[:, :3, 3]
    assert places == pytest.approx(np.array([[0, 0, 2], [0, 0, 2]]))


def test_a_static_transform_that_is_published_again_replaces_the_first_from_then_on(arm):
    arm.add('base', 'camera', 9 * S, (0.0, 0.0, 3.0, 1.0, 0.0, 0.0, 0.0), static=True)
    heights = arm.lookup('base', 'camera', stamps(1.0, 8.0, 9.0, 50.0))[:, 2, 3]
    assert heights.tolist() == [2.0, 2.0, 3.0, 3.0]


def test_a_time_far_from_every_transform_is_refused(arm):
    assert arm.lookup('base', 'link', stamps(5.1)).shape == (1, 4, 4)
    with pytest.raises(TransformError, match=r'link span 0\.000 to 5\.000 s, not 6\.000 s'):
        arm.lookup('base', 'tool', stamps(6.0))


def test_frames_that_are_not_connected_are_named(arm):
    arm.add('map', 'odom', 0, IDENTITY, static=True)
    with pytest.raises(TransformError, match='connect odom and tool'):
        arm.lookup('tool', 'odom', stamps(1.0))


def test_late_and_repeated_transforms_are_put_in_their_places():
    transforms = Transforms()
    for second, x in ((0, 0.0), (2, 2.0), (1, 5.0), (1, 1.0)):
        transforms.add('a', 'b', second * S, (x, *IDENTITY[1:]), static=False)
    assert transforms.lookup('a', 'b', stamps(0.5, 1.0, 1.5))[:, 0, 3].tolist() == [0.5, 1.0, 1.5]


def test_forgetting_keeps_what_is_needed_from_then_on(arm):
    before = arm.lookup('base', 'tool', stamps(3.05, 4.0))
    arm.forget_before(3 * S + S // 20)
    assert arm.lookup('base', 'tool', stamps(3.05, 4.0)) == pytest.approx(before)
    with pytest.raises(TransformError):
        arm.lookup('base', 'tool', stamps(1.0))


def test_the_finest_stamps_of_the_moving_joints_are_those_of_a_frame(arm):
    for k in range(0, 50, 10):
        arm.add('tool', 'finger', k * S // 10, (k / 100, *IDENTITY[1:]), static=False)
    assert len(arm.stamps('finger', 0, 5 * S)) == 51
    assert arm.stamps('tool', S, 2 * S).tolist() == [S + k * S // 10 for k in range(11)]
    assert len(arm.stamps('camera', 0, 5 * S)) == 0


def test_quaternions_of_either_sign_are_the_same_rotation():
    transforms = Transforms()
    a, b = turned(0.2), turned(0.4)
    transforms.add('a', 'b', 0, a, static=False)
    transforms.add('a', 'b', S, (*b[:3], *(-v for v in b[3:])), static=False)
    middle = transforms.lookup('a', 'b', stamps(0.5))[0]
    assert np.arctan2(middle[1, 0], middle[0, 0]) == pytest.approx(0.3)
