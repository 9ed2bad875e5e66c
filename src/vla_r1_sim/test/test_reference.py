"""Which thing is meant: as the camera sees it, and never a guess."""

import dataclasses

import numpy as np
import pytest
from vla_r1_sim.camera import Camera
from vla_r1_sim.containers import ContainerSpec
from vla_r1_sim.reference import target
from vla_r1_sim.scene import make_scene
from vla_r1_sim.scene_spec import ObjectSpec
from vla_r1_sim.view import View
from vla_r1_sim.world import World

CUBE = (0.02, 0.02, 0.02)


def scene(instruction, *objects, containers=()):
    specs = tuple(
        ObjectSpec('_'.join((color, shape)), color, shape, CUBE, x, y, 0.0)
        for color, shape, x, y in objects
    )
    return dataclasses.replace(
        make_scene(0), instruction=instruction, objects=specs, containers=tuple(containers)
    )


@pytest.mark.parametrize(
    ('relation', 'expected'),
    [
        # The camera faces the robot: its right is +y, and what is far from it is near the robot.
        ('left of', 'red_cube'),
        ('right of', 'blue_cube'),
        ('behind', 'blue_cube'),
        ('in front of', 'red_cube'),
        ('closest to', 'red_cube'),
        ('farthest from', 'blue_cube'),
    ],
)
def test_relations_are_those_that_the_camera_sees(relation, expected):
    things = [
        ('green', 'ball', 0.45, 0.0),
        ('red', 'cube', 0.55, -0.10),
        ('blue', 'cube', 0.35, 0.25),
    ]
    assert target(scene(f'pick up the cube {relation} the green ball', *things)) == expected


def test_what_two_objects_fit_means_neither():
    ball, left, leftmost = (
        ('green', 'ball', 0.45, 0.1),
        ('red', 'cube', 0.45, -0.1),
        ('blue', 'cube', 0.45, -0.2),
    )
    assert target(scene('pick up the cube left of the green ball', ball, left, leftmost)) is None
    assert target(scene('pick up the cube', ball, left, leftmost)) is None
    assert target(scene('pick up the cube', ball, left)) == 'red_cube'


def test_almost_equally_near_is_not_nearest():
    bowl = ContainerSpec('bowl', 0.45, 0.0, 0.0)
    near, far = ('red', 'cube', 0.45, 0.15), ('green', 'ball', 0.45, -0.16)
    assert (
        target(scene('lift the object nearest to the bowl', near, far, containers=[bowl])) is None
    )
    far = ('green', 'ball', 0.45, -0.25)
    words = 'lift the object nearest to the bowl'
    assert target(scene(words, near, far, containers=[bowl])) == 'red_cube'


def test_a_container_can_be_meant():
    bowl = ContainerSpec('bowl', 0.45, 0.0, 0.0)
    assert target(scene('go to the bowl', containers=[bowl])) == 'bowl'
    assert target(scene('go to the tray', containers=[bowl])) is None


@pytest.mark.parametrize(
    ('instruction', 'without'),
    [
        ('pick up the cube left of the green ball', 'pick up the cube'),
        ('pick up the cylinder behind the red box', 'pick up the cylinder'),
        ('put the ball farthest from the tray in the bowl', 'put the ball in the bowl'),
        ('not the red cube: lift the other cube', 'lift the cube'),
        ('grab the object nearest to the bowl', 'grab the object'),
    ],
)
@pytest.mark.parametrize('seed', range(10))
def test_scenes_make_relations_clear_and_needed(instruction, without, seed):
    drawn = make_scene(seed, instruction)
    assert target(drawn)
    assert target(dataclasses.replace(drawn, instruction=without)) is None


def test_words_that_nothing_can_fit_give_a_scene_all_the_same():
    drawn = make_scene(0, 'pick up the ball left of the ball')
    assert drawn.objects
    assert target(drawn) is None


def test_the_view_is_the_renderers():
    world = World(make_scene(3, 'pick up the yellow ball'))
    with Camera(world.model, 640, 480) as camera:
        rows, columns = np.nonzero(
            camera.body_ids(world.data) == world.model.body('yellow_ball').id
        )
    # A ball's picture is an ellipse around where its middle is seen.
    seen = np.array([(columns.mean() + 0.5) / 640, (rows.mean() + 0.5) / 480])
    middle = world.object_position('yellow_ball')
    (projected,) = View(world.scene.camera).project(middle[None])
    np.testing.assert_allclose(projected * (640, 480), seen * (640, 480), atol=1.0)
    np.testing.assert_allclose(
        View(world.scene.camera).place(projected, middle[2]), middle, atol=1e-9
    )
