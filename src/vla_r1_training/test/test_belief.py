"""What is meant follows from the list, whatever the picture shows."""

from collections import Counter

import numpy as np
import pytest
from vla_r1_core.types import Box, Task
from vla_r1_training.scenes.belief import contradict
from vla_r1_training.scenes.examples import Asked
from vla_r1_training.scenes.thoughts import Seen

NAMES = ('red cube', 'blue ball', 'green cylinder', 'bowl')
THINGS = tuple(Seen(name, Box(0.2 * i, 0.5, 0.1, 0.1)) for i, name in enumerate(NAMES))


def ask(request, name, task=Task.AFFORDANCE, things=THINGS):
    trace = ((0.1, 0.5), (0.4, 0.2)) if task == Task.TRAJECTORY and name else ()
    goal = 'bowl' if trace else ''
    return Asked(0, request, task, request, things, name, goal, trace)


def contradictions(asked, count=200):
    rng = np.random.default_rng(0)
    return [contradict(rng, asked) for _ in range(count)]


def test_a_box_follows_the_name_and_absence_a_list_without_it():
    asked = ask('pick red cube', 'red cube')
    drawn = contradictions(asked)
    assert {len(a.things) for a in drawn if a.name is None} == {3}
    assert not any(t.name == 'red cube' for a in drawn if a.name is None for t in a.things)
    there = [a for a in drawn if a.name]
    assert 0.6 < len(there) / len(drawn) < 0.8
    for a in there:
        assert sorted(t.name for t in a.things) == sorted(NAMES)
        assert a.things[3] == THINGS[3]  # a place keeps its name
        assert a.target.box == next(t.box for t in a.things if t.name == 'red cube')
    where = Counter(a.box.x for a in there)
    assert len(where) == 3 and min(where.values()) > 20


def test_the_way_is_known_for_the_thing_alone_that_it_was_drawn_for():
    asked = ask('place red cube', 'red cube', Task.TRAJECTORY)
    for a in contradictions(asked):
        if a.name is None:
            assert not a.trace and not a.goal
            assert 'red cube' not in {t.name for t in a.things}
        else:
            assert a.things[0] == THINGS[0] and a.trace == asked.trace
            assert {t.name for t in a.things} == set(NAMES)


def test_what_is_not_there_is_found_when_a_thing_is_called_so():
    for a in contradictions(ask('pick yellow ball', None)):
        assert a.name == 'yellow ball'
        assert [t.name for t in a.things].count('yellow ball') == 1
        assert a.things[3] == THINGS[3]


@pytest.mark.parametrize(
    'asked',
    [
        ask('pick ball nearest to red cube', 'blue ball'),
        ask('pick cone', None),
        ask('pick yellow ball', None, Task.TRAJECTORY),
        ask('pick yellow ball', None, things=THINGS[3:]),
    ],
)
def test_what_no_list_is_known_for_is_left(asked):
    assert contradictions(asked) == [None] * 200
