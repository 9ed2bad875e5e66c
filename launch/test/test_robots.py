"""What bringup tells the planner of a robot is what that robot is."""

from dataclasses import fields
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
import mujoco
import pytest
from vla_r1_planner.config import PlannerConfig
from vla_r1_sim.description import robot_description
from vla_r1_sim.robots import ROBOTS
import yaml

FOLDER = Path(get_package_share_directory('vla_r1'), 'config', 'robots')


@pytest.fixture(params=ROBOTS.values(), ids=ROBOTS)
def robot(request):
    return request.param


@pytest.fixture
def planner(robot):
    text = (FOLDER / f'{robot.name}.yaml').read_text()
    return yaml.safe_load(text)['/**/planner']['ros__parameters']


def test_every_robot_has_a_file():
    assert {path.stem for path in FOLDER.iterdir()} == set(ROBOTS)


def test_the_planner_knows_every_parameter(planner):
    assert set(planner) <= {field.name for field in fields(PlannerConfig)}
    PlannerConfig(**planner)


def test_the_gripper_is_the_one_of_the_description(robot, planner):
    assert planner['gripper_joint'] == robot.finger_joints[0]
    assert planner['gripper_max_opening_m'] == 2 * robot.finger_open
    assert planner['gripper_joint_scale'] == 0.5
    model = mujoco.MjModel.from_xml_string(robot_description(robot))
    tcp, palm, finger = (model.body(name) for name in ('tcp', 'gripper_base', 'left_finger'))
    assert tcp.parentid[0] == finger.parentid[0] == palm.id
    assert planner['palm_behind_tcp_m'] == pytest.approx(tcp.pos[2] - finger.pos[2])
    pad = next(model.geom(i) for i in range(model.ngeom) if model.geom_bodyid[i] == finger.id)
    tip = finger.pos[2] + pad.pos[2] + pad.size[2]
    assert planner['tip_beyond_tcp_m'] == pytest.approx(tip - tcp.pos[2])
