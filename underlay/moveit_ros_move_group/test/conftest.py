from collections.abc import Iterator
import importlib.util
from pathlib import Path
import subprocess
import sys

from moveit_msgs.msg import MoveItErrorCodes
import pytest
import rclpy
import yaml

HERE = Path(__file__).parent


def load(name: str):
    """Import a helper module that lies beside the tests."""
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, HERE / f'{name}.py')
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


model = load('robot_model')
joint_goal = load('move_group_client').joint_goal


def parameters() -> dict:
    limits = {
        joint: {
            'has_velocity_limits': True,
            'max_velocity': 1.6,
            'has_acceleration_limits': True,
            'max_acceleration': 5.0,
        }
        for joint in model.JOINTS
    }
    return {
        'robot_description': model.urdf(),
        'robot_description_semantic': model.srdf(),
        'robot_description_planning': {'joint_limits': limits},
        'seed': 1,
        'moveit_simple_controller_manager': {
            'controller_names': ['arm_controller'],
            'arm_controller': {
                'type': 'FollowJointTrajectory',
                'action_ns': 'follow_joint_trajectory',
                'default': True,
                'joints': list(model.JOINTS),
            },
        },
    }


def start(command: list[str], folder: Path, name: str, values: dict) -> subprocess.Popen:
    path = folder / f'{name}.yaml'
    path.write_text(yaml.safe_dump({'/**': {'ros__parameters': values}}))
    return subprocess.Popen([*command, '--ros-args', '--params-file', str(path)])


@pytest.fixture(scope='module')
def processes(tmp_path_factory) -> Iterator[None]:
    """A driver and a move_group, each in a process of its own."""
    folder = tmp_path_factory.mktemp('move_group')
    driver = {'joints': [*model.JOINTS, model.FINGER], 'start': [*model.HOME, 0.03]}
    run = [sys.executable, '-c', 'from moveit_ros_move_group.move_group_node import main; main()']
    running = [
        start([sys.executable, str(HERE / 'controller_process.py')], folder, 'driver', driver),
        start(run, folder, 'move_group', parameters()),
    ]
    yield
    for process in running:
        process.terminate()
    for process in running:
        process.wait(10.0)


@pytest.fixture(scope='module')
def connected(processes):
    rclpy.init()
    client = sys.modules['move_group_client'].Client()
    client.wait_until_ready()
    yield client
    client.destroy_node()
    rclpy.shutdown()


@pytest.fixture
def client(connected):
    """A client of a move_group with an empty world, and a healthy robot at HOME."""
    connected.set_fault('')
    assert connected.clear_scene()
    return connected


@pytest.fixture
def at_home(client):
    goal = client.goal(joint_goal(model.JOINTS, model.HOME), plan_only=False)
    result = client.move(goal)
    assert result.error_code.val == MoveItErrorCodes.SUCCESS, result.error_code
    client.spin_until(lambda: client.at(model.HOME))
    return client
