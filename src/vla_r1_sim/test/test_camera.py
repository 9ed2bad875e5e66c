"""The camera: its calibration is checked against what MuJoCo really draws."""

import mujoco
import numpy as np
import pytest
from vla_r1_sim.camera import Camera, DepthNoise
from vla_r1_sim.scene import make_scene
from vla_r1_sim.truth import visible_box
from vla_r1_sim.world import World


@pytest.fixture(scope='module')
def world():
    return World(make_scene(11))


@pytest.fixture(scope='module')
def camera(world):
    with Camera(world.model, 640, 480) as camera:
        yield camera


def project(camera, points):
    """Return (N, 2) [px], pixel centres at integers, of (N, 3) points [m] in base_link."""
    k, mount = camera.intrinsics, camera.mounting
    x, y, z = ((points - mount.translation) @ mount.rotation).T
    return np.column_stack([k.fx * x / z + k.cx, k.fy * y / z + k.cy])


def corners(world, name):
    signs = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, -1).T
    body = world.data.body(name)
    return body.xpos + signs * world.model.geom(name).size @ body.xmat.reshape(3, 3).T


def test_corners_of_boxes_project_onto_their_outline():
    errors = []
    for seed in range(4):
        world = World(make_scene(seed))
        with Camera(world.model, 640, 480) as camera:
            ids = camera.body_ids(world.data)
            for item in world.scene.objects:
                if item.shape not in ('cube', 'box'):
                    continue
                rows, columns = np.nonzero(ids == world.model.body(item.name).id)
                px = project(camera, corners(world, item.name))
                # a pixel belongs to the object when its centre does
                errors.append([columns.min(), rows.min()] - np.ceil(px.min(axis=0)))
                errors.append([columns.max(), rows.max()] - np.floor(px.max(axis=0)))
    errors = np.array(errors)
    assert len(errors) > 10
    assert np.abs(errors).max() <= 1
    assert np.abs(errors.mean(axis=0)).max() < 0.1  # half a pixel of offset would show here


def test_depth_is_the_distance_along_the_optical_axis(world, camera):
    ball_free_pixel = (400, 320)  # row, column: table in front of all objects
    assert camera.body_ids(world.data)[ball_free_pixel] == world.model.body('table').id
    z = camera.depth(world.data)[ball_free_pixel]
    k, mount = camera.intrinsics, camera.mounting
    row, column = ball_free_pixel
    ray = np.array([(column - k.cx) / k.fx, (row - k.cy) / k.fy, 1.0])
    height = (mount.rotation @ (ray * z) + mount.translation)[2]
    assert height == pytest.approx(0.0, abs=0.5e-3)


def test_all_objects_and_the_table_are_in_sight(world, camera):
    ids = camera.body_ids(world.data)
    for item in world.scene.objects:
        assert np.count_nonzero(ids == world.model.body(item.name).id) > 150
    table = np.nonzero(ids == world.model.body('table').id)
    assert table[1].min() > 0 and table[1].max() < 639  # both sides of the table are seen


@pytest.mark.parametrize('seed', range(6))
def test_no_object_hides_behind_another_or_the_arm(seed):
    world = World(make_scene(seed))
    names = [item.name for item in world.scene.objects]
    height = {n: world.model.jnt_qposadr[world.model.body(n).jntadr[0]] + 2 for n in names}
    with Camera(world.model, 320, 240) as camera:
        seen = camera.body_ids(world.data)
        for name in names:
            alone = world.snapshot()
            alone.qpos[[height[other] for other in names if other != name]] = -5.0  # [m]
            mujoco.mj_forward(world.model, alone)
            body = world.model.body(name).id
            whole = np.count_nonzero(camera.body_ids(alone) == body)
            assert np.count_nonzero(seen == body) >= 0.97 * whole


def test_visible_box_spans_the_pixels_edges():
    ids = np.zeros((10, 20), int)
    ids[2:4, 5:10] = 7
    box = visible_box(ids, 7)
    assert (box.x, box.y, box.width, box.height) == pytest.approx((7.5 / 20, 0.3, 0.25, 0.2))
    assert visible_box(ids, 8) is None


def test_depth_noise_is_seeded_and_as_stated():
    depth = np.ones((480, 640), np.float32)
    first = DepthNoise(3, sigma=0.001, holes=0.005).apply(depth)
    again = DepthNoise(3, sigma=0.001, holes=0.005).apply(depth)
    np.testing.assert_array_equal(first, again)
    assert np.isnan(first).mean() == pytest.approx(0.005, rel=0.1)
    assert np.nanstd(first) == pytest.approx(0.001, rel=0.05)


def test_picture_is_the_same_bit_for_bit(world, camera):
    other = World(make_scene(11))
    with Camera(other.model, 640, 480) as second:
        np.testing.assert_array_equal(camera.rgb(world.data), second.rgb(other.data))
        np.testing.assert_array_equal(camera.depth(world.data), second.depth(other.data))
