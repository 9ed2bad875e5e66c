"""What a lookup answers."""

from math import cos, pi, radians, sin

from builtin_interfaces.msg import Time as TimeMsg
import numpy as np
import pytest
from rclpy.duration import Duration
from rclpy.time import Time
from tf2_ros import (
    Buffer,
    BufferCore,
    ExtrapolationException,
    TransformException,
)

LATEST = Time()


def at(seconds):
    return Time(nanoseconds=round(seconds * 1e9))


def about_z(angle):
    return (0.0, 0.0, sin(angle / 2), cos(angle / 2))


def xyz(msg):
    t = msg.transform.translation
    return (t.x, t.y, t.z)


def quaternion(msg):
    q = msg.transform.rotation
    return (q.x, q.y, q.z, q.w)


def matrix(msg):
    """The 4x4 matrix of a transform, by a formula of its own."""
    x, y, z, w = quaternion(msg)
    skew = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    T = np.eye(4)
    T[:3, :3] = np.eye(3) + 2 * w * skew + 2 * skew @ skew
    T[:3, 3] = xyz(msg)
    return T


@pytest.fixture
def buffer():
    return Buffer()


def test_the_answer_maps_source_coordinates_to_the_target(buffer, transform):
    buffer.set_transform(transform('base', 'tool', 1.0, (1.0, 0.0, 0.0), about_z(pi / 2)), 'test')
    point_in_tool = np.array([1.0, 0.0, 0.0, 1.0])
    T = matrix(buffer.lookup_transform('base', 'tool', at(1.0)))
    np.testing.assert_allclose(T @ point_in_tool, [1.0, 1.0, 0.0, 1.0], atol=1e-12)


def test_the_answer_names_its_frames_and_its_time(buffer, transform):
    buffer.set_transform(transform('base', 'tool', 1.0), 'test')
    buffer.set_transform(transform('base', 'tool', 2.0), 'test')
    msg = buffer.lookup_transform('tool', 'base', at(1.25))
    assert (msg.header.frame_id, msg.child_frame_id) == ('tool', 'base')
    assert (msg.header.stamp.sec, msg.header.stamp.nanosec) == (1, 250_000_000)


def test_every_pair_in_a_random_tree_agrees_with_matrices(buffer, transform):
    rng = np.random.default_rng(0)
    poses = {'f0': np.eye(4)}
    for i in range(1, 12):
        parent = f'f{rng.integers(i)}'
        q = rng.normal(size=4)
        msg = transform(parent, f'f{i}', 1.0, rng.normal(size=3), q / np.linalg.norm(q))
        buffer.set_transform(msg, 'test')
        poses[f'f{i}'] = poses[parent] @ matrix(msg)
    for target, T_root_target in poses.items():
        for source, T_root_source in poses.items():
            found = matrix(buffer.lookup_transform(target, source, at(1.0)))
            expected = np.linalg.inv(T_root_target) @ T_root_source
            np.testing.assert_allclose(found, expected, atol=1e-9)


def test_between_two_stamps_position_and_angle_grow_linearly(buffer, transform):
    buffer.set_transform(transform('a', 'b', 1.0, (0.0, 0.0, 0.0), about_z(0.0)), 'test')
    buffer.set_transform(transform('a', 'b', 2.0, (4.0, 2.0, 0.0), about_z(2.0)), 'test')
    msg = buffer.lookup_transform('a', 'b', at(1.25))
    assert xyz(msg) == pytest.approx((1.0, 0.5, 0.0))
    assert quaternion(msg) == pytest.approx(about_z(0.5))


def test_rotation_takes_the_shorter_way(buffer, transform):
    left, right = about_z(radians(100)), about_z(radians(-100))
    buffer.set_transform(transform('a', 'b', 1.0, quaternion=left), 'test')
    buffer.set_transform(transform('a', 'b', 2.0, quaternion=right), 'test')
    msg = buffer.lookup_transform('a', 'b', at(1.5))
    assert quaternion(msg) == pytest.approx((0.0, 0.0, 1.0, 0.0))  # by way of the back


def test_equal_rotations_interpolate_to_themselves(buffer, transform):
    for seconds in (1.0, 2.0):
        buffer.set_transform(transform('a', 'b', seconds, quaternion=about_z(1.0)), 'test')
    msg = buffer.lookup_transform('a', 'b', at(1.5))
    assert quaternion(msg) == pytest.approx(about_z(1.0), abs=1e-12)


@pytest.mark.parametrize(
    ('sent', 'shown'),
    [
        ((0.0, 0.0, -sin(0.3), -cos(0.3)), (0.0, 0.0, sin(0.3), cos(0.3))),
        ((-cos(0.1), 0.0, 0.0, sin(0.1)), (cos(0.1), 0.0, 0.0, -sin(0.1))),
        ((0.0, 0.0, 0.0, 2.0), (0.0, 0.0, 0.0, 1.0)),
    ],
)
def test_a_quaternion_is_shown_with_unit_length_and_one_sign(buffer, transform, sent, shown):
    buffer.set_transform(transform('a', 'b', 1.0, quaternion=sent), 'test')
    msg = buffer.lookup_transform('a', 'b', at(1.0))
    assert quaternion(msg) == pytest.approx(shown)


def test_time_zero_means_the_latest_time_that_the_whole_path_has(buffer, transform):
    for seconds in (1.0, 2.0, 3.0):
        buffer.set_transform(transform('a', 'b', seconds, (seconds, 0.0, 0.0)), 'test')
    for seconds in (1.0, 2.5):
        buffer.set_transform(transform('b', 'c', seconds), 'test')
    msg = buffer.lookup_transform('a', 'c', LATEST)
    assert (msg.header.stamp.sec, msg.header.stamp.nanosec) == (2, 500_000_000)
    assert xyz(msg) == pytest.approx((2.5, 0.0, 0.0))
    assert buffer.get_latest_common_time('a', 'c') == at(2.5)


def test_frames_beside_the_path_do_not_limit_the_latest_common_time(buffer, transform):
    for child, seconds in (('robot', 1.0), ('left', 5.0), ('right', 6.0)):
        parent = 'world' if child == 'robot' else 'robot'
        buffer.set_transform(transform(parent, child, seconds), 'test')
    msg = buffer.lookup_transform('left', 'robot', LATEST)
    assert msg.header.stamp.sec == 5


def test_a_path_is_found_though_the_frames_above_it_are_too_old(buffer, transform):
    buffer.set_transform(transform('world', 'robot', 1.0), 'test')
    buffer.set_transform(transform('robot', 'left', 5.0, (1.0, 0.0, 0.0)), 'test')
    buffer.set_transform(transform('robot', 'right', 5.0, (3.0, 0.0, 0.0)), 'test')
    msg = buffer.lookup_transform('left', 'right', at(5.0))
    assert xyz(msg) == pytest.approx((2.0, 0.0, 0.0))


def test_a_static_frame_holds_at_every_time(buffer, transform):
    buffer.set_transform_static(transform('base', 'camera', 100.0, (1.0, 2.0, 3.0)), 'test')
    for time in (LATEST, at(0.5), at(1e6)):
        assert xyz(buffer.lookup_transform('base', 'camera', time)) == (1.0, 2.0, 3.0)
    assert buffer.lookup_transform('base', 'camera', LATEST).header.stamp == TimeMsg()


def test_static_and_moving_frames_join(buffer, transform):
    buffer.set_transform_static(transform('base', 'camera', 0.0, (1.0, 0.0, 0.0)), 'test')
    buffer.set_transform(transform('base', 'tool', 7.0, (0.0, 1.0, 0.0)), 'test')
    msg = buffer.lookup_transform('camera', 'tool', LATEST)
    assert msg.header.stamp.sec == 7
    assert xyz(msg) == pytest.approx((-1.0, 1.0, 0.0))


def test_a_frame_that_changes_its_parent_follows_it(buffer, transform):
    buffer.set_transform_static(transform('world', 'table', 0.0, (1.0, 0.0, 0.0)), 'test')
    buffer.set_transform_static(transform('world', 'hand', 0.0, (5.0, 0.0, 0.0)), 'test')
    buffer.set_transform(transform('table', 'cube', 1.0), 'test')
    buffer.set_transform(transform('hand', 'cube', 2.0, (0.0, 9.0, 0.0)), 'test')
    assert xyz(buffer.lookup_transform('world', 'cube', at(1.5))) == (1.0, 0.0, 0.0)
    assert xyz(buffer.lookup_transform('world', 'cube', at(2.0))) == (5.0, 9.0, 0.0)


def test_transforms_may_arrive_out_of_order(buffer, transform):
    for seconds in (1.0, 3.0, 2.0):
        buffer.set_transform(transform('a', 'b', seconds, (seconds**2, 0.0, 0.0)), 'test')
    assert xyz(buffer.lookup_transform('a', 'b', at(2.0))) == (4.0, 0.0, 0.0)
    assert xyz(buffer.lookup_transform('a', 'b', at(2.5))) == pytest.approx((6.5, 0.0, 0.0))


def test_a_frame_in_itself_is_the_identity_even_if_nobody_knows_it(buffer):
    msg = buffer.lookup_transform('ghost', 'ghost', at(3.0))
    assert (xyz(msg), quaternion(msg)) == ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0))
    assert msg.header.stamp.sec == 3


def test_a_leading_slash_is_stripped_from_what_comes_in(buffer, transform):
    buffer.set_transform(transform('/a', '/b', 1.0), 'test')
    assert buffer.can_transform('a', 'b', at(1.0))


def test_the_default_cache_holds_ten_seconds(buffer, transform):
    for seconds in (1.0, 5.0, 12.0, 13.0):
        buffer.set_transform(transform('a', 'b', seconds), 'test')
    assert buffer.can_transform('a', 'b', at(5.0))
    assert not buffer.can_transform('a', 'b', at(1.0))
    buffer.set_transform(transform('a', 'b', 2.0), 'test')
    assert not buffer.can_transform('a', 'b', at(2.0))


@pytest.mark.parametrize('make', [Buffer, BufferCore])
def test_the_cache_time_can_be_chosen(make, transform):
    buffer = make(Duration(seconds=1))
    for seconds in (1.0, 3.0, 3.5):
        buffer.set_transform(transform('a', 'b', seconds), 'test')
    assert buffer.can_transform_core('a', 'b', at(3.25))[0]
    assert not buffer.can_transform_core('a', 'b', at(1.0))[0]


def test_clear_forgets_what_moves_and_keeps_what_is_static(buffer, transform):
    buffer.set_transform_static(transform('base', 'camera', 0.0), 'test')
    buffer.set_transform(transform('base', 'tool', 1.0), 'test')
    buffer.clear()
    assert buffer.can_transform('base', 'camera', at(1.0))
    with pytest.raises(TransformException):
        buffer.lookup_transform('base', 'tool', LATEST)
    with pytest.raises(ExtrapolationException):
        buffer.lookup_transform('base', 'tool', at(1.0))


def test_the_full_lookup_compares_two_times_by_way_of_a_fixed_frame(buffer, transform):
    for seconds in (1.0, 2.0):
        buffer.set_transform(transform('world', 'robot', seconds, (seconds, 0.0, 0.0)), 'test')
    query = ('robot', at(2.0), 'robot', at(1.0), 'world')
    msg = buffer.lookup_transform_full(*query)
    assert xyz(msg) == pytest.approx((-1.0, 0.0, 0.0))
    assert msg.header.stamp.sec == 2
    assert buffer.can_transform_full(*query)
    assert not buffer.can_transform_full('robot', at(9.0), 'robot', at(1.0), 'world')
    with pytest.raises(ExtrapolationException):
        buffer.lookup_transform_full('robot', at(9.0), 'robot', at(1.0), 'world')


def test_a_static_frame_that_starts_to_move_is_static_no_more(buffer, transform):
    buffer.set_transform_static(transform('a', 'b', 0.0), 'test')
    buffer.set_transform(transform('a', 'b', 5.0, (1.0, 0.0, 0.0)), 'test')
    assert xyz(buffer.lookup_transform('a', 'b', at(5.0))) == (1.0, 0.0, 0.0)
    assert not buffer.can_transform('a', 'b', at(6.0))
    buffer.set_transform_static(transform('a', 'b', 0.0), 'test')
    assert buffer.can_transform('a', 'b', at(6.0))
