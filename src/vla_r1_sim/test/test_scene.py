"""Scenes: seeded, unambiguous, graspable."""

import itertools
import math

import pytest
from vla_r1_sim.instruction import mentioned_objects, ObjectQuery
from vla_r1_sim.scene import make_scene, WORKSPACE_X, WORKSPACE_Y
from vla_r1_sim.tasks import targets

SEEDS = range(60)


def test_same_seed_and_instruction_give_the_same_scene():
    first = make_scene(7, 'pick up the blue cylinder')
    assert first == make_scene(7, 'pick up the blue cylinder')
    assert first != make_scene(8, 'pick up the blue cylinder')


@pytest.mark.parametrize('seed', SEEDS)
def test_scene_has_three_to_six_objects_of_different_names(seed):
    names = [item.name for item in make_scene(seed).objects]
    assert 3 <= len(names) <= 6
    assert len(set(names)) == len(names)


@pytest.mark.parametrize('seed', SEEDS)
def test_fingers_fit_between_objects(seed):
    scene = make_scene(seed)
    for a, b in itertools.combinations(scene.objects, 2):
        gap = math.hypot(a.x - b.x, a.y - b.y) - b.radius
        assert gap >= 0.045 + 0.012, f'{a.name} {b.name}'  # half opening and one finger


@pytest.mark.parametrize('seed', SEEDS)
def test_objects_lie_in_the_workspace_and_fit_the_gripper(seed):
    for item in make_scene(seed).objects:
        assert WORKSPACE_X[0] <= item.x <= WORKSPACE_X[1]
        assert WORKSPACE_Y[0] <= item.y <= WORKSPACE_Y[1]
        assert 2 * min(item.size[:2]) < 0.06


@pytest.mark.parametrize('seed', SEEDS)
@pytest.mark.parametrize(
    'instruction', ['pick up the red cube', 'grab the yellow one', 'Lift the BALL']
)
def test_named_object_is_there_exactly_once(seed, instruction):
    assert len(targets(make_scene(seed, instruction))) == 1


@pytest.mark.parametrize('seed', SEEDS)
def test_absent_leaves_the_named_object_out(seed):
    scene = make_scene(seed, 'pick up the red cube', absent=True)
    assert 'red_cube' not in [item.name for item in scene.objects]
    assert len(scene.objects) >= 3


@pytest.mark.parametrize(
    ('instruction', 'expected'),
    [
        ('pick up the red cube', [ObjectQuery('red', 'cube')]),
        ('Pick up the RED block!', [ObjectQuery('red', 'cube')]),
        ('the ball, please', [ObjectQuery(None, 'ball')]),
        ('take the purple one', [ObjectQuery('purple', None)]),
        (
            'put the red cube next to the blue sphere',
            [ObjectQuery('red', 'cube'), ObjectQuery('blue', 'ball')],
        ),
        ('pick up the banana', []),
        ('the boxer is tired', []),  # a word that only begins like a shape
        ('', []),
    ],
)
def test_mentions_are_read_in_order(instruction, expected):
    assert list(mentioned_objects(instruction)) == expected
