"""Which of several objects is meant, as the camera sees them; and what is not clear is refused."""

import pytest
from vla_r1_core.errors import ReasonCode, ReasoningError
from vla_r1_core.types import Box
from vla_r1_perception.relations import NotSeenError, resolve
from vla_r1_perception.scene import SeenObject
from vla_r1_perception.words import understand


def seen(name, x, y, size=0.08):
    """Return an object at (x, y), in image heights of a square picture."""
    color, shape = name.split()
    return SeenObject(color, shape, Box(x, y, size, size), (x, y), size)


LEFT, RIGHT = seen('red cube', 0.2, 0.55), seen('blue cube', 0.7, 0.5)
FAR, NEAR = seen('green ball', 0.45, 0.2), seen('yellow ball', 0.55, 0.8, size=0.11)
SCENE = [FAR, LEFT, RIGHT, NEAR]


def find(words, objects):
    return resolve(understand(f'pick up {words}').target, objects)


@pytest.mark.parametrize(
    ('words', 'meant'),
    [
        ('the leftmost object', LEFT),
        ('the cube on the right', RIGHT),
        ('the nearest thing', NEAR),
        ('the farthest ball', FAR),
        ('the biggest object', NEAR),
        ('the cube left of the green ball', LEFT),
        ('the cube to the right of the yellow ball', RIGHT),
        ('the ball behind the red cube', FAR),
        ('the ball in front of the red cube', NEAR),
        ('the cube next to the leftmost object', RIGHT),
        ('the object farthest from the green ball', NEAR),
        ('the other cube, not the red one', RIGHT),
        ('the ball that is not yellow', FAR),
    ],
)
def test_place_and_exception_single_out_one_object(words, meant):
    assert find(words, SCENE) is meant


@pytest.mark.parametrize(
    'words',
    ['the cube', 'the cube in front of the green ball', 'the object nearest to the green ball'],
)
def test_where_several_could_be_meant_all_are_named(words):
    with pytest.raises(ReasoningError, match=r'red cube at .*blue cube at') as caught:
        find(words, SCENE)
    assert caught.value.code == ReasonCode.UNSUPPORTED_INSTRUCTION


def test_two_that_are_about_as_far_left_are_not_told_apart():
    with pytest.raises(ReasoningError, match='2 objects fit "leftmost object"'):
        find('the leftmost object', [LEFT, seen('green ball', 0.21, 0.2)])


@pytest.mark.parametrize(
    ('words', 'missing'),
    [
        ('the green cube', 'green cube'),
        ('the cube left of the purple ball', 'purple ball'),
        ('the cube behind the green ball', 'cube behind the green ball'),
        ('the red cube in the bowl', 'bowl'),
        ('the pink tray', 'pink tray'),
    ],
)
def test_what_is_missing_is_named(words, missing):
    with pytest.raises(NotSeenError) as caught:
        find(words, SCENE)
    assert str(caught.value.phrase) == missing


def test_of_two_on_the_left_the_one_is_meant_that_is_mainly_left():
    in_front = seen('purple cube', 0.4, 0.9)
    assert find(
        'the cube left of the green ball', [FAR, in_front, seen('red cube', 0.1, 0.25)]
    ) == (seen('red cube', 0.1, 0.25))


def test_what_looks_bigger_because_it_is_nearer_is_not_taken_for_bigger():
    near = seen('red ball', 0.5, 0.8, size=0.11)
    with pytest.raises(ReasoningError, match='2 objects fit'):
        find('the biggest ball', [seen('green ball', 0.5, 0.2, size=0.10), near])
    assert find('the biggest ball', [seen('green ball', 0.5, 0.2, size=0.08), near]) is near
    far = seen('green ball', 0.5, 0.2, size=0.12)
    assert find('the biggest ball', [far, near]) is far
    assert find('the smallest ball', [far, near]) is near


def test_in_the_bowl_is_what_ends_inside_it():
    bowl = seen('teal bowl', 0.5, 0.5, size=0.3)
    inside, behind = seen('red cube', 0.5, 0.5), seen('blue cube', 0.5, 0.33)
    in_front, beside = seen('green cube', 0.5, 0.65), seen('yellow cube', 0.8, 0.5)
    objects = [behind, bowl, inside, in_front, beside]
    assert find('the cube in the bowl', objects) is inside
    with pytest.raises(NotSeenError):
        find('the blue cube in the bowl', objects)


def test_an_object_without_a_name_is_no_container():
    objects = [seen('teal bowl', 0.1, 0.5, size=0.3), LEFT]
    assert find('the leftmost object', objects) is LEFT
    assert find('the bowl', objects) is objects[0]
