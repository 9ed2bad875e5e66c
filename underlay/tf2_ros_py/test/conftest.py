from contextlib import suppress
from threading import Thread
from time import monotonic, sleep

from geometry_msgs.msg import TransformStamped
import pytest
import rclpy
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor
from rclpy.time import Time


def make_transform(parent, child, seconds, xyz=(0.0, 0.0, 0.0), quaternion=(0.0, 0.0, 0.0, 1.0)):
    """T_parent_child at a time [s]; xyz [m], quaternion (x, y, z, w)."""
    msg = TransformStamped()
    msg.header.stamp = Time(nanoseconds=round(seconds * 1e9)).to_msg()
    msg.header.frame_id = parent
    msg.child_frame_id = child
    translation, rotation = msg.transform.translation, msg.transform.rotation
    translation.x, translation.y, translation.z = xyz
    rotation.x, rotation.y, rotation.z, rotation.w = quaternion
    return msg


@pytest.fixture(name='transform')
def transform_fixture():
    return make_transform


@pytest.fixture(name='until')
def until_fixture():
    """Waits [s] for something that another thread or process does."""

    def until(condition, timeout=20.0):
        deadline = monotonic() + timeout
        while not condition():
            assert monotonic() < deadline, 'it did not happen in time'
            sleep(0.01)

    return until


@pytest.fixture
def node():
    """A node that a multi-threaded executor spins."""
    rclpy.init()
    node = rclpy.create_node('tf2_test')
    executor = MultiThreadedExecutor(num_threads=2)
    executor.add_node(node)

    def spin():
        with suppress(ExternalShutdownException):
            executor.spin()

    spinner = Thread(target=spin)
    spinner.start()
    yield node
    executor.shutdown()
    spinner.join()
    node.destroy_node()
    rclpy.try_shutdown()
