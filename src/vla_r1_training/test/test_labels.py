"""Which source a label comes from, and what a row of the dataset is."""

from dataclasses import replace

import pytest
from vla_r1_core.types import Task
from vla_r1_training.bags.episode import Stated
from vla_r1_training.labels.labels import examples, sources_of

from vla_r1_training.config import IngestConfig

BOX = '{"x": 0.5, "y": 0.5, "width": 0.1, "height": 0.1}'


def by_task(found):
    return {example.task: example for example in found}


def test_the_first_source_that_knows_counts(episodes):
    episode = episodes['pick']
    marked = Stated('topic', Task.AFFORDANCE, BOX, episode.view.stamp_ns)
    labelled = replace(episode, stated=(*episode.stated, marked))
    orders = {
        'topic truth hindsight': ('topic', 'truth'),
        'truth hindsight topic': ('truth', 'truth'),
        'hindsight': ('hindsight', None),
    }
    for order, (box, trace) in orders.items():
        found = by_task(examples(labelled, IngestConfig(labels=order)))
        assert found[Task.AFFORDANCE].source == box
        assert (Task.TRAJECTORY in found) == (trace is not None)
    assert by_task(examples(labelled, IngestConfig()))[Task.AFFORDANCE].truth == BOX


def test_a_question_without_a_known_answer_is_a_row_that_says_why(episodes):
    silent = replace(episodes['pick'], stated=(), tool_path=None)
    (example,) = examples(silent, IngestConfig())
    assert (example.truth, example.source) == (None, '')
    assert example.said is not None
    assert example.reasons == (
        'topic: it says nothing',
        'truth: it says nothing',
        'hindsight: it is not known where the tool was',
    )


def test_a_demonstration_is_a_row_without_an_answer(episodes):
    shown = replace(episodes['place'], stated=(), said=(), outcome=None)
    found = by_task(examples(shown, IngestConfig()))
    assert set(found) == {Task.AFFORDANCE, Task.TRAJECTORY}
    for example in found.values():
        assert (example.source, example.said) == ('hindsight', None)
        assert example.view is shown.view


def test_an_absent_object_is_null(episodes):
    absent = replace(
        episodes['pick'], stated=(Stated('truth', Task.AFFORDANCE, 'null', 0),), tool_path=None
    )
    (example,) = examples(absent, IngestConfig())
    assert (example.truth, example.source) == ('null', 'truth')


def test_a_statement_that_is_no_answer_is_passed_over(episodes):
    wrong = Stated('topic', Task.AFFORDANCE, '{"x": 7}', 0)
    episode = replace(episodes['pick'], stated=(*episodes['pick'].stated, wrong))
    example = by_task(examples(episode, IngestConfig()))[Task.AFFORDANCE]
    assert example.source == 'truth'
    assert example.reasons[0].startswith("topic: '{")


def test_hindsight_can_be_held_to_verified_motions(episodes):
    config = IngestConfig(labels='hindsight', only_verified=True)
    (verified,) = examples(episodes['pick'], config)
    assert verified.source == 'hindsight'
    unknown = replace(episodes['pick'], outcome=replace(episodes['pick'].outcome, verified=0))
    (example,) = examples(unknown, config)
    assert example.reasons == ('hindsight: success was not verified',)


def test_an_unknown_source_is_refused():
    with pytest.raises(ValueError, match='guess; there are topic, truth, hindsight'):
        sources_of(IngestConfig(labels='truth guess'))
