"""An arm keeps its promises whichever MoveIt plans for it: move_group, or moveit_py if installed.

What moveit_py's arm moves by, the controller's own action, is tested in either case.
"""

from contextlib import suppress
from dataclasses import replace
import importlib.util
from pathlib import Path
import subprocess
import sys
import threading
import time

from ament_index_python.packages import get_package_prefix
import numpy as np
from planner_cell import SIM_CONFIG
import pytest
import rclpy
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor
from rclpy.parameter import Parameter
from vla_r1_core.errors import MotionError, OutcomeCode
from vla_r1_planner.calls_node import Calls
from vla_r1_planner.config import PlannerConfig
from vla_r1_planner.controller_node import ControllerArm
from vla_r1_planner.flow_node import Flow
from vla_r1_planner.footprint import Footprint
from vla_r1_planner.grasp import pointing_down
from vla_r1_planner.guard_node import Guard
from vla_r1_planner.kinematics import chain_from_urdf
from vla_r1_planner.motion import raised
from vla_r1_planner.moveit_node import MoveItArm
from vla_r1_planner.requests import Stop
from vla_r1_planner.scene_node import SceneInput
from vla_r1_sim.description import home_position, robot_description
from vla_r1_sim.robots import UR5E

HERE = importlib.util.find_spec('moveit') is not None
LOW = pointing_down(np.array([0.45, 0.0, 0.15]), 0.0)
HIGH = raised(LOW, 0.12)
CHAIN = chain_from_urdf(robot_description(UR5E), 'base_link', 'tcp')
HOME = CHAIN.tool_poses(UR5E.arm_joints, np.array([home_position(UR5E)]))[0]
DOWN = np.array([HIGH, LOW])


class PlannedByMoveGroup(MoveItArm, ControllerArm):
    """Plans as move_group does, and moves by the controller."""

    execute = ControllerArm.execute


@pytest.fixture(scope='module')
def parts(cell):
    """What an arm is made of, spinning."""
    node = rclpy.create_node('driver', parameter_overrides=[Parameter('use_sim_time', value=True)])
    calls = Calls(node)
    config = PlannerConfig(planning_pipeline='ompl')
    scene = SceneInput(node, config)
    guard = Guard(node, config, scene)
    executor = MultiThreadedExecutor(num_threads=4)
    executor.add_node(node)
    thread = threading.Thread(target=spin, args=(executor,), daemon=True)
    thread.start()
    yield node, calls, config, scene, guard
    executor.shutdown(timeout_sec=1.0)
    thread.join(timeout=2.0)
    calls.close()
    scene.close()
    node.destroy_node()


def spin(executor):
    with suppress(ExternalShutdownException):
        executor.spin()


@pytest.fixture(scope='module', params=['move_group', 'moveit_py'])
def any_arm(request, parts):
    if request.param == 'move_group':
        yield PlannedByMoveGroup(*parts)
        return
    if not HERE:
        pytest.skip('moveit_py is not installed')
    from vla_r1_planner.moveit_py_node import MoveItPyArm

    launch = Path(__file__).resolve().parents[3] / 'launch' / 'config' / 'moveit_py.yaml'
    files = [SIM_CONFIG / f'{name}.yaml' for name in ('kinematics', 'joint_limits')]
    files += [SIM_CONFIG / 'ompl_planning.yaml', launch]
    before = sys.argv
    sys.argv = [*before, *(word for file in files for word in ('--params-file', str(file)))]
    arm = MoveItPyArm(*parts)
    sys.argv = before
    yield arm
    arm.close()


@pytest.fixture
def arm(any_arm, cell, tool):
    cell.reset()
    assert comes_to(tool, HOME)  # and is seen there
    any_arm.begin(Stop())
    any_arm.set_scene({})
    return any_arm


@pytest.fixture
def tool(parts):
    """Where the tool is now, (4, 4)."""
    return parts[3].tool_pose


def comes_to(tool, pose):
    """Whether the tool is there; news of it may be late on a busy machine."""
    end = time.monotonic() + 5.0
    while time.monotonic() < end and not np.allclose(tool(), pose, atol=0.004):
        time.sleep(0.02)
    return np.allclose(tool(), pose, atol=0.004)


def test_a_motion_arrives_where_its_plan_ends(arm, tool):
    approach = arm.plan_pose(HIGH)
    descent = arm.plan_line(DOWN, approach)
    arm.execute(approach)
    assert comes_to(tool, HIGH)
    arm.execute(descent)
    assert comes_to(tool, LOW)


def test_a_line_is_straight(arm):
    places = arm.plan_line(DOWN, arm.plan_pose(HIGH)).tool_poses[:, :3, 3]
    assert np.allclose(places[:, :2], HIGH[:2, 3], atol=0.002)
    assert np.all(np.diff(places[:, 2]) < 1e-4)
    assert places[-1, 2] == pytest.approx(LOW[2, 3], abs=0.002)


def test_a_line_into_an_object_is_refused(arm):
    box = Footprint(LOW[:2, 3], 0.0, 0.2, 0.2, 0.0, LOW[2, 3] + 0.03)
    approach = arm.plan_pose(HIGH)
    arm.set_scene({'box': box})
    with pytest.raises(MotionError) as refused:
        arm.plan_line(DOWN, approach)
    assert refused.value.code == OutcomeCode.CARTESIAN_INCOMPLETE
    arm.set_scene({})
    arm.plan_line(DOWN, approach)


def test_a_pose_out_of_reach_is_refused(arm):
    with pytest.raises(MotionError) as refused:
        arm.plan_pose(pointing_down(np.array([2.0, 0.0, 0.3]), 0.0))
    assert refused.value.code in (OutcomeCode.GOAL_UNREACHABLE, OutcomeCode.PLANNING_FAILED)


def test_a_stop_stops_the_arm_on_its_way(arm, tool):
    far = arm.plan_pose(HIGH)
    start = tool()
    stop = Stop()
    arm.begin(stop)

    def stop_once_under_way():
        while np.linalg.norm(tool()[:3, 3] - start[:3, 3]) < 0.02:
            time.sleep(0.005)
        stop.request(OutcomeCode.STOPPED, 'enough')

    threading.Thread(target=stop_once_under_way, daemon=True).start()
    with pytest.raises(MotionError) as stopped:
        arm.execute(far)
    assert stopped.value.code == OutcomeCode.STOPPED
    time.sleep(0.5)
    rest = tool()
    assert np.linalg.norm(rest[:3, 3] - HIGH[:3, 3]) > 0.03
    time.sleep(1.0)
    assert np.allclose(tool(), rest, atol=0.002)


def test_a_stop_that_came_before_the_motion_lets_nothing_move(arm, tool):
    approach, before = arm.plan_pose(HIGH), tool()
    stop = Stop()
    stop.request(OutcomeCode.STOPPED, 'enough')
    arm.begin(stop)
    with pytest.raises(MotionError):
        arm.execute(approach)
    time.sleep(0.5)
    assert np.allclose(tool(), before, atol=0.001)


def test_a_motion_that_starts_elsewhere_is_refused(arm, tool):
    descent, before = arm.plan_line(DOWN, arm.plan_pose(HIGH)), tool()
    with pytest.raises(MotionError) as refused:
        arm.execute(descent)
    assert refused.value.code == OutcomeCode.START_MOVED
    assert np.allclose(tool(), before, atol=0.001)


def test_a_missing_controller_is_named(parts, arm):
    node, calls, config, scene, guard = parts
    config = replace(config, arm_action='no/such_controller', server_timeout_s=0.5)
    with pytest.raises(MotionError, match='no/such_controller') as missing:
        ControllerArm(node, calls, config, scene, guard).execute(arm.plan_pose(HIGH))
    assert missing.value.code == OutcomeCode.EXECUTION_FAILED


@pytest.mark.skipif(HERE, reason='moveit_py is installed')
def test_without_moveit_py_the_planner_says_at_its_start_how_to_go_on():
    planner = Path(get_package_prefix('vla_r1_planner')) / 'lib' / 'vla_r1_planner' / 'planner'
    command = [planner, '--ros-args', '-p', 'moveit:=moveit_py']
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ended.returncode != 0
    assert 'apt install ros-jazzy-moveit-py' in ended.stderr
    assert 'moveit: move_group' in ended.stderr
    with pytest.raises(MotionError) as refused:
        Flow(None, PlannerConfig(moveit='moveit_py'))
    assert refused.value.code == OutcomeCode.MOVE_GROUP_UNAVAILABLE
