"""What instructions mean, read from the words."""

import pytest
from vla_r1_core.prompt import Intent
from vla_r1_sim.instruction import (
    mentioned_containers,
    mentioned_objects,
    ObjectQuery,
    read,
    Relation,
)


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
        ('can you lift the red can?', [ObjectQuery('red', 'cylinder')]),
        ('the boxer is tired', []),  # a word that only begins like a shape
        ('', []),
    ],
)
def test_mentions_are_read_in_order(instruction, expected):
    assert list(mentioned_objects(instruction)) == expected


@pytest.mark.parametrize(
    ('instruction', 'expected'),
    [
        ('put the red cube in the bowl', ['bowl']),
        ('put the ball on the PLATE', ['tray']),
        ('take it from the dish to the platter', ['bowl', 'tray']),
        ('bowling is fun', []),
    ],
)
def test_containers_have_several_names(instruction, expected):
    assert list(mentioned_containers(instruction)) == expected


@pytest.mark.parametrize(
    ('instruction', 'target', 'relation'),
    [
        ('pick up the red cube', ObjectQuery('red', 'cube'), None),
        ('go to the bowl', 'bowl', None),
        (
            'pick up the cube left of the green ball',
            ObjectQuery(None, 'cube'),
            Relation('left', ObjectQuery('green', 'ball')),
        ),
        (
            'Grab the cube that is to the right of the green ball.',
            ObjectQuery(None, 'cube'),
            Relation('right', ObjectQuery('green', 'ball')),
        ),
        (
            'lift the object nearest to the bowl',
            ObjectQuery(None, None),
            Relation('nearest', 'bowl'),
        ),
        (
            'leave the red cube, pick up the other cube',
            ObjectQuery(None, 'cube'),
            Relation('other', ObjectQuery('red', 'cube')),
        ),
        ('pick up the object', None, None),  # a bare noun alone says nothing
    ],
)
def test_relation_and_anchor_say_which(instruction, target, relation):
    command = read(instruction)
    assert command.target == target
    assert command.relation == relation


@pytest.mark.parametrize(
    ('instruction', 'goal'),
    [
        ('put the red cube in the bowl', 'bowl'),
        ('put the ball closest to the bowl on the tray', 'tray'),
        ('put the red cube next to the blue ball', None),
        ('pick up the ball closest to the bowl', None),
    ],
)
def test_goal_is_the_container_that_is_no_anchor(instruction, goal):
    assert read(instruction).goal == goal


@pytest.mark.parametrize(
    ('instruction', 'direction'),
    [
        ('push the red cube to the left', (-1, 0)),
        ('slide the ball away from you', (0, -1)),
        ('pull the box closer', (0, 1)),
        ('push the cube left of the green ball to the right', (1, 0)),
        ('push the red cube', None),
        ('pick up the cube left of the ball', None),
    ],
)
def test_direction_is_where_to_push_in_the_picture(instruction, direction):
    assert read(instruction).direction == direction
    assert read(instruction).intent is (
        Intent.PICK if instruction.startswith('pick') else Intent.PUSH
    )
