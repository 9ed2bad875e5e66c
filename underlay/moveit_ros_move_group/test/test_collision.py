from moveit_ros_move_group.collision import CollisionScene
from moveit_ros_move_group.errors import Code, MoveItError
from moveit_ros_move_group.ik import PoseGoal, solve_pose
from moveit_ros_move_group.robot import parse_robot
from moveit_ros_move_group.transforms import make_pose
from moveit_ros_move_group.world import (
    AllowedCollisions,
    AttachedObject,
    CollisionObject,
    Shape,
    World,
)
import numpy as np
import pytest
from robot_model import FINGER, HOME, JOINTS, srdf, urdf

DOWN = make_pose((0.4, 0.4, 0.3), (1, 0, 0, 0))


@pytest.fixture(scope='module')
def robot():
    return parse_robot(urdf(), srdf(), {}, {})


@pytest.fixture(scope='module')
def empty(robot):
    return World(AllowedCollisions(dict.fromkeys(robot.allowed_pairs, True)))


def ik_code(robot, world, seed):
    scene = CollisionScene(robot, world)
    start = scene.configuration({**dict(zip(JOINTS, HOME, strict=True)), FINGER: 0.03})
    goal = PoseGoal('tcp', DOWN[:3, 3], np.zeros(3), DOWN[:3, :3], np.zeros(3), 0.0)
    try:
        solve_pose(scene, robot.group('arm'), goal, start, seed)
    except MoveItError as error:
        return error.code
    return Code.SUCCESS


@pytest.mark.parametrize('seed', range(5))
def test_contacts_of_perfectly_aligned_boxes_are_seen(robot, empty, seed):
    wall = Shape('box', (0.2, 0.2, 0.1), np.eye(4))
    rod = Shape('box', (0.02, 0.02, 0.3), np.eye(4))
    touch = frozenset({'tcp', 'left_finger', 'right_finger'})
    world = empty.with_object(
        CollisionObject('wall', make_pose((0.4, 0.4, 0.05), (1, 0, 0, 0)), (wall,))
    ).with_attached(AttachedObject('rod', make_pose((0, 0, 0.15)), (rod,), 'tcp', touch))
    assert ik_code(robot, world, seed) == Code.GOAL_IN_COLLISION


@pytest.mark.parametrize('seed', range(5))
@pytest.mark.parametrize('height', [0.3, 0.36])
def test_contacts_of_parallel_cylinders_are_seen(robot, empty, seed, height):
    can = Shape('cylinder', (0.1, 0.05), np.eye(4))
    world = empty.with_object(CollisionObject('can', make_pose((0.4, 0.4, height)), (can,)))
    assert ik_code(robot, world, seed) == Code.GOAL_IN_COLLISION


def test_padding_grows_objects_on_every_side(robot, empty):
    scene = CollisionScene(robot, empty)
    q = scene.configuration({**dict(zip(JOINTS, HOME, strict=True)), FINGER: 0.03})
    tip = scene.link_pose(q, 'tcp')
    near = tip @ make_pose((0, 0, 0.015 + 0.05 + 0.003))  # 3 mm ahead of the finger tips
    cube = Shape('box', (0.1, 0.1, 0.1), np.eye(4))
    world = empty.with_object(CollisionObject('cube', near, (cube,)))
    assert not CollisionScene(robot, world).collides(q)
    padded = CollisionScene(robot, world, padding=0.005)
    assert padded.collides(q)
    assert "'cube'" in padded.touching(q)


def test_a_robot_may_stand_on_a_padded_table(robot, empty):
    table = Shape('box', (1.0, 1.0, 0.04), np.eye(4))
    world = empty.with_object(CollisionObject('table', make_pose((0, 0, -0.021)), (table,)))
    q = CollisionScene(robot, world).configuration(dict(zip(JOINTS, HOME, strict=True)))
    assert not CollisionScene(robot, world, padding=0.005).collides(q)
