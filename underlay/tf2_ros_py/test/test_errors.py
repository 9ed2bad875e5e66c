"""What a lookup that cannot be answered says, and what the buffer does not let in."""

from builtin_interfaces.msg import Time as TimeMsg
import pytest
from rclpy.time import Time
from tf2_ros import (
    Buffer,
    ConnectivityException,
    ExtrapolationException,
    InvalidArgumentException,
    LookupException,
    TimeoutException,
    TransformException,
)

LATEST = Time()


def at(seconds):
    return Time(nanoseconds=round(seconds * 1e9))


@pytest.fixture
def buffer():
    return Buffer()


def test_an_unknown_frame_is_named(buffer, transform):
    buffer.set_transform(transform('a', 'b', 1.0), 'test')
    with pytest.raises(LookupException, match=r'"ghost".*does not exist'):
        buffer.lookup_transform('a', 'ghost', LATEST)
    with pytest.raises(LookupException, match=r'"ghost".*does not exist'):
        buffer.lookup_transform('ghost', 'a', LATEST)


@pytest.mark.parametrize('time', [LATEST, at(1.0)])
def test_two_trees_are_not_connected(buffer, transform, time):
    buffer.set_transform(transform('a', 'b', 1.0), 'test')
    buffer.set_transform(transform('c', 'd', 1.0), 'test')
    with pytest.raises(ConnectivityException, match='tree'):
        buffer.lookup_transform('b', 'd', time)


@pytest.mark.parametrize(('seconds', 'reason'), [(0.5, 'into the past'), (2.5, 'into the future')])
@pytest.mark.parametrize(('target', 'source'), [('a', 'c'), ('c', 'a'), ('b', 'd')])
def test_outside_the_data_the_error_tells_both_times_and_frames(
    buffer, transform, target, source, seconds, reason
):
    for stamp in (1.0, 2.0):
        for parent, child in (('a', 'b'), ('b', 'c'), ('a', 'd')):
            buffer.set_transform(transform(parent, child, stamp), 'test')
    with pytest.raises(ExtrapolationException, match=reason) as error:
        buffer.lookup_transform(target, source, at(seconds))
    edge = '1.0' if seconds < 1.0 else '2.0'
    for word in (f'{seconds:.1f}', edge, target, source):
        assert word in str(error.value)


def test_one_stamp_answers_for_no_other_time(buffer, transform):
    buffer.set_transform(transform('a', 'b', 1.0), 'test')
    with pytest.raises(ExtrapolationException):
        buffer.lookup_transform('a', 'b', at(1.001))


@pytest.mark.parametrize('frame', ['', '/b'])
def test_empty_names_and_leading_slashes_are_refused_in_a_lookup(buffer, transform, frame):
    buffer.set_transform(transform('a', 'b', 1.0), 'test')
    with pytest.raises(InvalidArgumentException):
        buffer.lookup_transform('a', frame, LATEST)


def test_a_loop_is_reported(buffer, transform):
    for parent, child in (('a', 'b'), ('b', 'c'), ('c', 'a')):
        buffer.set_transform(transform(parent, child, 1.0), 'test')
    buffer.set_transform(transform('x', 'y', 1.0), 'test')
    with pytest.raises(LookupException, match='loop'):
        buffer.lookup_transform('y', 'b', at(1.0))


@pytest.mark.parametrize(
    'bad',
    [
        {'child': ''},
        {'parent': ''},
        {'parent': 'b'},
        {'xyz': (float('nan'), 0.0, 0.0)},
        {'quaternion': (0.0, 0.0, 0.0, 0.0)},
        {'quaternion': (0.0, 0.0, 0.0, float('nan'))},
    ],
    ids=str,
)
def test_a_malformed_transform_is_ignored(buffer, transform, bad):
    buffer.set_transform(transform('a', 'b', 1.0), 'test')
    buffer.set_transform(transform(**{'parent': 'a', 'child': 'b', 'seconds': 2.0, **bad}), 'test')
    assert buffer.lookup_transform('a', 'b', LATEST).header.stamp.sec == 1


def test_the_full_lookup_knows_no_identity_of_unknown_frames(buffer):
    with pytest.raises(LookupException):
        buffer.lookup_transform_full('ghost', at(1.0), 'ghost', at(1.0), 'ghost')


def test_can_transform_tells_why_not_on_request(buffer, transform):
    buffer.set_transform(transform('a', 'b', 1.0), 'test')
    possible, reason = buffer.can_transform('a', 'ghost', LATEST, return_debug_tuple=True)
    assert not possible
    assert 'ghost' in reason
    possible, _ = buffer.can_transform('a', 'b', at(1.0), return_debug_tuple=True)
    assert possible


def test_a_time_may_be_a_message_but_not_a_number(buffer, transform):
    buffer.set_transform(transform('a', 'b', 1.5), 'test')
    assert buffer.can_transform('a', 'b', TimeMsg(sec=1, nanosec=500_000_000))
    with pytest.raises(TypeError):
        buffer.lookup_transform('a', 'b', 1.5)


@pytest.mark.parametrize(
    'error',
    [
        ConnectivityException,
        ExtrapolationException,
        InvalidArgumentException,
        LookupException,
        TimeoutException,
    ],
)
def test_one_except_clause_catches_all(error):
    assert issubclass(error, TransformException)
