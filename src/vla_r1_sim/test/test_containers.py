"""Bowl and tray: they stand still, hold things, and look like what they are."""

import dataclasses

import mujoco
import numpy as np
import pytest
from std_msgs.msg import Header
from vla_r1_sim.camera import Camera
from vla_r1_sim.containers import ContainerSpec, VESSELS
from vla_r1_sim.convert import to_object_markers
from vla_r1_sim.scene import make_scene
from vla_r1_sim.scene_spec import ObjectSpec
from vla_r1_sim.world import World

X, Y = 0.45, 0.0


def world_with(name, *objects, yaw=0.5):
    scene = dataclasses.replace(
        make_scene(0), objects=objects, containers=(ContainerSpec(name, X, Y, yaw),)
    )
    return World(scene)


@pytest.mark.parametrize('name', VESSELS)
def test_a_container_weighs_what_it_should_and_stands_still(name):
    world = world_with(name)
    assert world.model.body(name).mass[0] == pytest.approx(VESSELS[name].mass)
    mujoco.mj_step(world.model, world.data, 1000)
    assert world.speed(name) < 1e-3
    np.testing.assert_allclose(world.object_position(name), (X, Y, 0), atol=1e-3)


@pytest.mark.parametrize('name', VESSELS)
@pytest.mark.parametrize('shape', ['cube', 'ball', 'cylinder', 'box'])
def test_what_is_dropped_stays_within_the_walls(name, shape):
    size = (0.02, 0.045, 0.02) if shape == 'box' else (0.022,) * 3
    world = world_with(name, ObjectSpec('it', 'red', shape, size, X + 0.01, Y - 0.01, 0.3))
    address = world.model.jnt_qposadr[world.model.body('it').jntadr[0]]
    world.data.qpos[address + 2] = 0.10
    mujoco.mj_step(world.model, world.data, 1500)
    assert name in world.touching('it')
    assert 'table' not in world.touching('it')
    assert world.lowest_point('it') > 0.001
    offset = world.data.body(name).xmat.reshape(3, 3).T @ (
        world.object_position('it') - world.object_position(name)
    )
    assert VESSELS[name].encloses(*offset[:2])


@pytest.mark.parametrize('name', VESSELS)
def test_a_ball_rolled_at_a_container_stays_outside(name):
    ball = ObjectSpec('ball', 'red', 'ball', (0.022,) * 3, X + 0.13, Y, 0.0)
    world = world_with(name, ball)
    first = world.model.joint(world.model.body('ball').jntadr[0]).dofadr[0]
    world.data.qvel[first] = -0.6
    mujoco.mj_step(world.model, world.data, 1000)
    assert world.object_position('ball')[0] > X + 0.05
    assert np.linalg.norm(world.object_position(name)[:2] - (X, Y)) < 0.01


@pytest.mark.parametrize('name', VESSELS)
def test_the_seen_skin_lies_where_things_rest(name):
    # Depth must show what the physics feels: the floor of the container and its rim.
    world = world_with(name, yaw=0.0)
    vessel = VESSELS[name]
    skin = world.model.geom(name)
    mesh = world.model.mesh(skin.dataid[0])
    vertices = world.model.mesh_vert[mesh.vertadr[0] :][: mesh.vertnum[0]]
    rotation = world.data.geom(name).xmat.reshape(3, 3)
    points = vertices @ rotation.T + world.data.geom(name).xpos
    np.testing.assert_allclose(
        [points.min(axis=0), points.max(axis=0)],
        [
            (X - vessel.half_size[0], Y - vessel.half_size[1], 0),
            (X + vessel.half_size[0], Y + vessel.half_size[1], vessel.height),
        ],
        atol=2e-3,
    )
    group = np.array([1, 1, 1, 1, 1, 1], np.uint8)
    hit = np.zeros(1, np.int32)
    down = np.array([0.0, 0.0, -1.0])
    for beside in (0.0, 0.02):
        distance = mujoco.mj_ray(
            world.model, world.data, np.array([X + beside, Y, 0.2]), down, group, 1, -1, hit
        )
        assert world.model.body(world.model.geom_bodyid[hit[0]]).name == name
        assert 0.2 - distance == pytest.approx(vessel.wall, abs=2e-3)


@pytest.mark.parametrize('name', VESSELS)
def test_lowest_point_of_a_container_is_that_of_its_foot(name):
    world = world_with(name)
    assert world.lowest_point(name) == pytest.approx(0, abs=1e-3)
    address = world.model.jnt_qposadr[world.model.body(name).jntadr[0]]
    world.data.qpos[address + 2] += 0.1
    mujoco.mj_forward(world.model, world.data)
    assert world.lowest_point(name) == pytest.approx(0.1, abs=1e-3)


@pytest.mark.parametrize('name', VESSELS)
def test_a_container_marker_is_the_solid_around_it(name):
    world = world_with(name)
    (_, marker) = to_object_markers(Header(frame_id='base_link'), world).markers
    assert marker.ns == name
    assert marker.type == {'bowl': marker.CYLINDER, 'tray': marker.CUBE}[name]
    scale = (marker.scale.x, marker.scale.y, marker.scale.z)
    np.testing.assert_allclose(scale, 2 * VESSELS[name].half_size)
    middle = (X, Y, VESSELS[name].height / 2)
    position = marker.pose.position
    np.testing.assert_allclose((position.x, position.y, position.z), middle, atol=1e-3)


@pytest.mark.parametrize('name', VESSELS)
def test_a_container_is_seen_in_its_colour(name):
    world = world_with(name)
    with Camera(world.model, 320, 240) as camera:
        seen = camera.body_ids(world.data) == world.model.body(name).id
        pixels = camera.rgb(world.data)[seen]
    assert seen.sum() > 500
    strongest, weakest = np.argmax(VESSELS[name].color), np.argmin(VESSELS[name].color)
    assert (pixels[:, strongest] > pixels[:, weakest]).mean() > 0.95
