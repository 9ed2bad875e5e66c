"""Waiting for a transform: with a timeout, as a future, across threads and clocks."""

from threading import Thread, Timer
from time import monotonic

import pytest
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.duration import Duration
from rclpy.parameter import Parameter
from rclpy.time import Time
from rosgraph_msgs.msg import Clock as ClockMsg
from tf2_ros import Buffer, ExtrapolationException, LookupException

LATEST = Time()


def at(seconds):
    return Time(nanoseconds=round(seconds * 1e9))


def test_a_lookup_waits_for_data_that_comes_in_time(transform):
    buffer = Buffer()
    Timer(0.2, buffer.set_transform, (transform('a', 'b', 1.0), 'test')).start()
    start = monotonic()
    buffer.lookup_transform('a', 'b', at(1.0), Duration(seconds=10))
    assert 0.1 < monotonic() - start < 5.0


def test_a_static_frame_ends_the_wait_too(transform):
    buffer = Buffer()
    Timer(0.1, buffer.set_transform_static, (transform('a', 'b', 0.0), 'test')).start()
    start = monotonic()
    assert buffer.can_transform('a', 'b', at(1.0), Duration(seconds=10))
    assert monotonic() - start < 5.0


def test_the_full_lookup_waits_too(transform):
    buffer = Buffer()
    buffer.set_transform(transform('world', 'robot', 1.0), 'test')
    Timer(0.1, buffer.set_transform, (transform('world', 'robot', 2.0), 'test')).start()
    query = ('robot', at(2.0), 'robot', at(1.0), 'world')
    buffer.lookup_transform_full(*query, Duration(seconds=10))


def test_after_the_timeout_the_error_says_what_was_missing(transform):
    buffer = Buffer()
    start = monotonic()
    with pytest.raises(LookupException):
        buffer.lookup_transform('a', 'b', LATEST, Duration(seconds=0.2))
    assert monotonic() - start >= 0.19
    for seconds in (1.0, 2.0):
        buffer.set_transform(transform('a', 'b', seconds), 'test')
    with pytest.raises(ExtrapolationException, match='future'):
        buffer.lookup_transform('a', 'b', at(3.0), Duration(seconds=0.05))


def test_without_a_timeout_nothing_waits():
    start = monotonic()
    assert not Buffer().can_transform('a', 'b', LATEST)
    assert monotonic() - start < 0.1


def test_a_timeout_counts_wall_time_while_the_simulated_clock_stands(node):
    node.set_parameters([Parameter('use_sim_time', value=True)])
    buffer = Buffer(node=node)
    start = monotonic()
    assert not buffer.can_transform('a', 'b', LATEST, Duration(seconds=0.2))
    assert 0.19 <= monotonic() - start < 5.0


def test_a_future_is_done_as_soon_as_the_transform_exists(transform):
    buffer = Buffer()
    future = buffer.wait_for_transform_async('a', 'c', at(1.0))
    buffer.set_transform(transform('a', 'b', 1.0, (1.0, 0.0, 0.0)), 'test')
    assert not future.done()
    buffer.set_transform(transform('b', 'c', 1.0, (1.0, 0.0, 0.0)), 'test')
    assert future.done()
    assert future.result().transform.translation.x == 2.0


def test_a_future_of_what_is_known_is_done_at_once(transform):
    buffer = Buffer()
    buffer.set_transform(transform('a', 'b', 1.0), 'test')
    assert buffer.wait_for_transform_async('a', 'b', at(1.0)).done()
    query = ('b', at(1.0), 'b', at(1.0), 'a')
    assert buffer.wait_for_transform_full_async(*query).done()


def test_a_cancelled_future_stays_cancelled(transform):
    buffer = Buffer()
    future = buffer.wait_for_transform_async('a', 'b', at(1.0))
    future.cancel()
    buffer.set_transform(transform('c', 'd', 1.0), 'test')
    buffer.set_transform(transform('a', 'b', 1.0), 'test')
    assert future.cancelled()


def test_a_callback_of_a_future_may_look_up_again(transform):
    buffer = Buffer()
    found = []
    future = buffer.wait_for_transform_async('a', 'b', at(1.0))
    future.add_done_callback(
        lambda _: found.append(buffer.lookup_transform('b', 'a', at(1.0)).child_frame_id)
    )
    buffer.set_transform(transform('a', 'b', 1.0), 'test')
    assert found == ['a']


def test_a_coroutine_awaits_a_transform_without_blocking_the_executor(node, transform, until):
    buffer = Buffer(node=node)
    found = []

    async def wait_in_callback():
        timer.cancel()
        found.append(await buffer.lookup_transform_async('a', 'b', at(1.0)))
        query = ('b', at(1.0), 'b', at(1.0), 'a')
        found.append(await buffer.lookup_transform_full_async(*query))

    timer = node.create_timer(0.01, wait_in_callback)
    until(timer.is_canceled)
    assert not found
    # The listener's callbacks run in a group of their own, too.
    late = node.create_timer(
        0.05,
        lambda: buffer.set_transform(transform('a', 'b', 1.0), 'test'),
        callback_group=ReentrantCallbackGroup(),
    )
    until(lambda: len(found) == 2)
    late.cancel()
    assert found[0].header.frame_id == 'a'


def test_a_jump_back_of_the_clock_clears_what_moves(node, transform, until):
    publisher = node.create_publisher(ClockMsg, '/clock', 1)
    node.set_parameters([Parameter('use_sim_time', value=True)])
    until(lambda: publisher.get_subscription_count() > 0)
    clock = node.get_clock()

    def tick(seconds):
        message = ClockMsg(clock=at(seconds).to_msg())

        def ticked():
            publisher.publish(message)
            return clock.now().nanoseconds == round(seconds * 1e9)

        until(ticked)

    tick(100.0)
    buffer = Buffer(node=node)
    buffer.set_transform(transform('a', 'b', 100.0), 'test')
    buffer.set_transform_static(transform('b', 'c', 0.0), 'test')
    tick(101.0)
    assert buffer.can_transform('a', 'c', at(100.0))
    tick(5.0)
    until(lambda: not buffer.can_transform('a', 'b', at(100.0)))
    assert buffer.can_transform('b', 'c', at(5.0))
    buffer.set_transform(transform('a', 'b', 5.0), 'test')
    assert buffer.can_transform('a', 'c', at(5.0))


def test_readers_and_writers_in_many_threads_get_whole_answers(transform):
    buffer = Buffer(Duration(seconds=1))
    torn = []

    def write(child, steps):
        for step in range(1, steps):
            value = 0.01 * step
            buffer.set_transform(transform('base', child, value, (value,) * 3), 'test')

    def read(child):
        for _ in range(500):
            if not buffer.can_transform('base', child, LATEST):
                continue
            msg = buffer.lookup_transform('base', child, LATEST)
            t = msg.transform.translation
            stamp = Time.from_msg(msg.header.stamp).nanoseconds / 1e9
            if not (t.x == t.y == t.z and abs(t.x - stamp) < 1e-9):
                torn.append(msg)

    work = [Thread(target=write, args=(child, 1000)) for child in 'bc']
    work += [Thread(target=read, args=(child,)) for child in 'bcbc']
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert not torn
