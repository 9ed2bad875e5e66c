"""The node over real DDS: one process simulates, the test is another."""

import collections
import subprocess
import sys
import threading
import time

from builtin_interfaces.msg import Duration
from control_msgs.action import FollowJointTrajectory, GripperCommand
import numpy as np
import pytest
from rcl_interfaces.srv import SetParameters
import rclpy
from rclpy.action import ActionClient
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image, JointState
from std_msgs.msg import String
from std_srvs.srv import Trigger
from tf2_msgs.msg import TFMessage
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint
from visualization_msgs.msg import MarkerArray
from vla_r1_core.executor_node import PatientExecutor
from vla_r1_core.output import parse
from vla_r1_core.types import Task

from vla_r1_msgs.msg import Reasoning

SUCCEEDED, CANCELED, ABORTED = 4, 5, 6
TOPICS = {
    'image': Image,
    'depth': Image,
    'camera_info': CameraInfo,
    'joint_states': JointState,
    'tf': TFMessage,
    'clock': Clock,
    'sim/objects': MarkerArray,
}
LATCHED = {
    'tf_static': TFMessage,
    'robot_description': String,
    'robot_description_semantic': String,
    'sim/truth': Reasoning,
}
START = 60.0
"""A process may take this long to appear on a busy machine [s]."""


def wait_for(condition, timeout=START):
    end = time.monotonic() + timeout
    while not (value := condition()):
        assert time.monotonic() < end, 'timed out'
        time.sleep(0.005)
    return value


class Probe(Node):
    """Collects what the simulator says and calls what it offers."""

    def __init__(self):
        super().__init__('probe')
        self.seen = collections.defaultdict(list)
        latched = QoSProfile(depth=5, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        for topics, qos in ((TOPICS, QoSProfile(depth=100)), (LATCHED, latched)):
            for topic, kind in topics.items():
                self.create_subscription(kind, self._absolute(topic), self._keep(topic), qos)
        self.arm = ActionClient(
            self, FollowJointTrajectory, 'arm_controller/follow_joint_trajectory'
        )
        self.gripper = ActionClient(self, GripperCommand, 'gripper_controller/gripper_cmd')

    @staticmethod
    def _absolute(topic):
        return f'/{topic}' if topic in ('tf', 'tf_static', 'clock') else topic

    def _keep(self, topic):
        return self.seen[topic].append

    def newest(self, topic):
        return wait_for(lambda: self.seen[topic] and self.seen[topic][-1])

    def fresh(self, topic, count=2):
        """Return the newest message, begun after this call."""
        before = len(self.seen[topic])
        wait_for(lambda: len(self.seen[topic]) >= before + count)
        return self.seen[topic][-1]

    def result(self, future):
        wait_for(future.done)
        return future.result()

    def call(self, name):
        client = self.create_client(Trigger, name)
        assert client.wait_for_service(START)
        return self.result(client.call_async(Trigger.Request()))

    def set(self, name, value):
        client = self.create_client(SetParameters, 'sim/set_parameters')
        assert client.wait_for_service(START)
        request = SetParameters.Request(
            parameters=[Parameter(name, value=value).to_parameter_msg()]
        )
        return self.result(client.call_async(request)).results[0]

    def send(self, client, goal):
        assert client.wait_for_server(START)
        return self.result(client.send_goal_async(goal))

    def move_pan(self, angle, duration):
        return self.turn_pan((angle, 0.0, duration))

    def turn_pan(self, *course):
        """Move the first joint along (angle from here [rad], speed [rad/s], at [s])."""
        state = self.fresh('joint_states')
        points = [
            JointTrajectoryPoint(
                positions=[state.position[0] + angle, *state.position[1:6]],
                velocities=[speed, *[0.0] * 5],
                time_from_start=Duration(sec=int(at), nanosec=int(at % 1 * 1e9)),
            )
            for angle, speed, at in course
        ]
        trajectory = JointTrajectory(joint_names=state.name[:6], points=points)
        return self.send(self.arm, FollowJointTrajectory.Goal(trajectory=trajectory))

    def pan_comes_to(self, angle):
        """Wait until the first joint is there; states may reach a busy machine late."""
        wait_for(lambda: abs(self.seen['joint_states'][-1].position[0] - angle) < 0.02)


@pytest.fixture(scope='module')
def probe():
    command = [sys.executable, '-m', 'vla_r1_sim.sim_node', '--ros-args']
    command += ['-p', 'instruction:=pick up the red cube', '-p', 'seed:=3']
    command += ['-p', 'image_width:=320', '-p', 'image_height:=240']
    process = subprocess.Popen(command)
    rclpy.init()
    node, executor = Probe(), PatientExecutor(2)
    executor.add_node(node)
    spinning = threading.Thread(target=executor.spin, daemon=True)
    spinning.start()
    try:
        wait_for(lambda: node.seen['image'])
        yield node
        process.send_signal(2)
        assert process.wait(timeout=20) == 0, 'Ctrl-C must end the node cleanly'
    finally:
        process.kill()
        executor.shutdown()
        spinning.join(timeout=5)
        node.destroy_node()
        rclpy.try_shutdown()


def stamp_ns(stamp):
    return stamp.sec * 10**9 + stamp.nanosec


def test_image_depth_and_camera_info_of_a_frame_share_one_header(probe):
    def whole_frames():
        by_stamp = collections.defaultdict(dict)
        for topic in ('image', 'depth', 'camera_info'):
            for message in list(probe.seen[topic]):
                by_stamp[stamp_ns(message.header.stamp)][topic] = message
        return [frame for frame in by_stamp.values() if len(frame) == 3]

    wait_for(lambda: len(whole_frames()) > 3)
    whole = whole_frames()
    for frame in whole:
        for message in frame.values():
            assert message.header.frame_id == 'camera_color_optical_frame'
            assert (message.width, message.height) == (320, 240)
    info = whole[0]['camera_info']
    assert (info.k[2], info.k[5]) == (159.5, 119.5)
    assert list(info.d) == [0.0] * 5 and info.distortion_model == 'plumb_bob'
    assert list(info.p) == [*info.k[:3], 0, *info.k[3:6], 0, *info.k[6:], 0]


def test_depth_is_metric_with_holes(probe):
    depth = probe.newest('depth')
    metres = np.frombuffer(bytes(depth.data), np.float32).reshape(240, 320)
    assert depth.encoding == '32FC1'
    assert 0.0 < np.isnan(metres).mean() < 0.02
    assert 0.5 < np.nanmedian(metres) < 2.0


def test_every_picture_has_transforms_of_all_links_at_its_stamp(probe):
    image = probe.fresh('image')
    stamp = stamp_ns(image.header.stamp)

    def links():
        return {
            t.child_frame_id
            for message in list(probe.seen['tf'])
            for t in message.transforms
            if stamp_ns(t.header.stamp) == stamp
        }

    assert wait_for(links) >= {'shoulder_link', 'wrist_3_link', 'tool0', 'left_finger', 'tcp'}
    static = {t.child_frame_id for t in probe.newest('tf_static').transforms}
    assert static == {'camera_link', 'camera_color_optical_frame'}


def test_descriptions_are_there_for_late_subscribers(probe):
    assert '<robot' in probe.newest('robot_description').data
    assert 'group_state' in probe.newest('robot_description_semantic').data


def test_clock_grows(probe):
    first = stamp_ns(probe.newest('clock').clock)
    assert stamp_ns(probe.fresh('clock').clock) > first


def test_arm_follows_a_trajectory(probe):
    before = probe.fresh('joint_states').position[0]
    handle = probe.move_pan(0.3, 0.6)
    assert handle.accepted
    answer = probe.result(handle.get_result_async())
    assert (answer.status, answer.result.error_code) == (SUCCEEDED, 0)
    probe.pan_comes_to(before + 0.3)
    assert probe.result(probe.move_pan(-0.3, 0.6).get_result_async()).status == SUCCEEDED
    probe.pan_comes_to(before)


def test_cancel_brings_the_arm_to_a_standstill_in_250_ms_of_simulation(probe):
    before = probe.fresh('joint_states').position[0]
    speed = 0.8  # kept for so long that a busy machine's cancel comes before the end
    handle = probe.turn_pan((0.3, speed, 0.6), (2.7, speed, 3.6), (3.0, 0.0, 4.2))
    moving = wait_for(
        lambda: (state := probe.seen['joint_states'][-1]).velocity[0] > 0.98 * speed and state
    )
    answer = handle.get_result_async()
    probe.result(handle.cancel_goal_async())
    assert probe.result(answer).status == CANCELED
    wait_for(lambda: abs(probe.seen['joint_states'][-1].velocity[0]) < 0.02)
    states = [
        s
        for s in list(probe.seen['joint_states'])
        if stamp_ns(s.header.stamp) >= stamp_ns(moving.header.stamp)
    ]
    speeds = np.array([s.velocity[0] for s in states])
    times = np.array([stamp_ns(s.header.stamp) for s in states]) * 1e-9
    still = times[np.flatnonzero(speeds > 0.02)[-1] + 1]
    braking = times[speeds > 0.9 * speed][-1]
    assert still - braking <= 0.25
    travelled = states[-1].position[0] - states[0].position[0]
    assert travelled < 2.4  # it did not go on to where the trajectory slows down by itself
    back = (-(states[-1].position[0] - before), 2.0)
    assert probe.result(probe.move_pan(*back).get_result_async()).status == SUCCEEDED


def test_a_newer_goal_ends_the_one_under_way(probe):
    first = probe.move_pan(0.4, 2.0)
    answer = first.get_result_async()
    second = probe.move_pan(0.1, 0.6)
    assert second.accepted
    ended = probe.result(answer)
    assert ended.status == ABORTED
    assert 'newer goal' in ended.result.error_string
    assert probe.result(second.get_result_async()).status == SUCCEEDED


def test_a_trajectory_for_other_joints_is_rejected(probe):
    goal = FollowJointTrajectory.Goal()
    goal.trajectory.joint_names = ['elbow_joint']
    goal.trajectory.points = [JointTrajectoryPoint(positions=[0.0])]
    assert not probe.send(probe.arm, goal).accepted


def test_gripper_reaches_its_goal_and_refuses_the_impossible(probe):
    goal = GripperCommand.Goal()
    goal.command.position = 0.01
    answer = probe.result(probe.send(probe.gripper, goal).get_result_async())
    assert answer.status == SUCCEEDED
    assert answer.result.reached_goal and not answer.result.stalled
    assert answer.result.position == pytest.approx(0.01, abs=0.002)
    goal.command.position = 0.2
    assert not probe.send(probe.gripper, goal).accepted


def test_verdict_speaks_of_the_instruction(probe):
    verdict = probe.call('sim/verdict')
    assert not verdict.success
    assert verdict.message.startswith('red_cube is 0 mm above the table')


def test_reset_takes_the_parameters_and_goes_home(probe):
    camera = probe.newest('tf_static').transforms[0]
    assert probe.set('instruction', 'pick up the blue cylinder').successful
    assert probe.set('seed', 5).successful
    answer = probe.call('sim/reset')
    assert answer.success and 'blue_cylinder' in answer.message
    wait_for(lambda: 'blue_cylinder' in {m.ns for m in probe.newest('sim/objects').markers})
    probe.pan_comes_to(-0.45)
    wait_for(lambda: probe.newest('tf_static').transforms[0] != camera)  # each scene has its own
    probe.fresh('image')


def test_the_right_answers_come_with_the_first_picture_of_a_scene(probe):
    probe.set('instruction', 'push the green box to the left')
    before = len(probe.seen['sim/truth'])
    assert probe.call('sim/reset').success
    wait_for(lambda: len(probe.seen['sim/truth']) == before + 2)
    answers = {Task(message.task): message for message in probe.seen['sim/truth'][before:]}
    for task, message in answers.items():
        assert message.instruction == 'push the green box to the left'
        assert not parse(message.text, task).absent
    header = answers[Task.AFFORDANCE].header
    picture = wait_for(lambda: next((i for i in probe.seen['image'] if i.header == header), None))
    pixels = np.frombuffer(picture.data, np.uint8).reshape(picture.height, picture.width, 3)
    box = parse(answers[Task.AFFORDANCE].text, Task.AFFORDANCE).box
    x, y, *_ = (round(value) for value in box.to_px(picture.width, picture.height))
    assert pixels[y, x].argmax() == 1, 'the middle of its box is green'


def test_an_absent_object_has_null_for_an_answer(probe):
    probe.set('instruction', 'pick up the blue cylinder')
    probe.set('absent', True)
    before = len(probe.seen['sim/truth'])
    assert probe.call('sim/reset').success
    probe.set('absent', False)
    wait_for(lambda: len(probe.seen['sim/truth']) == before + 2)
    for message in probe.seen['sim/truth'][before:]:
        assert parse(message.text, Task(message.task)).absent


def test_faults_break_what_they_say_and_unknown_ones_are_refused(probe):
    assert not probe.set('fault', 'everything').successful
    assert probe.set('fault', 'depth_wrong_size').successful
    assert wait_for(lambda: probe.newest('depth').width == 160)
    assert probe.set('fault', 'depth_nan').successful
    wait_for(lambda: np.isnan(np.frombuffer(bytes(probe.newest('depth').data), np.float32)).all())
    assert probe.set('fault', 'none').successful
    wait_for(lambda: probe.newest('depth').width == 320)


def test_read_only_parameters_stay(probe):
    assert not probe.set('image_width', 128).successful
