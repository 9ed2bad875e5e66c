"""Straight lines become joint positions that stay on them, and end where they cannot go on."""

import cv2
import numpy as np
import pytest
from vla_r1_planner.grasp import pointing_down
from vla_r1_planner.kinematics import chain_from_urdf
from vla_r1_planner.line import followed, JUMP_RAD, stepped, TURN_RAD_PER_M
from vla_r1_sim.description import home_position, robot_description
from vla_r1_sim.robots import UR5E

ARM = chain_from_urdf(robot_description(UR5E), 'base_link', 'tcp')
HOME = np.array(home_position(UR5E))


def tool(joints):
    return ARM.tool_poses(UR5E.arm_joints, joints[None])[0]


def turned_by(one, other):
    """Angle [rad] between the orientations of neighbouring poses."""
    traces = np.einsum('nji,nji->n', one[:, :3, :3], other[:, :3, :3])
    return np.arccos(np.clip((traces - 1) / 2, -1, 1))


def corner(yaw=0.0):
    """Down and then sideways, turning on the way."""
    xyz = ((0.4, 0.1, 0.3), (0.4, 0.1, 0.2), (0.4, -0.1, 0.2))
    yaws = (0.0, 0.0, yaw)
    tilt = np.eye(4)
    tilt[:3, :3] = cv2.Rodrigues(np.array([0.3, 0.2, 0.1]))[0]  # straight down is symmetric
    return np.array([pointing_down(np.array(p), y) @ tilt for p, y in zip(xyz, yaws, strict=True)])


def test_steps_are_short_and_on_the_lines():
    poses = stepped(corner(), 0.007)
    places = poses[:, :3, 3]
    lengths = np.linalg.norm(np.diff(places, axis=0), axis=1)
    assert lengths.max() <= 0.007 + 1e-9
    assert lengths.sum() == pytest.approx(0.3)
    on_first = np.isclose(places[:, 1], 0.1)
    assert np.allclose(places[~on_first, 2], 0.2)
    for pose in corner():
        assert np.abs(poses - pose).max(axis=(1, 2)).min() < 1e-9


@pytest.mark.parametrize('yaw', [0.5, -2.5, 3.1])
def test_turns_are_evenly_spread_and_small(yaw):
    poses = stepped(corner(yaw), 0.005)
    turns = turned_by(poses[:-1], poses[1:])
    assert turns.max() <= TURN_RAD_PER_M * 0.005 + 1e-6
    assert turns.sum() == pytest.approx(abs(yaw), abs=1e-3)
    assert np.allclose(poses[-1], corner(yaw)[-1], atol=1e-9)


def nearby(pose, joints):
    """Joints at a pose by Newton's steps from joints close to it."""
    for _ in range(20):
        here = tool(joints)
        R = here[:3, :3].T @ pose[:3, :3]
        turn = here[:3, :3] @ np.array([R[2, 1] - R[1, 2], R[0, 2] - R[2, 0], R[1, 0] - R[0, 1]])
        error = np.r_[pose[:3, 3] - here[:3, 3], turn / 2]
        columns = []
        for step in np.eye(len(joints)) * 1e-6:
            moved = tool(joints + step)
            spun = (moved[:3, :3] - here[:3, :3]) @ here[:3, :3].T / 1e-6
            columns.append(np.r_[(moved - here)[:3, 3] / 1e-6, spun[2, 1], spun[0, 2], spun[1, 0]])
        joints = joints + np.linalg.solve(np.array(columns).T, error)
    return joints


def test_a_real_arm_stays_on_a_line():
    start = tool(HOME)
    end = start.copy()
    end[:3, 3] += (0.05, 0.1, -0.1)
    poses, last = stepped(np.array([start, end]), 0.005), [HOME]

    def solve(pose):
        last.append(nearby(pose, last[-1]))
        return last[-1]

    way, fraction = followed(poses, HOME, solve)
    assert fraction == 1.0
    assert np.allclose(ARM.tool_poses(UR5E.arm_joints, way), poses, atol=1e-6)


@pytest.mark.parametrize('wrong', [lambda q: None, lambda q: q + 1.1 * JUMP_RAD])
def test_a_line_ends_before_what_cannot_be_or_is_another_posture(wrong):
    poses = np.tile(np.eye(4), (5, 1, 1))
    answers = iter([HOME + 0.01, HOME + 0.02, wrong(HOME + 0.02), HOME])
    way, fraction = followed(poses, HOME, lambda _: next(answers))
    assert np.allclose(way, [HOME, HOME + 0.01, HOME + 0.02])
    assert fraction == 0.5


def test_a_line_of_no_length_is_whole():
    pose = np.eye(4)
    way, fraction = followed(stepped(np.array([pose, pose]), 0.01), HOME, lambda _: HOME)
    assert fraction == 1.0
    assert np.allclose(way, HOME)
