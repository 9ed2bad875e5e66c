"""A studio shows what a world and a camera show, and knows its boxes without drawing."""

import dataclasses

import numpy as np
import pytest
from vla_r1_sim.camera import Camera
from vla_r1_sim.clutter import FLAT, UPRIGHT
from vla_r1_sim.look import DEMO, Look
from vla_r1_sim.scene import make_scene
from vla_r1_sim.studio import Studio
from vla_r1_sim.surfaces import SURFACES
from vla_r1_sim.truth import true_trace, truth, visible_box
from vla_r1_sim.world import World

WIDTH, HEIGHT = 320, 240
LOOK = Look(
    camera=(1.05, 0.1, 0.95), surfaces=SURFACES[1:], clutter=(*FLAT, *UPRIGHT),
    brightness=(0.6, 1.3), light_azimuth=(-2.0, 2.0),
)  # fmt: skip
TASKS = ('pick up the red cube', 'put the blue ball in the bowl', 'push the green box to the left')


def scenes():
    for seed, words in enumerate(TASKS):
        yield make_scene(seed, words)
        yield make_scene(seed, words, look=LOOK)


@pytest.fixture(scope='module')
def studio():
    with Studio(WIDTH, HEIGHT) as studio:
        yield studio


def test_it_shows_what_a_world_shows(studio):
    for scene in scenes():
        world = World(scene)
        with Camera(world.model, WIDTH, HEIGHT) as camera:
            expected, body_ids = camera.rgb(world.data), camera.body_ids(world.data)
        studio.show(scene)
        difference = np.abs(studio.rgb().astype(int) - expected)
        assert difference.mean() < 0.2 and (difference.max(-1) > 30).mean() < 0.003
        for name in world.start_positions:
            seen = visible_box(body_ids, world.model.body(name).id).corners
            known = studio.box(name).corners
            np.testing.assert_allclose(seen, known, atol=1.01 / HEIGHT)
        answer = truth(world, body_ids)
        trace = true_trace(studio, studio.view, scene.instruction, answer.name)
        np.testing.assert_allclose(trace.points, answer.trace.points, atol=2e-3)


def test_nothing_is_left_of_the_scene_before(studio):
    first, second = make_scene(5), make_scene(0, look=LOOK)
    studio.show(first)
    alone = studio.rgb()
    studio.show(second)
    assert np.abs(studio.rgb().astype(int) - alone).mean() > 5
    studio.show(first)
    np.testing.assert_array_equal(studio.rgb(), alone)


def test_a_thing_that_is_cut_has_no_box(studio):
    scene = make_scene(3)
    item = dataclasses.replace(scene.objects[0], y=0.9)
    studio.show(dataclasses.replace(scene, objects=(item,)))
    assert studio.box(item.name) is None


def test_what_does_not_fit_is_refused(studio):
    scene = make_scene(3)
    with pytest.raises(ValueError, match='at most 6 objects'):
        studio.show(dataclasses.replace(scene, objects=scene.objects * 3))
    with pytest.raises(ValueError, match='camera at the table'):
        studio.show(dataclasses.replace(scene, wrist_camera=True))


def test_a_look_is_drawn_from_its_ranges():
    kinds = (('red', 'cube'), ('blue', 'ball'), ('green', 'box'))
    look = dataclasses.replace(LOOK, kinds=kinds)
    drawn = [make_scene(seed, look=look) for seed in range(40)]
    assert {(o.color, o.shape) for s in drawn for o in s.objects} == set(kinds)
    assert {s.surface for s in drawn} == set(LOOK.surfaces)
    assert {p.kind for s in drawn for p in s.clutter} == set(LOOK.clutter)
    for scene in drawn:
        offset = np.abs(np.subtract(scene.camera.position, look.camera))
        assert np.all(offset <= look.camera_spread)
        assert 0.6 <= scene.brightness <= 1.3
    assert make_scene(7, look=DEMO) == make_scene(7)


def test_an_unknown_surface_is_refused():
    scene = dataclasses.replace(make_scene(0), surface='lava')
    with pytest.raises(ValueError, match="no surface 'lava'"):
        World(scene)
