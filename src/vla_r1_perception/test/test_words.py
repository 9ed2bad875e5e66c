"""Which object the words mean, and that nothing is guessed."""

import pytest
from vla_r1_core.errors import ReasonCode, ReasoningError
from vla_r1_perception.words import Query, understand


@pytest.mark.parametrize(
    ('instruction', 'query'),
    [
        ('pick up the red cube', Query('red', 'cube')),
        ('Please GRASP the small Red Block!', Query('red', 'cube')),
        ('take the violet can', Query('purple', 'cylinder')),
        ('get me the golden sphere', Query('yellow', 'ball')),
        ('lift the ball', Query(None, 'ball')),
        ('grab the blue one', Query('blue', None)),
        ('pick up the red cube and put it on the blue box', Query('red', 'cube')),
        ('push the green box to the left', Query('green', 'box', 'left')),
        ('slide the green box away', Query('green', 'box', 'away')),
        ('reach the ball on the right', Query(None, 'ball')),
        ('move to the orange brick', Query('orange', 'box')),
    ],
)
def test_the_first_named_object_is_meant(instruction, query):
    assert understand(instruction) == query


@pytest.mark.parametrize(
    'instruction',
    [
        'pick up the banana',
        'pick up the red banana',
        'pick up the pink cube',
        'pick up',
        'grab the red',
        'do not touch the red cube',
        'take any cube except the red cube',
        'take the other cube',
        'nimm den roten Würfel',
        '拿起红色方块',
        '🙂🙂',
    ],
)
def test_what_is_not_understood_is_refused_with_the_known_words(instruction):
    with pytest.raises(ReasoningError) as caught:
        understand(instruction)
    assert caught.value.code == ReasonCode.UNSUPPORTED_INSTRUCTION
    for word in ('red', 'purple', 'cube', 'cylinder', 'ball', 'box', 'left'):
        assert word in str(caught.value)
