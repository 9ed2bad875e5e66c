"""Inputs: camera topics of any reliability, and what comes at a high rate."""

from functools import partial
import threading
import time

import numpy as np
import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import qos_profile_sensor_data, QoSProfile
from std_msgs.msg import UInt32
from vla_r1_core.executor_node import PatientExecutor, SideNode, SteadyExecutor
from vla_r1_core.sensor_node import SensorSubscription

RELIABLE = QoSProfile(depth=20)


@pytest.fixture
def spin():
    rclpy.init()
    node = rclpy.create_node('test_ros')
    executor = SingleThreadedExecutor()
    executor.add_node(node)

    def until(done, timeout_s=10.0):
        end = time.monotonic() + timeout_s
        while not done() and time.monotonic() < end:
            executor.spin_once(timeout_sec=0.05)
        return done()

    until.node = node
    yield until
    executor.shutdown()
    node.destroy_node()
    rclpy.shutdown()


@pytest.mark.parametrize('offered', [RELIABLE, qos_profile_sensor_data], ids=['reliable', 'best'])
def test_frames_arrive_once_whatever_the_camera_offers(spin, offered):
    heard = []
    SensorSubscription(spin.node, UInt32, 'frames', lambda message: heard.append(message.data))
    publisher = spin.node.create_publisher(UInt32, 'frames', offered)
    assert spin(lambda: publisher.get_subscription_count() > 0 and not spin(lambda: False, 0.5))
    for number in range(10):
        publisher.publish(UInt32(data=number))
        spin(lambda number=number: number in heard, 2.0)
    spin(lambda: False, 0.3)
    assert heard == list(range(10))


@pytest.mark.parametrize('offered', [RELIABLE, qos_profile_sensor_data], ids=['reliable', 'best'])
def test_a_closed_subscription_leaves_nobody_listening(spin, offered):
    heard = []
    subscription = SensorSubscription(spin.node, UInt32, 'frames', heard.append)
    publisher = spin.node.create_publisher(UInt32, 'frames', offered)

    def publish():
        publisher.publish(UInt32(data=1))
        return heard

    assert spin(publish)
    subscription.close()
    assert spin(lambda: publisher.get_subscription_count() == 0)


def test_a_subscription_closed_in_any_moment_leaves_nobody_listening(spin):
    publisher = spin.node.create_publisher(UInt32, 'frames', qos_profile_sensor_data)
    for wait_s in np.linspace(0.0, 0.03, 15):  # around the time the middleware offers best effort
        subscription = SensorSubscription(spin.node, UInt32, 'frames', lambda message: None)
        timer = threading.Timer(wait_s, subscription.close)
        timer.start()
        spin(lambda timer=timer: not timer.is_alive())
        assert spin(lambda: publisher.get_subscription_count() == 0)


@pytest.mark.parametrize('kind', [SteadyExecutor, partial(PatientExecutor, 2)])
def test_an_executor_outlives_what_others_destroy_as_it_is_about_to_wait_for_it(kind):
    rclpy.init()
    node, heard = rclpy.create_node('listener'), []
    executor = kind()
    executor.add_node(node)
    old = SensorSubscription(node, UInt32, 'frames', heard.append)
    events = list(old._subscriptions[0].event_handlers)
    gather = executor.can_execute

    def can_execute(entity):
        if entity in events:
            old.close()  # as another thread may at that very moment
        return gather(entity)

    executor.can_execute = can_execute
    thread = threading.Thread(target=executor.spin)
    thread.start()
    SensorSubscription(node, UInt32, 'frames', heard.append)
    publisher = node.create_publisher(UInt32, 'frames', RELIABLE)
    end = time.monotonic() + 10.0
    while not heard and time.monotonic() < end:
        publisher.publish(UInt32(data=2))
        time.sleep(0.05)
    alive = thread.is_alive()
    events[0]._ready_to_take_data = True  # or at the moment after
    taken = executor._take_waitable(events[0]) if alive else events
    executor.shutdown()
    thread.join()
    node.destroy_node()
    rclpy.shutdown()
    assert heard
    assert taken is None


def test_a_second_camera_with_best_effort_is_heard_too(spin):
    heard = []
    SensorSubscription(spin.node, UInt32, 'frames', lambda message: heard.append(message.data))
    reliable = spin.node.create_publisher(UInt32, 'frames', RELIABLE)
    best = spin.node.create_publisher(UInt32, 'frames', qos_profile_sensor_data)
    assert spin(lambda: best.get_subscription_count() > 0)
    spin(lambda: reliable.get_subscription_count() > 1)
    reliable.publish(UInt32(data=1))
    best.publish(UInt32(data=2))
    assert spin(lambda: sorted(heard) == [1, 2])
    spin(lambda: False, 0.3)
    assert sorted(heard) == [1, 2]


def test_a_side_node_takes_messages_while_its_owner_is_not_spun_and_keeps_its_remappings():
    rules = ('/tf:=/cell/tf', 'joint_states:=/arm', 'run:=walk', '__node:=owner', '__ns:=/robot')
    use_sim_time = ['-p', 'use_sim_time:=true']
    rclpy.init(args=['--ros-args', *(w for rule in rules for w in ('-r', rule)), *use_sim_time])
    owner = rclpy.create_node('unnamed')
    inputs = SideNode(owner, 'inputs')
    assert inputs.node.get_fully_qualified_name() == '/robot/_owner_inputs'
    assert inputs.node.resolve_topic_name('joint_states') == '/arm'
    assert inputs.node.resolve_topic_name('depth') == '/robot/depth'
    assert inputs.node.resolve_service_name('run') == '/robot/walk'
    assert not inputs.node.get_parameter('use_sim_time').value
    heard = []
    inputs.node.create_subscription(UInt32, '/tf', heard.append, RELIABLE)
    publisher = owner.create_publisher(UInt32, '/tf', RELIABLE)
    inputs.start()
    end = time.monotonic() + 10.0
    while not heard and time.monotonic() < end:
        publisher.publish(UInt32(data=1))
        time.sleep(0.05)
    assert heard
    inputs.close()
    heard.clear()
    publisher.publish(UInt32(data=2))
    time.sleep(0.3)
    assert not heard
    owner.destroy_node()
    rclpy.shutdown()


def test_an_executor_with_threads_sleeps_between_messages_and_outlives_busy_threads():
    rclpy.init()
    node = rclpy.create_node('clock_reader')
    executor, turns, heard, release = PatientExecutor(2), [], [], threading.Event()
    executor.add_node(node)

    def turn(*args):
        turns.append(args)
        return wait(*args)

    wait, executor.wait_for_ready_callbacks = executor.wait_for_ready_callbacks, turn
    node.create_subscription(UInt32, 'ticks', lambda m: heard.append(m.data), RELIABLE)
    publisher = node.create_publisher(UInt32, 'ticks', RELIABLE)
    for _ in range(2):  # more than there are threads, but for a moment
        executor.create_task(release.wait)
    thread = threading.Thread(target=executor.spin)
    thread.start()
    time.sleep(0.2)
    release.set()
    turns.clear()
    for number in range(50):
        publisher.publish(UInt32(data=number))
        time.sleep(0.02)
    executor.shutdown()
    thread.join()
    node.destroy_node()
    rclpy.shutdown()
    assert heard == list(range(50))
    assert len(turns) < 2 * 50
