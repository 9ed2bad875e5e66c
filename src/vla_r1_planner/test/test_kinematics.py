"""The tool's place by the URDF equals that of the simulator's physics, which shares no code."""

import numpy as np
import pytest
from vla_r1_planner.kinematics import chain_from_urdf
from vla_r1_sim.description import robot_description
from vla_r1_sim.robots import ROBOTS, UR5E

ARM_JOINTS = UR5E.arm_joints
ARM = chain_from_urdf(robot_description(UR5E), 'base_link', 'tcp')


@pytest.mark.parametrize('robot', ROBOTS.values(), ids=ROBOTS)
def test_tool_poses_equal_those_of_mujoco(robot):
    import mujoco

    model = mujoco.MjModel.from_xml_string(robot_description(robot))
    data = mujoco.MjData(model)
    addresses = [model.joint(name).qposadr[0] for name in robot.arm_joints]
    positions = np.random.default_rng(0).uniform(-np.pi, np.pi, (50, len(addresses)))
    arm = chain_from_urdf(robot_description(robot), 'base_link', 'tcp')
    poses = arm.tool_poses(robot.arm_joints, positions)
    for q, pose in zip(positions, poses, strict=True):
        data.qpos[addresses] = q
        mujoco.mj_kinematics(model, data)
        assert np.allclose(pose[:3, 3], data.body('tcp').xpos, atol=1e-9)
        assert np.allclose(pose[:3, :3], data.body('tcp').xmat.reshape(3, 3), atol=1e-9)


def test_the_order_of_the_named_joints_does_not_matter():
    positions = np.random.default_rng(1).uniform(-1, 1, (3, len(ARM_JOINTS)))
    turned = ARM.tool_poses(ARM_JOINTS[::-1], positions[:, ::-1])
    assert np.allclose(turned, ARM.tool_poses(ARM_JOINTS, positions))


@pytest.mark.parametrize('robot', ROBOTS.values(), ids=ROBOTS)
def test_the_limits_of_effort_are_those_of_the_motors(robot):
    chain = chain_from_urdf(robot_description(robot), 'base_link', 'tcp')
    limits = {joint.name: joint.effort for joint in chain.joints if joint.effort}
    assert limits == dict(zip(robot.arm_joints, robot.torque, strict=True))


def test_a_prismatic_joint_moves_along_its_axis():
    finger = chain_from_urdf(robot_description(UR5E), 'gripper_base', 'left_finger')
    closed, open_ = finger.tool_poses(['left_finger_joint'], np.array([[0.0], [0.03]]))
    assert np.linalg.norm(open_[:3, 3] - closed[:3, 3]) == pytest.approx(0.03)
    assert np.allclose(open_[:3, :3], closed[:3, :3])


@pytest.mark.parametrize('urdf', ['', '<robot', '<robot name="r"/>'])
def test_what_holds_no_such_chain_is_refused(urdf):
    with pytest.raises(ValueError, match='robot_description'):
        chain_from_urdf(urdf, 'base_link', 'tcp')
