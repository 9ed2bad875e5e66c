"""A written-out answer is well formed, true, and lists what is seen before it says which one."""

import re

import pytest
from vla_r1_core.output import is_canonical, parse
from vla_r1_core.types import Box, Task
from vla_r1_training.scenes.thoughts import annotate, Seen, without_thought

THINGS = (
    Seen('blue ball', Box(0.70, 0.40, 0.05, 0.06)),
    Seen('bowl', Box(0.50, 0.60, 0.12, 0.11)),
    Seen('red cube', Box(0.25, 0.55, 0.0432, 0.07)),
)
TRACE = ((0.25, 0.55), (0.4, 0.5), (0.5, 0.6))


def write(task=Task.AFFORDANCE, name='red cube', trace=(), goal='', seed=0):
    return annotate('pick red cube', task, THINGS, name, trace, goal, seed)


def test_a_box_is_the_one_that_is_meant():
    answer = parse(write(), Task.AFFORDANCE)
    assert answer.box == Box(0.25, 0.55, 0.043, 0.07)


def test_a_trace_is_the_true_one():
    text = write(Task.TRAJECTORY, trace=TRACE, goal='bowl')
    assert parse(text, Task.TRAJECTORY).trajectory.points == TRACE
    assert 'To: bowl 0.500 0.600 0.120 0.110.' in text


@pytest.mark.parametrize('task', [Task.AFFORDANCE, Task.TRAJECTORY])
def test_what_is_not_there_has_no_answer(task):
    answer = parse(write(task, name=None), task)
    assert answer.absent and answer.thought.endswith('not there.')


def test_everything_is_listed_from_left_to_right_before_the_choice():
    thought = parse(write(), Task.AFFORDANCE).thought
    places = [thought.index(name) for name in ('red cube 0.250', 'bowl 0.500', 'blue ball 0.700')]
    assert places == sorted(places)
    assert thought.rindex('red cube 0.250 0.550 0.043 0.070') > places[-1]


def test_words_vary_with_the_seed_and_only_with_it():
    texts = [write(seed=seed) for seed in range(250)]
    assert len(set(texts)) == 27
    assert texts == [write(seed=seed) for seed in range(250)]
    assert all(is_canonical(text) for text in texts)


def test_coordinates_stay_in_the_picture():
    text = annotate('pick', Task.TRAJECTORY, THINGS, 'bowl', ((-0.001, 0.2), (1.0004, 0.3)), '', 0)
    assert parse(text, Task.TRAJECTORY).trajectory.points == ((0.0, 0.2), (1.0, 0.3))


def test_without_its_thought_only_the_output_is_left():
    text = write()
    assert text.endswith(without_thought(text))
    assert without_thought(text).startswith('<output>{"x": 0.250')


@pytest.mark.parametrize(
    ('request_', 'compared'),
    [
        (
            'pick object nearest to bowl',
            ' bowl 0.500 0.600: red cube 0.250 0.550 0.250 0.050 0.255 0.255 closer one;'
            ' blue ball 0.700 0.400 0.200 0.200 0.283 0.255 further other',
        ),
        (
            'pick object farthest from bowl',
            ' bowl 0.500 0.600: red cube 0.250 0.550 0.250 0.050 0.255 0.255 further one;'
            ' blue ball 0.700 0.400 0.200 0.200 0.283 0.255 further one',
        ),
        (
            'reach cube farthest from bowl',
            ' bowl 0.500 0.600: red cube 0.250 0.550 0.250 0.050 0.255 0.255 further one',
        ),
        (
            'pick ball farthest from red cube',
            ' red cube 0.250 0.550: blue ball 0.700 0.400 0.450 0.150 0.474 0.474 further one',
        ),
    ],
)
def test_where_the_nearest_is_meant_distances_are_said(request_, compared):
    thought = parse(annotate(request_, Task.AFFORDANCE, THINGS, 'red cube', (), '', 0), 1).thought
    assert f'. By distance from{compared}. ' in thought


@pytest.mark.parametrize(('relation', 'last'), [('nearest to', 'c'), ('farthest from', 'd')])
def test_each_one_is_compared_with_the_best_up_to_there(relation, last):
    far = {'b': 0.3, 'a': 0.2, 'd': 0.4, 'c': 0.1}
    colors = {'a': 'red', 'b': 'blue', 'c': 'green', 'd': 'purple'}
    things = [Seen('bowl', Box(0.1, 0.5, 0.1, 0.1))]
    for i, (letter, away) in enumerate(far.items()):  # listed in this order, from left to right
        down = (away**2 - (0.01 * i) ** 2) ** 0.5
        box = Box(0.1 + 0.01 * i, 0.5 + down, 0.1, 0.1)
        things.append(Seen(f'{colors[letter]} cube', box))
    text = annotate(f'pick cube {relation} bowl', Task.AFFORDANCE, things, None, (), '', 0)
    entries = re.search(r'By distance[^:]*:(.*?)\. (?:Target|Meant|So it is)', text)[1].split(';')
    said = [entry.split() for entry in entries]
    best = None
    for entry in said:
        away, other, word, which = float(entry[-4]), float(entry[-3]), entry[-2], entry[-1]
        assert other == (away if best is None else best)
        better = word == ('closer' if 'nearest' in relation else 'further')
        assert which == ('one' if better else 'other')
        if best is not None:
            assert (word == 'closer') == (away < best)
        best = away if better else best
    names = [' '.join(entry[:2]) for entry in said if entry[-1] == 'one']
    assert names[-1] == f'{colors[last]} cube'


@pytest.mark.parametrize(
    ('request_', 'alike'),
    [
        ('pick red cube', 'All red: cube'),
        ('push blue ball', 'All blue: ball; cylinder'),
        ('reach blue object', 'All blue: ball; cylinder'),
        ('pick green ball', 'All green: none'),
    ],
)
def test_where_a_colour_is_asked_for_the_shapes_that_have_it_are_said(request_, alike):
    things = (Seen('blue cylinder', Box(0.9, 0.4, 0.1, 0.1)), *THINGS)
    thought = parse(annotate(request_, Task.AFFORDANCE, things, None, (), '', 0), 1).thought
    assert f'. {alike}. ' in thought


@pytest.mark.parametrize(
    ('request_', 'sides'),
    [
        (
            'pick object left of bowl',
            'From bowl: red cube 0.250 0.500 left; blue ball 0.700 0.500 right',
        ),
        (
            'push object in front of bowl',
            'From bowl: red cube 0.550 0.600 behind; blue ball 0.400 0.600 behind',
        ),
        ('reach ball other than red cube', 'From red cube: blue ball other'),
        ('pick box behind red cube', 'From red cube: none'),
    ],
)
def test_where_a_side_is_meant_the_side_of_each_is_said(request_, sides):
    thought = parse(annotate(request_, Task.AFFORDANCE, THINGS, None, (), '', 0), 1).thought
    assert f'. {sides}. ' in thought


def test_of_what_is_not_seen_nothing_has_a_side():
    text = annotate('pick ball left of red box', Task.AFFORDANCE, THINGS, None, (), '', 0)
    assert 'From' not in text


@pytest.mark.parametrize('request_', ['pick cube', 'pick ball left of red cube', 'pick'])
def test_where_no_colour_is_asked_for_none_is_said(request_):
    assert 'All' not in annotate(request_, Task.AFFORDANCE, THINGS, None, (), '', 0)


@pytest.mark.parametrize(
    'request_',
    ['pick red cube', 'pick ball left of red cube', 'pick ball nearest to green box',
     'pick box nearest to bowl'],
)  # fmt: skip
def test_where_no_distance_decides_none_is_said(request_):
    assert 'distance' not in annotate(request_, Task.AFFORDANCE, THINGS, None, (), '', 0)
