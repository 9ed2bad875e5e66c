"""The description files agree with each other and with the controllers."""

import mujoco
import numpy as np
import pytest
from vla_r1_sim.controllers import FINGER_SPEED, MAX_ACCELERATION
from vla_r1_sim.description import (
    ARM_JOINTS,
    disabled_collisions,
    FINGER_JOINTS,
    home_position,
    robot_description,
    share_directory,
)
from vla_r1_sim.scene import make_scene
from vla_r1_sim.world import World
import yaml


@pytest.fixture(scope='module')
def limits():
    text = (share_directory() / 'config' / 'joint_limits.yaml').read_text()
    parameters = yaml.safe_load(text)['/**']['ros__parameters']
    return parameters['robot_description_planning']['joint_limits']


@pytest.fixture(scope='module')
def robot():
    return mujoco.MjSpec.from_string(robot_description()).compile()


def test_every_joint_has_velocity_and_acceleration_limits(limits):
    assert set(limits) == {*ARM_JOINTS, *FINGER_JOINTS}
    for limit in limits.values():
        assert limit['has_velocity_limits'] and limit['max_velocity'] > 0
        assert limit['has_acceleration_limits'] and limit['max_acceleration'] > 0


def test_controllers_brake_as_the_limits_say(limits):
    assert {limits[name]['max_acceleration'] for name in ARM_JOINTS} == {MAX_ACCELERATION}
    assert limits['left_finger_joint']['max_velocity'] == FINGER_SPEED
    for name in ARM_JOINTS:
        assert limits[name]['max_velocity'] / MAX_ACCELERATION <= 0.2  # [s] to standstill


def test_gripper_opens_ninety_millimetres_and_the_tcp_is_between_the_pads(robot):
    data = mujoco.MjData(robot)
    for name in FINGER_JOINTS:
        assert robot.joint(name).range[1] == pytest.approx(0.045)
        data.joint(name).qpos = 0.045
    mujoco.mj_kinematics(robot, data)
    to_left = data.body('left_finger').xpos - data.body('tcp').xpos
    to_right = data.body('right_finger').xpos - data.body('tcp').xpos
    axes = data.body('tcp').xmat.reshape(3, 3)
    np.testing.assert_allclose((to_left - to_right) @ axes, [0.09, 0, 0], atol=1e-9)
    assert (to_left @ axes)[2] == pytest.approx(-0.065)  # the pads reach 15 mm beyond the tcp


def test_home_points_down_and_touches_nothing():
    world = World(make_scene(0))
    np.testing.assert_allclose(world.arm_position(), home_position(), atol=1e-3)
    np.testing.assert_allclose(
        world.data.body('tcp').xmat.reshape(3, 3)[:, 2], [0, 0, -1], atol=1e-3
    )
    robot = {world.model.body(name).id for name in world.robot_bodies}
    for contact in world.data.contact:
        bodies = set(world.model.geom_bodyid[[contact.geom1, contact.geom2]])
        assert not bodies & robot


def test_disabled_collisions_name_links_that_exist(robot):
    links = {robot.body(i).name for i in range(robot.nbody)}
    assert {link for pair in disabled_collisions() for link in pair} <= links
