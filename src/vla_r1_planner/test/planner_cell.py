"""Simulator, move_group, scripted reasoner and planner as real processes, over DDS.

One simulator and one main planner serve all cases of a file. Cases that need other parameters or
a broken graph start a second planner, called `other`, with remapped names.
"""

from contextlib import contextmanager
import os
from pathlib import Path
import signal
import subprocess
import time

from ament_index_python.packages import get_package_prefix, get_package_share_directory
from rcl_interfaces.srv import SetParameters
import rclpy
from rclpy.action import ActionClient
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, JointState
from std_msgs.msg import String
from std_srvs.srv import Trigger
from vla_r1_core.errors import OutcomeCode
import yaml

from vla_r1_msgs.action import ExecuteInstruction
from vla_r1_msgs.msg import Outcome

CUBE = 'pick up the red cube'
SIM_SHARE = Path(get_package_share_directory('vla_r1_sim'))
SIM_CONFIG = SIM_SHARE / 'config' / 'ur5e'
STILL = 0.02  # [rad/s]
REASONER = {'backend': 'scripted', 'max_image_age_s': 10.0, 'context': 1}
SMALL_PICTURES = {'image_width': 320, 'image_height': 240}
# The names that `other` shares with the rest, although it has a namespace of its own.
TOPICS = ('depth', 'camera_info', 'joint_states')
ANSWERS = ('reasoning', 'affordance', 'trajectory')
SERVICES = ('compute_cartesian_path', 'apply_planning_scene', 'get_planning_scene')
ACTIONS = ('reason', 'move_action', 'execute_trajectory', 'gripper_controller/gripper_cmd')
PARTS = ('send_goal', 'get_result', 'cancel_goal', 'feedback', 'status')


def start(package, executable, *arguments):
    program = Path(get_package_prefix(package)) / 'lib' / package / executable
    return subprocess.Popen([program, '--ros-args', *arguments], start_new_session=True)


def stop(process):
    os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def parameters_of(**values):
    return [word for name, value in values.items() for word in ('-p', f'{name}:={value}')]


def planner_arguments(**parameters):
    # On a busy machine it may take long until the middleware has found a server.
    ours = {'use_sim_time': True, 'execute': 'auto', 'server_timeout_s': 20.0}
    return parameters_of(**{**ours, **parameters})


def renamed(names, prefix):
    return [word for name in names for word in ('-r', f'{name}:={prefix}/{name}')]


class Cell:
    """The test's own node: gives instructions, watches, breaks the simulator's sensors."""

    def __init__(self):
        self.node = rclpy.create_node('tester')
        self.stages, self.outcomes, self.infos = [], [], []
        self.speed, self.last_moved = 0.0, 0.0
        self.planner = ActionClient(self.node, ExecuteInstruction, 'execute_instruction')
        self.other = ActionClient(self.node, ExecuteInstruction, 'other/execute_instruction')
        self.reset_scene = self.node.create_client(Trigger, 'sim/reset')
        self.stop = self.node.create_client(Trigger, 'stop')
        self.judge = self.node.create_client(Trigger, 'sim/verdict')
        self.set_parameters = self.node.create_client(SetParameters, 'sim/set_parameters')
        self.instruction = self.node.create_publisher(String, 'instruction', 1)
        for topic in ('outcome', 'other/outcome'):
            self.node.create_subscription(Outcome, topic, lambda m: self.outcomes.append(m), 10)
        self.node.create_subscription(
            CameraInfo, 'camera_info', lambda m: self.infos.append(m), qos_profile_sensor_data
        )
        self.node.create_subscription(
            JointState, 'joint_states', self._on_joints, qos_profile_sensor_data
        )

    def _on_joints(self, msg):
        if max(abs(v) for v in msg.velocity) > STILL:
            self.last_moved = time.monotonic()

    def spin(self, until, timeout_s=60.0):
        end = time.monotonic() + timeout_s
        while not until():
            assert time.monotonic() < end, f'nothing within {timeout_s} s; stages {self.stages}'
            rclpy.spin_once(self.node, timeout_sec=0.02)

    def wait(self, future, timeout_s=60.0):
        self.spin(future.done, timeout_s)
        return future.result()

    def sim(self, **values):
        parameters = [Parameter(k, value=v).to_parameter_msg() for k, v in values.items()]
        self.wait(self.set_parameters.call_async(SetParameters.Request(parameters=parameters)))

    def reset(self, seed=0, instruction=CUBE, fault='none'):
        self.sim(seed=seed, instruction=instruction, fault=fault)
        self.wait(self.reset_scene.call_async(Trigger.Request()))
        self.pictures(1)  # which may have been under way at the reset
        self.pictures(3)

    def pictures(self, count):
        """Wait for pictures that were taken from now on."""
        before = max((self.stamp(info) for info in self.infos), default=0.0)
        self.infos.clear()
        self.spin(lambda: sum(self.stamp(info) > before for info in self.infos) > count)

    def is_heard(self, topic, namespace):
        """Whether a node of a namespace subscribes to a topic."""
        readers = self.node.get_subscriptions_info_by_topic(topic)
        return namespace in {reader.node_namespace for reader in readers}

    @staticmethod
    def stamp(msg):
        return msg.header.stamp.sec + 1e-9 * msg.header.stamp.nanosec

    def done(self):
        return self.wait(self.judge.call_async(Trigger.Request())).success

    def send(self, client=None, instruction=CUBE, **fields):
        self.stages = []
        goal = ExecuteInstruction.Goal(instruction=instruction, **fields)
        note = self.stages.append
        client = client or self.planner
        assert client.wait_for_server(timeout_sec=20.0)
        sent = client.send_goal_async(
            goal, feedback_callback=lambda m: note((m.feedback.stage, m.feedback.text))
        )
        return self.wait(sent).get_result_async()

    def ask(self, *args, **fields):
        response = self.wait(self.send(*args, **fields))
        return response.result.outcome, response.status


@contextmanager
def running_cell(folder, **sim):
    """Start everything, with files in a folder and parameters of the simulator; yields a Cell."""
    urdf = subprocess.run(
        ['xacro', SIM_SHARE / 'urdf' / 'ur5e.urdf.xacro'],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    semantic = (SIM_CONFIG / 'arm.srdf').read_text()
    described = folder / 'description.yaml'
    texts = {'robot_description': urdf, 'robot_description_semantic': semantic}
    parameters = {'ros__parameters': {**texts, 'use_sim_time': True}}
    described.write_text(yaml.safe_dump({'/**': parameters}))
    files = ('kinematics', 'joint_limits', 'ompl_planning', 'moveit_controllers')
    moveit = [SIM_CONFIG / f'{name}.yaml' for name in files] + [described]
    sim_time = ('-p', 'use_sim_time:=true')
    processes = [
        start('vla_r1_sim', 'sim', *parameters_of(instruction=CUBE, **SMALL_PICTURES, **sim)),
        start(
            'moveit_ros_move_group',
            'move_group',
            *(word for file in moveit for word in ('--params-file', str(file))),
        ),
        start('vla_r1_perception', 'reasoner', *sim_time, *parameters_of(**REASONER)),
        # Deaf to answers by topic, or it would carry out what `other` asked for.
        start('vla_r1_planner', 'planner', *renamed(ANSWERS, 'nothing'), *planner_arguments()),
    ]
    rclpy.init()
    cell = Cell()
    try:
        for server in (cell.reset_scene, cell.judge, cell.set_parameters):
            assert server.wait_for_service(timeout_sec=60.0)
        cell.pictures(3)
        yield cell
    finally:
        cell.node.destroy_node()
        rclpy.try_shutdown()
        for process in processes:
            stop(process)
    assert [p.returncode for p in processes[-1:]] == [0]


@contextmanager
def other_planner(cell, *answers, without='', **parameters):
    """A second planner in the namespace `other`, which misses one topic, service or action."""
    names = [
        *answers,
        *TOPICS,
        *SERVICES,
        *ACTIONS,
        *(f'{a}/_action/{part}' for a in ACTIONS for part in PARTS),
    ]
    remaps = ['__ns:=/other', *(f'{n}:=/{n}' for n in names if n.split('/_action')[0] != without)]
    if without.startswith('/'):
        remaps.append(f'{without}:=nothing')
    arguments = [word for name in remaps for word in ('-r', name)]
    if without:
        parameters = {'server_timeout_s': 3.0, **parameters}
    process = start('vla_r1_planner', 'planner', *arguments, *planner_arguments(**parameters))
    try:
        assert cell.other.wait_for_server(timeout_sec=30.0)
        for topic in TOPICS:
            cell.spin(lambda t=topic: t == without or cell.is_heard(f'/{t}', '/other'))
        ready = time.monotonic() + 3.0  # for it to hear, and to be heard
        cell.spin(lambda: time.monotonic() > ready)
        cell.pictures(3)
        yield
    finally:
        stop(process)


def assert_next_instruction_works(cell):
    outcome, _ = cell.ask(plan_only=True)
    assert outcome.error_code == OutcomeCode.NONE, outcome.error_msg


def assert_refused(outcome, code):
    assert outcome.error_code == code, f'{outcome.error_code}: {outcome.error_msg}'
    assert len(outcome.error_msg) > 20
    assert not outcome.executed.poses
