"""Which object and which way the words mean, and that nothing is guessed."""

import pytest
from vla_r1_core.errors import ReasonCode, ReasoningError
from vla_r1_core.prompt import Intent
from vla_r1_perception.phrase import Command, Phrase, Relation
from vla_r1_perception.words import understand

RED_CUBE = Phrase('red', 'cube')


@pytest.mark.parametrize(
    ('instruction', 'target'),
    [
        ('pick up the red cube', RED_CUBE),
        ('take the violet can', Phrase('purple', 'cylinder')),
        ('get me the golden sphere', Phrase('yellow', 'ball')),
        ('lift ball', Phrase(None, 'ball')),
        ('grab the blue one', Phrase('blue')),
        ('go and fetch the orange brick for me, please', Phrase('orange', 'box')),
        ('pick up the red cube from the table', RED_CUBE),
        ('Can you grasp the red cube from above?', RED_CUBE),
        ('pick up the cube that is red', RED_CUBE),
        ('pick up the cyan dish', Phrase('teal', 'bowl')),
    ],
)
def test_colour_and_shape_name_an_object(instruction, target):
    assert understand(instruction) == Command(Intent.PICK, target)


@pytest.mark.parametrize(
    ('said', 'extreme'),
    [
        ('the leftmost cube', 'leftmost'),
        ('the left-most cube', 'leftmost'),
        ('the cube on the left', 'leftmost'),
        ('the right cube', 'rightmost'),
        ('the nearest cube', 'nearest'),
        ('the cube in front', 'nearest'),
        ('the furthest cube', 'farthest'),
        ('the biggest cube', 'biggest'),
        ('the small cube', 'smallest'),
    ],
)
def test_one_of_several_is_named_by_place_or_size(said, extreme):
    assert understand(f'pick up {said}').target == Phrase(None, 'cube', extreme)


@pytest.mark.parametrize(
    ('said', 'kind'),
    [
        ('left of', 'left of'),
        ('to the left of', 'left of'),
        ('that is on the right of', 'right of'),
        ('in front of', 'in front of'),
        ('behind', 'behind'),
        ('next to', 'next to'),
        ('nearest to', 'next to'),
        ('closest to', 'next to'),
        ('farthest from', 'farthest from'),
    ],
)
def test_an_object_is_named_by_where_it_is_from_another(said, kind):
    relation = Relation(kind, Phrase('green', 'ball'))
    target = Phrase(None, 'cube', relation=relation)
    assert understand(f'pick up the cube {said} the green ball').target == target


def test_relations_nest():
    ball = Phrase(None, 'ball', relation=Relation('in', Phrase(None, 'bowl')))
    cube = Phrase(None, 'cube', relation=Relation('next to', ball))
    assert understand('take the cube next to the ball in the bowl').target == cube


@pytest.mark.parametrize(
    'instruction',
    [
        'not the red one, the other cube',
        'pick up the other cube, not the red one',
        'pick up the cube that is not red',
        'pick up the cube but not the red one',
        'not the red one but the other cube',
        'pick up the cube other than the red one',
        'take any cube except the red one',
    ],
)
def test_an_exception_says_which_one_is_not_meant(instruction):
    assert understand(instruction).target == Phrase(None, 'cube', excluded=Phrase('red'))


@pytest.mark.parametrize(
    ('instruction', 'direction'),
    [
        ('push the red cube to the left', 'left'),
        ('slide the red cube right', 'right'),
        ('push the red cube a bit away', 'away'),
        ('pull the red cube towards me', 'closer'),
    ],
)
def test_a_push_has_a_direction(instruction, direction):
    assert understand(instruction) == Command(Intent.PUSH, RED_CUBE, direction)


@pytest.mark.parametrize('said', ['to', 'towards', 'closer to'])
def test_a_push_goes_to_another_object(said):
    command = understand(f'push the red cube {said} the green ball')
    assert command == Command(Intent.PUSH, RED_CUBE, goal=Phrase('green', 'ball'))


@pytest.mark.parametrize(
    'instruction',
    [
        'put the red cube in the bowl',
        'move the red cube to the bowl',
        'place the red cube into the dish',
        'pick up the red cube and put it in the bowl',
        'grab the red cube, then drop it into the bowl, please',
    ],
)
def test_an_object_is_put_into_a_container(instruction):
    assert understand(instruction) == Command(Intent.PLACE, RED_CUBE, goal=Phrase(None, 'bowl'))


def test_what_is_already_in_a_container_is_put_into_the_other():
    tray = Relation('in', Phrase(None, 'tray'))
    for instruction in (
        'put the red cube that is on the tray in the bowl',
        'take the red cube from the tray and put it in the bowl',
    ):
        command = understand(instruction)
        assert command.target == Phrase('red', 'cube', relation=tray)
        assert command.goal == Phrase(None, 'bowl')


def test_an_object_beside_another_is_put_into_a_container():
    command = understand('put the cube next to the ball in the bowl')
    assert str(command.target) == 'cube next to the ball'
    assert str(command.goal) == 'bowl'


@pytest.mark.parametrize(
    'instruction',
    [
        'pick up the banana',
        'pick up the red banana',
        'pick up the banana cube',
        'pick up the cube on the banana',
        'pick up',
        'grab the red',
        'do not touch the red cube',
        "don't pick up the red cube",
        'don’t pick up the red cube',
        'dont pick up the red cube',
        'anything but the red cube',
        'avoid the red cube',
        'pick up the biggest cube on the left',
        'never mind the red cube',
        'pick up the red cube without touching the ball',
        'take the other cube',
        'pick up the red cube and the blue ball',
        'pick up the cube between the ball and the box',
        'push the red cube',
        'push the red cube away from the ball',
        'push the red cube to the left of the ball',
        'put the red cube on the blue box',
        'put the red cube on the table',
        'put down the red cube',
        'nimm den roten Würfel',
        '拿起红色方块',
        '🙂🙂',
    ],
)
def test_what_is_not_understood_is_refused_with_the_known_words(instruction):
    with pytest.raises(ReasoningError) as caught:
        understand(instruction)
    assert caught.value.code == ReasonCode.UNSUPPORTED_INSTRUCTION
    for word in ('red', 'purple', 'cube', 'ball', 'bowl', 'left of', 'left, right, away'):
        assert word in str(caught.value)
