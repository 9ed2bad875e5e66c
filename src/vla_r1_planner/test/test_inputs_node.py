"""What the planner sees comes from one camera and from no other time, over real topics."""

from contextlib import suppress
import threading
import time

from geometry_msgs.msg import TransformStamped
import numpy as np
import pytest
import rclpy
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.time import Time
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image, JointState
from std_msgs.msg import Header
from tf2_msgs.msg import TFMessage
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint
from vla_r1_core.errors import GroundingError, OutcomeCode
from vla_r1_planner.config import PlannerConfig
from vla_r1_planner.guard_node import Guard
from vla_r1_planner.requests import Stop
from vla_r1_planner.scene_node import SceneInput

SIDE = 4  # [px]
TABLE, WRIST = 'table_optical_frame', 'wrist_optical_frame'
CONFIG = PlannerConfig(depth_wait_s=5.0, tf_timeout_s=5.0, joint_state_max_age_s=5.0)
KEPT = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)


def stamped(frame, at_s):
    return Header(frame_id=frame, stamp=Time(nanoseconds=round(at_s * 1e9)).to_msg())


class Robot:
    """Two cameras, an arm of one joint and a clock; and the planner's inputs in a node beside."""

    def __init__(self):
        self.node = rclpy.create_node('robot')
        self.driver = rclpy.create_node(
            'driver', parameter_overrides=[Parameter('use_sim_time', value=True)]
        )
        self.scene = SceneInput(self.driver, CONFIG)
        self.clock = self.node.create_publisher(Clock, '/clock', 10)
        self.tf = self.node.create_publisher(TFMessage, '/tf', 10)
        self.joints = self.node.create_publisher(JointState, 'joint_states', 10)
        self.cameras = {
            prefix: (
                self.node.create_publisher(Image, f'{prefix}depth', 10),
                self.node.create_publisher(CameraInfo, f'{prefix}camera_info', KEPT),
            )
            for prefix in ('', 'wrist/')
        }
        self.executor = MultiThreadedExecutor(num_threads=2)
        self.executor.add_node(self.driver)
        self.thread = threading.Thread(target=self._spin, daemon=True)
        self.thread.start()
        self.until(self.tf.get_subscription_count)
        self.until(self.joints.get_subscription_count)
        self.until(self.clock.get_subscription_count)

    def _spin(self):
        with suppress(ExternalShutdownException):
            self.executor.spin()

    def until(self, done):
        end = time.monotonic() + 20.0
        while not done():
            assert time.monotonic() < end
            time.sleep(0.02)

    def tick(self, at_s):
        """Set the clock [s]."""

        def ticked():
            self.clock.publish(Clock(clock=stamped('', at_s).stamp))
            return self.driver.get_clock().now().nanoseconds == round(at_s * 1e9)

        self.until(ticked)

    def see(self, at_s, depth_m, *, depth=TABLE, info=TABLE, prefix=''):
        """Take a picture of a wall, from 10 times as far right in each second."""
        depths, infos = self.cameras[prefix]
        self.until(lambda: all(one.get_subscription_count() for one in (depths, infos)))
        model = CameraInfo(header=stamped(info, at_s), width=SIDE, height=SIDE)
        model.k = [float(SIDE), 0.0, 1.5, 0.0, float(SIDE), 1.5, 0.0, 0.0, 1.0]
        model.distortion_model = 'plumb_bob'
        infos.publish(model)
        pixels = np.full((SIDE, SIDE), depth_m, np.float32).tobytes()
        depths.publish(
            Image(
                header=stamped(depth, at_s), width=SIDE, height=SIDE, encoding='32FC1',
                step=4 * SIDE, data=pixels,
            )
        )  # fmt: skip

    def place(self, at_s, x, frame=TABLE):
        """Say where a camera is, x [m]."""
        transform = TransformStamped(header=stamped('base_link', at_s), child_frame_id=frame)
        transform.transform.translation.x = x
        transform.transform.rotation.w = 1.0
        self.tf.publish(TFMessage(transforms=[transform]))

    def state(self, at_s):
        """Report the arm's joint."""
        self.joints.publish(JointState(header=stamped('', at_s), name=['joint'], position=[0.0]))

    def seen(self, at_s, frame=TABLE):
        """Return depth [m] and place x [m] of the view that belongs to an image."""
        view = self.scene.view_at(stamped(frame, at_s), Stop())
        assert np.all(view.depth == view.depth[0, 0])
        return float(view.depth[0, 0]), float(view.T_base_camera[0, 3])

    def close(self):
        self.executor.shutdown(timeout_sec=1.0)
        self.thread.join(timeout=2.0)
        self.scene.close()
        self.driver.destroy_node()
        self.node.destroy_node()


@pytest.fixture
def robot():
    rclpy.init()
    robot = Robot()
    yield robot
    robot.close()
    rclpy.shutdown()


@pytest.mark.parametrize(
    ('image', 'info', 'depth'),
    [(WRIST, TABLE, TABLE), (TABLE, TABLE, WRIST), (TABLE, '', WRIST), ('', TABLE, WRIST)],
)
def test_what_is_of_two_cameras_is_refused_with_both_names(robot, image, info, depth):
    robot.tick(100.0)
    for frame in (TABLE, WRIST):
        robot.place(100.0, 0.5, frame)
    robot.see(100.0, 1.0, info=info, depth=depth)
    with pytest.raises(GroundingError, match='the parameter camera of reasoner and') as caught:
        robot.seen(100.0, image)
    assert caught.value.code == OutcomeCode.CAMERA_MISMATCH
    assert TABLE in str(caught.value) and WRIST in str(caught.value)


@pytest.mark.parametrize(
    ('image', 'info', 'depth'),
    [(TABLE, TABLE, TABLE), (TABLE, '', ''), ('', TABLE, ''), ('', '', TABLE)],
)
def test_a_frame_without_a_name_is_that_of_the_others(robot, image, info, depth):
    robot.tick(100.0)
    robot.place(100.0, 0.5)
    robot.see(100.0, 1.0, info=info, depth=depth)
    assert robot.seen(100.0, image) == (1.0, 0.5)


def test_after_a_change_of_the_camera_only_the_new_one_is_seen(robot):
    robot.tick(100.0)
    robot.place(100.0, 0.5)
    robot.place(100.0, 0.7, WRIST)
    robot.see(100.0, 1.0)
    assert robot.seen(100.0) == (1.0, 0.5)
    robot.scene.use_camera('wrist')
    robot.until(lambda: not any(one.get_subscription_count() for one in robot.cameras['']))
    with pytest.raises(GroundingError, match='no camera_info has arrived'):
        robot.seen(100.0)
    robot.see(100.0, 2.0, info=WRIST, depth=WRIST, prefix='wrist/')
    assert robot.seen(100.0, WRIST) == (2.0, 0.7)
    with pytest.raises(GroundingError) as caught:
        robot.seen(100.0, TABLE)
    assert caught.value.code == OutcomeCode.CAMERA_MISMATCH


def test_a_clock_that_jumps_back_makes_the_inputs_forget_its_future(robot):
    guard = Guard(robot.driver, CONFIG, robot.scene)
    for at_s in (10.0, 100.0):
        robot.tick(at_s)
        robot.scene.keep_depth()
        robot.place(at_s, 0.5)
        robot.state(at_s)
        robot.see(at_s, 1.0)
        assert robot.seen(at_s) == (1.0, 0.5)
    robot.until(lambda: robot.scene.joint_age_s(['joint']) == 0.0)

    robot.tick(10.0)
    start = JointTrajectory(joint_names=['joint'], points=[JointTrajectoryPoint(positions=[0.0])])
    with pytest.raises(GroundingError) as caught:
        guard.check_start(stamped(TABLE, 100.0), start)
    assert caught.value.code == OutcomeCode.SCENE_TOO_OLD
    robot.tick(12.0)
    assert robot.scene.joint_age_s(['joint']) == robot.scene.depth_age_s() == 2.0
    # Things have been moved since the last time it was 10 s; an answer comes before its depth.
    late = threading.Timer(1.0, robot.see, (10.0, 2.0))
    late.start()
    robot.place(10.0, 0.7)
    assert robot.seen(10.0) == (2.0, 0.7)
    late.join()
    reported = threading.Event()

    def report():
        reported.set()
        robot.state(12.0)

    threading.Timer(1.0, report).start()
    robot.scene.check_joint_states(Stop())
    assert reported.is_set()
    assert robot.scene.joint_age_s(['joint']) == robot.scene.depth_age_s() == 0.0
