"""The description files of every robot agree with each other and with the controllers."""

import xml.etree.ElementTree as ElementTree

import mujoco
import numpy as np
import pytest
from vla_r1_sim.description import (
    config_directory,
    disabled_collisions,
    home_position,
    robot_description,
    robot_description_semantic,
)
from vla_r1_sim.robots import PIPER, ROBOTS, UR5E
from vla_r1_sim.scene import make_scene
from vla_r1_sim.world import World
import yaml


@pytest.fixture(scope='module', params=ROBOTS.values(), ids=ROBOTS)
def robot(request):
    return request.param


@pytest.fixture(scope='module')
def model(robot):
    return mujoco.MjSpec.from_string(robot_description(robot)).compile()


@pytest.fixture(scope='module')
def urdf_limits(robot):
    """Return joint name → its <limit> in the URDF."""
    root = ElementTree.fromstring(robot_description(robot))
    limits = {joint.get('name'): joint.find('limit') for joint in root.iter('joint')}
    return {name: limit.attrib for name, limit in limits.items() if limit is not None}


def parameters(robot, name):
    return yaml.safe_load((config_directory(robot) / name).read_text())['/**']['ros__parameters']


@pytest.fixture(scope='module')
def limits(robot):
    return parameters(robot, 'joint_limits.yaml')['robot_description_planning']['joint_limits']


def test_every_joint_has_velocity_and_acceleration_limits(robot, limits):
    assert set(limits) == set(robot.joints)
    for limit in limits.values():
        assert limit['has_velocity_limits'] and limit['max_velocity'] > 0
        assert limit['has_acceleration_limits'] and limit['max_acceleration'] > 0


def test_planning_stays_within_the_speeds_of_the_urdf(robot, limits, urdf_limits):
    for name in robot.joints:
        assert limits[name]['max_velocity'] <= float(urdf_limits[name]['velocity'])


def test_servos_are_as_strong_as_the_urdf_says(robot, urdf_limits):
    efforts = [float(urdf_limits[name]['effort']) for name in robot.joints]
    assert efforts == [*robot.torque, robot.gripper_force, robot.gripper_force]


def test_controllers_brake_as_the_limits_say(robot, limits):
    arm = [limits[name] for name in robot.arm_joints]
    assert {limit['max_acceleration'] for limit in arm} == {robot.max_acceleration}
    assert limits[robot.finger_joints[0]]['max_velocity'] == robot.finger_speed
    for limit in arm:
        assert limit['max_velocity'] / robot.max_acceleration <= 0.2  # [s] to standstill


def test_moveit_has_a_controller_for_the_arm_and_one_for_the_driven_finger(robot):
    manager = parameters(robot, 'moveit_controllers.yaml')['moveit_simple_controller_manager']
    assert tuple(manager['arm_controller']['joints']) == robot.arm_joints
    assert tuple(manager['gripper_controller']['joints']) == robot.finger_joints[:1]


def test_the_srdf_speaks_of_the_joints_and_positions_of_the_robot(robot, model):
    semantic = ElementTree.fromstring(robot_description_semantic(robot))
    groups = {group.get('name'): group for group in semantic.iter('group')}
    assert groups['arm'].find('chain').attrib == {'base_link': 'base_link', 'tip_link': 'tcp'}
    assert tuple(j.get('name') for j in groups['gripper'].iter('joint')) == robot.finger_joints
    opened = semantic.find("group_state[@name='open']/joint")
    assert opened.attrib == {'name': robot.finger_joints[0], 'value': str(robot.finger_open)}
    for name, position in zip(robot.arm_joints, home_position(robot), strict=True):
        low, high = model.joint(name).range
        assert low + 0.1 < position < high - 0.1


def test_disabled_collisions_name_links_that_exist(robot, model):
    links = {model.body(i).name for i in range(model.nbody)}
    assert {link for pair in disabled_collisions(robot) for link in pair} <= links


def test_links_that_may_touch_only_do_so_where_joints_join_them(robot):
    """Pairs called `Never` stay apart anywhere within the joint limits."""
    spec = mujoco.MjSpec.from_string(robot_description(robot))
    root = ElementTree.fromstring(robot_description_semantic(robot))
    never = set()
    for pair in root.iter('disable_collisions'):
        links = pair.get('link1'), pair.get('link2')
        if pair.get('reason') == 'Never':
            never.add(frozenset(links))
        else:
            spec.add_exclude(bodyname1=links[0], bodyname2=links[1])
    model = spec.compile()
    data = mujoco.MjData(model)
    rng = np.random.default_rng(0)
    for _ in range(500):
        data.qpos[:] = rng.uniform(*model.jnt_range.T)
        mujoco.mj_fwdPosition(model, data)
        for contact in data.contact:
            bodies = model.geom_bodyid[[contact.geom1, contact.geom2]]
            assert frozenset(model.body(body).name for body in bodies) not in never


@pytest.mark.parametrize(('robot', 'opening', 'pads'), [(UR5E, 0.09, 0.065), (PIPER, 0.07, 0.06)])
def test_the_tcp_lies_between_the_pads(robot, opening, pads):
    model = mujoco.MjSpec.from_string(robot_description(robot)).compile()
    data = mujoco.MjData(model)
    for name in robot.finger_joints:
        assert model.joint(name).range[1] == pytest.approx(robot.finger_open)
        data.joint(name).qpos = robot.finger_open
    mujoco.mj_kinematics(model, data)
    to_left = data.body('left_finger').xpos - data.body('tcp').xpos
    to_right = data.body('right_finger').xpos - data.body('tcp').xpos
    axes = data.body('tcp').xmat.reshape(3, 3)
    np.testing.assert_allclose((to_left - to_right) @ axes, [opening, 0, 0], atol=1e-9)
    assert (to_left @ axes)[2] == pytest.approx(-pads)


def test_home_points_down_and_touches_nothing(robot):
    world = World(make_scene(0), robot)
    np.testing.assert_allclose(world.arm_position(), home_position(robot), atol=1e-3)
    np.testing.assert_allclose(
        world.data.body('tcp').xmat.reshape(3, 3)[:, 2], [0, 0, -1], atol=1e-3
    )
    links = {world.model.body(name).id for name in world.robot_bodies}
    for contact in world.data.contact:
        bodies = set(world.model.geom_bodyid[[contact.geom1, contact.geom2]])
        assert not bodies & links
