"""The true answers, held against MuJoCo's own picture and the physics' verdicts."""

import dataclasses
import itertools

import mujoco
import numpy as np
import pytest
from vla_r1_core.prompt import Intent
from vla_r1_sim.camera import Camera
from vla_r1_sim.scene import make_scene
from vla_r1_sim.tasks import sample_task
from vla_r1_sim.truth import TRACE_POINTS, truth
from vla_r1_sim.verdicts import verdict
from vla_r1_sim.view import View
from vla_r1_sim.world import World

WIDTH, HEIGHT = 640, 480
SEEDS = range(4)


def look(scene):
    world = World(scene)
    with Camera(world.model, WIDTH, HEIGHT) as camera:
        return world, camera.body_ids(world.data)


def shown(world, body_ids, points):
    """Return the names of the bodies at picture points, in their order."""
    columns, rows = (np.asarray(points) * (WIDTH, HEIGHT)).astype(int).T
    return [world.model.body(max(0, i)).name for i in body_ids[rows, columns]]


def along(trace):
    return np.vstack([np.linspace(a, b, 50) for a, b in itertools.pairwise(trace.points)])


@pytest.mark.parametrize('seed', SEEDS)
@pytest.mark.parametrize('words', ['pick up the {}', 'go to the {}'])
def test_a_reach_goes_from_the_gripper_to_the_object_around_the_others(seed, words):
    name = ('red_cube', 'green_ball', 'purple_cylinder', 'orange_box')[seed]
    world, body_ids = look(make_scene(seed, words.format(name.replace('_', ' '))))
    answer = truth(world, body_ids)
    assert answer.name == name
    seen = shown(world, body_ids, along(answer.trace))
    assert seen[-1] == name
    assert not {o.name for o in world.scene.objects if o.name != name}.intersection(seen)
    (tool,) = View(world.scene.camera).project(world.data.body('tcp').xpos[None])
    np.testing.assert_allclose(answer.trace.points[0], tool, atol=1e-6)
    assert len(answer.trace.points) >= TRACE_POINTS


def test_the_way_bends_where_something_stands_in_it():
    scene = make_scene(0, 'reach the red cube')
    cube = next(o for o in scene.objects if o.name == 'red_cube')
    cube = dataclasses.replace(cube, x=0.55, y=0.10)
    others = [o for o in scene.objects if o.name != 'red_cube'][:1]
    world, body_ids = look(dataclasses.replace(scene, objects=(cube,)))
    straight = np.array(truth(world, body_ids).trace.points)
    assert np.linalg.norm(straight[1] - (straight[0] * 2 + straight[-1]) / 3) < 1e-6
    x, y, _ = View(scene.camera).place(straight[0] * 0.2 + straight[-1] * 0.8, 0.0)
    others = [dataclasses.replace(others[0], x=float(x), y=float(y))]
    world, body_ids = look(dataclasses.replace(scene, objects=(cube, *others)))
    trace = truth(world, body_ids).trace
    assert others[0].name in shown(world, body_ids, np.linspace(straight[0], straight[-1], 200))
    assert others[0].name not in shown(world, body_ids, along(trace))


@pytest.mark.parametrize('seed', SEEDS)
@pytest.mark.parametrize('container', ['bowl', 'tray'])
def test_a_place_goes_from_the_object_into_the_container(seed, container):
    world, body_ids = look(make_scene(seed, f'put the yellow ball in the {container}'))
    answer = truth(world, body_ids)
    assert answer.name == 'yellow_ball'
    seen = shown(world, body_ids, answer.trace.points)
    assert seen[0] == 'yellow_ball'
    assert seen[-1] == container


@pytest.mark.parametrize('way', ['left', 'right', 'away', 'closer'])
@pytest.mark.parametrize('seed', SEEDS)
def test_a_push_goes_through_the_object_to_where_it_counts_as_pushed(seed, way):
    world, body_ids = look(make_scene(seed, f'push the blue cube {way}'))
    trace = truth(world, body_ids).trace
    seen = shown(world, body_ids, along(trace))
    assert seen[0] != 'blue_cube' and 'blue_cube' in seen and seen[-1] != 'blue_cube'
    assert not {o.name for o in world.scene.objects if o.name != 'blue_cube'}.intersection(seen)
    height = world.object_position('blue_cube')[2]
    to = View(world.scene.camera).place(np.array(trace.points[-1]), height)
    address = world.model.jnt_qposadr[world.model.body('blue_cube').jntadr[0]]
    world.data.qpos[address : address + 2] = to[:2]
    mujoco.mj_forward(world.model, world.data)
    assert verdict(world).success, verdict(world).message


def test_the_box_holds_only_what_is_visible():
    scene = make_scene(0, 'pick up the red cube')
    cube = next(o for o in scene.objects if o.name == 'red_cube')
    cube = dataclasses.replace(cube, x=0.45, y=0.0)
    screen = dataclasses.replace(
        cube, name='blue_cylinder', color='blue', shape='cylinder', x=0.50, y=0.02,
        size=(0.02, 0.02, 0.06),
    )  # fmt: skip
    whole = truth(*look(dataclasses.replace(scene, objects=(cube,)))).box
    world, body_ids = look(dataclasses.replace(scene, objects=(cube, screen)))
    part = truth(world, body_ids).box
    assert part.width < 0.9 * whole.width
    assert part.corners[0] == whole.corners[0]  # the screen stands on the right
    rows, columns = np.nonzero(body_ids == world.model.body('red_cube').id)
    assert part.corners == pytest.approx(
        (
            columns.min() / WIDTH,
            rows.min() / HEIGHT,
            (columns.max() + 1) / WIDTH,
            (rows.max() + 1) / HEIGHT,
        )
    )


def test_about_an_absent_object_there_is_nothing_to_say():
    world, body_ids = look(make_scene(0, 'put the red cube in the bowl', absent=True))
    answer = truth(world, body_ids)
    assert (answer.name, answer.box, answer.trace) == (None, None, None)


def test_a_push_without_a_direction_has_a_box_but_no_trace():
    answer = truth(*look(make_scene(0, 'push the red cube')))
    assert answer.box is not None
    assert answer.trace is None


@pytest.mark.parametrize('intent', Intent)
def test_every_sampled_task_has_both_answers_in_the_picture(intent):
    for seed in range(5):
        task = sample_task(seed, intent, absent_share=0.0)
        answer = truth(*look(task.scene()))
        assert answer.box is not None, task.instruction
        assert 0 <= np.min(answer.trace.points) <= np.max(answer.trace.points) <= 1, task
