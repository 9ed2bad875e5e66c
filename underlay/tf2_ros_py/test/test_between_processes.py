"""A broadcaster in another process, a listener here, DDS between them."""

import os
from pathlib import Path
import subprocess
import sys

import pytest
import rclpy
from rclpy.duration import Duration
from rclpy.time import Time
from tf2_msgs.msg import TFMessage
from tf2_ros import Buffer, StaticTransformBroadcaster, TransformBroadcaster, TransformListener

PATIENCE = Duration(seconds=20)


@pytest.fixture
def remote():
    """Suffix of the frames that another process broadcasts, static ones already sent."""
    suffix = f'_{os.getpid()}'  # frames of parallel test runs stay apart
    script = Path(__file__).with_name('broadcaster_process.py')
    process = subprocess.Popen(
        [sys.executable, str(script), suffix], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == 'sent\n'
    yield suffix
    process.terminate()
    process.wait(10)
    process.stdout.close()


def test_a_listener_hears_moving_frames_of_another_process(remote, node):
    buffer = Buffer(node=node)
    listener = TransformListener(buffer, node)
    msg = buffer.lookup_transform(f'base{remote}', f'tool{remote}', Time(), PATIENCE)
    assert msg.transform.translation.z == 2.0
    later = Time.from_msg(msg.header.stamp) + Duration(seconds=0.1)
    assert buffer.can_transform(f'base{remote}', f'tool{remote}', later, PATIENCE)
    listener.unregister()


def test_a_latecomer_gets_all_static_frames_though_each_was_sent_once(remote, node):
    buffer = Buffer(node=node)
    listener = TransformListener(buffer, node)
    any_time = Time(seconds=1)
    msg = buffer.lookup_transform(f'base{remote}', f'optical{remote}', any_time, PATIENCE)
    t = msg.transform.translation
    assert (t.x, t.y, t.z) == (1.0, 1.0, 0.0)
    listener.unregister()


def test_a_listener_can_spin_a_node_in_a_thread_of_its_own(remote):
    rclpy.init()
    node = rclpy.create_node('spins_itself')
    buffer = Buffer(node=node)
    listener = TransformListener(buffer, node, spin_thread=True)
    try:
        assert buffer.can_transform(f'base{remote}', f'tool{remote}', Time(), PATIENCE)
    finally:
        listener.executor.shutdown()
        listener.dedicated_listener_thread.join(10)
        assert not listener.dedicated_listener_thread.is_alive()
        rclpy.shutdown()


@pytest.mark.parametrize(
    ('broadcaster', 'topic'),
    [(TransformBroadcaster, '/tf'), (StaticTransformBroadcaster, '/tf_static')],
)
def test_a_list_goes_out_in_one_message(node, transform, until, broadcaster, topic):
    received = []
    node.create_subscription(TFMessage, topic, received.append, 10)
    sender = broadcaster(node)
    until(lambda: node.count_subscribers(topic) > 0)
    sender.sendTransform([transform('a_list', child, 1.0) for child in ('b', 'c')])
    until(lambda: any(ours(msg) == ['b', 'c'] for msg in received))


def ours(msg):
    """Children of `a_list`: other nodes may be broadcasting too."""
    return [tf.child_frame_id for tf in msg.transforms if tf.header.frame_id == 'a_list']


def test_every_static_message_holds_all_frames_and_the_first_of_each(node, transform, until):
    received = []
    node.create_subscription(TFMessage, '/tf_static', received.append, 10)
    sender = StaticTransformBroadcaster(node)
    until(lambda: node.count_subscribers('/tf_static') > 0)
    sender.sendTransform(transform('a_list', 'b', 0.0, (1.0, 0.0, 0.0)))
    sender.sendTransform(transform('a_list', 'c', 0.0))
    sender.sendTransform(transform('a_list', 'b', 0.0, (2.0, 0.0, 0.0)))
    until(lambda: len([msg for msg in received if ours(msg)]) == 3)
    assert [ours(msg) for msg in received] == [['b'], ['b', 'c'], ['b', 'c']]
    assert received[-1].transforms[0].transform.translation.x == 1.0
