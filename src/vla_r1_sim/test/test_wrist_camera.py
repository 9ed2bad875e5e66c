"""The camera on the gripper: where the link says, with the table and the fingertips in sight."""

from dataclasses import replace

import mujoco
import numpy as np
import pytest
from vla_r1_sim.camera import Camera
from vla_r1_sim.robots import ROBOTS
from vla_r1_sim.scene import make_scene
from vla_r1_sim.world import World

WIDTH, HEIGHT = 320, 240


def world_of(robot, seed=0, instruction=''):
    return World(replace(make_scene(seed, instruction), wrist_camera=True), robot)


@pytest.fixture(params=ROBOTS.values(), ids=ROBOTS)
def robot(request):
    return request.param


def project(camera, world, points):
    """Return (N, 2) [px] of (N, 3) points [m] in base_link, by the pose of the camera's link."""
    k, mount = camera.intrinsics, camera.mounting
    link = world.data.body(mount.link)
    on_link = (points - link.xpos) @ link.xmat.reshape(3, 3)
    x, y, z = ((on_link - mount.translation) @ mount.rotation).T
    return np.column_stack([k.fx * x / z + k.cx, k.fy * y / z + k.cy])


def drive(world, offsets):
    """Put the arm elsewhere, at once."""
    first = world.model.joint(world.robot.arm_joints[0]).qposadr[0]
    world.data.qpos[first : first + 6] += offsets
    mujoco.mj_forward(world.model, world.data)


@pytest.mark.parametrize('offsets', [np.zeros(6), [0.2, -0.1, 0.1, 0.15, -0.1, 0.4]])
def test_the_picture_is_where_the_link_that_carries_the_camera_says(robot, offsets):
    world = world_of(robot)
    drive(world, offsets)
    seen = 0
    with Camera(world.model, WIDTH, HEIGHT) as camera:
        assert camera.mounting.link == 'gripper_base'
        ids = camera.body_ids(world.data)
        for item in world.scene.objects:
            rows, columns = np.nonzero(ids == world.model.body(item.name).id)
            whole = len(rows) > 50 and min(*rows, *columns) > 0
            whole = whole and rows.max() < HEIGHT - 1 and columns.max() < WIDTH - 1
            if not whole or item.shape not in ('cube', 'box'):
                continue
            seen += 1
            signs = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, -1).T
            body = world.data.body(item.name)
            corners = body.xpos + signs * item.size @ body.xmat.reshape(3, 3).T
            px = project(camera, world, corners)
            assert np.abs([columns.min(), rows.min()] - np.ceil(px.min(axis=0))).max() <= 1
            assert np.abs([columns.max(), rows.max()] - np.floor(px.max(axis=0))).max() <= 1
    assert seen


@pytest.mark.parametrize('seed', range(8))
def test_everything_on_the_table_is_in_sight_at_first(robot, seed):
    world = world_of(robot, seed, 'put the red cube in the bowl')
    with Camera(world.model, WIDTH, HEIGHT) as camera:
        ids = camera.body_ids(world.data)
    border = np.concatenate([ids[0], ids[-1], ids[:, 0], ids[:, -1]])
    for name in world.start_positions:
        body = world.model.body(name).id
        assert np.count_nonzero(ids == body) > 150, name
        assert body not in border, name


def test_the_open_fingertips_are_in_the_picture(robot):
    world = world_of(robot)
    with Camera(world.model, WIDTH, HEIGHT) as camera:
        ids = camera.body_ids(world.data)
    for finger in ('left_finger', 'right_finger'):
        assert np.count_nonzero(ids == world.model.body(finger).id) > 50
