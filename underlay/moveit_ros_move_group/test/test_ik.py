from moveit_ros_move_group.collision import CollisionScene
from moveit_ros_move_group.ik import PoseGoal, solve_pose
from moveit_ros_move_group.robot import parse_robot
from moveit_ros_move_group.transforms import rotation_vector
from moveit_ros_move_group.world import AllowedCollisions, World
import numpy as np
import pytest
from robot_model import FINGER, HOME, JOINTS, srdf, urdf


@pytest.fixture(scope='module')
def scene():
    robot = parse_robot(urdf(), srdf(), {}, {})
    allowed = AllowedCollisions(dict.fromkeys(robot.allowed_pairs, True))
    return CollisionScene(robot, World(allowed))


@pytest.mark.parametrize('seed', range(10))
def test_a_pose_is_met_so_exactly_that_a_line_may_begin_at_a_straight_wrist(scene, seed):
    # A small turn that is left over would be a large turn of the joints there.
    turned = np.random.default_rng(seed).normal(HOME, 0.3)
    start = scene.configuration({**dict(zip(JOINTS, HOME, strict=True)), FINGER: 0.0})
    there = start.copy()
    there[scene.indices(JOINTS)] = turned
    pose = scene.link_pose(there, 'tcp')
    goal = PoseGoal('tcp', pose[:3, 3], np.zeros(3), pose[:3, :3], np.full(3, 0.01), 0.001)
    for q in solve_pose(scene, scene.robot.group('arm'), goal, start, seed):
        found = start.copy()
        found[scene.indices(JOINTS)] = q
        reached = scene.link_pose(found, 'tcp')
        assert np.linalg.norm(reached[:3, 3] - pose[:3, 3]) < 1e-5
        assert np.linalg.norm(rotation_vector(reached[:3, :3].T @ pose[:3, :3])) < 1e-5
