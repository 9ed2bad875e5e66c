"""Questions about where things lie, from lists alone: clear, read by the simulator, compared."""

import math

import numpy as np
import pytest
from vla_r1_core.types import Box, Task
from vla_r1_sim.instruction import read
from vla_r1_sim.vocabulary import SHAPES
from vla_r1_training.scenes.examples import Asked
from vla_r1_training.scenes.relations import named_anew, relate
from vla_r1_training.scenes.thoughts import Seen

KINDS = {
    'left of': 'left', 'right of': 'right', 'behind': 'behind', 'in front of': 'front',
    'nearest to': 'nearest', 'farthest from': 'farthest', 'other than': 'other',
}  # fmt: skip
LISTS = 400


def asked(*names, seed=0):
    rng = np.random.default_rng(seed)
    things = tuple(Seen(name, Box(*rng.uniform(0.1, 0.9, 2), 0.1, 0.1)) for name in names)
    return Asked(7, 'pick it', Task.TRAJECTORY, 'pick red cube', things, 'red cube', 'bowl', ())


@pytest.fixture(scope='module')
def drawn():
    """Return questions, each from a list of its own."""
    names = ('red cube', 'blue ball', 'bowl', 'green box', 'red ball', 'yellow cylinder')
    rng = np.random.default_rng(1)
    found = []
    for seed in range(LISTS):
        question = asked(*names, seed=seed)
        found.append(relate(rng, question, named_anew(rng, question.things)))
    return [question for question in found if question]


def taken_apart(question):
    """Return what is asked for, the relation and the anchor."""
    relation = next(words for words in KINDS if f' {words} ' in question.request)
    before, anchor = question.request.split(f' {relation} ')
    return before.split()[1], relation, anchor


def test_most_lists_have_a_question_of_every_kind(drawn):
    assert len(drawn) > 0.7 * LISTS
    assert {taken_apart(question)[1] for question in drawn} == set(KINDS)


def test_the_one_meant_is_the_only_one(drawn):
    several = 0
    for question in drawn:
        what, relation, anchor = taken_apart(question)
        boxes = {thing.name: thing.box for thing in question.things}
        assert len(boxes) == 6
        here = boxes.pop(anchor)
        fits = [n for n in boxes if n.endswith(what) or (what == 'object' and n != 'bowl')]
        several += len(fits) > 1
        x, y = ({n: getattr(boxes[n], axis) - getattr(here, axis) for n in fits} for axis in 'xy')
        far = {n: math.hypot(x[n], y[n]) for n in fits}
        right = {
            'left of': [n for n in fits if x[n] < 0],
            'right of': [n for n in fits if x[n] > 0],
            'behind': [n for n in fits if y[n] < 0],
            'in front of': [n for n in fits if y[n] > 0],
            'nearest to': [min(fits, key=far.get)],
            'farthest from': [max(fits, key=far.get)],
            'other than': fits,
        }[relation]
        assert right == [question.name]
        assert question.answer(0).count(question.name) >= 3  # listed, compared, meant
    assert several > 0.5 * len(drawn)


def test_the_simulator_reads_the_same(drawn):
    same = 0
    for question in drawn:
        command = read(question.instruction)
        what, relation, anchor = taken_apart(question)
        said = command.relation and (str(command.target), command.relation.kind)
        same += said == (what, KINDS[relation]) and str(command.relation.anchor) == anchor
    assert same >= 0.98 * len(drawn)  # a made-up word may stand within "other than"


def test_it_asks_for_a_box_of_the_same_picture(drawn):
    assert all((q.picture, q.task, q.trace) == (7, Task.AFFORDANCE, ()) for q in drawn)


def test_one_thing_alone_lies_nowhere():
    rng = np.random.default_rng(0)
    alone = asked('red cube', 'bowl')
    assert all(relate(rng, alone, alone.things) is None for _ in range(50))


def test_names_are_few_shapes_of_any_colour_and_places_stay():
    rng = np.random.default_rng(0)
    things = asked('red cube', 'blue ball', 'bowl', 'green box').things
    names = [[thing.name for thing in named_anew(rng, things)] for _ in range(50)]
    assert all(len(set(own)) == 4 and own[2] == 'bowl' for own in names)
    shapes = [{name.split()[1] for name in own if ' ' in name} for own in names]
    assert all(len(own) <= 2 for own in shapes)
    assert len(set.union(*shapes)) == len(SHAPES)
