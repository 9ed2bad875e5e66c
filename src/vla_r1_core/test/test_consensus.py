"""Of many answers the one that most agree with is chosen, and what is odd lowers the score."""

from hypothesis import given
from hypothesis import strategies as st
import pytest
from vla_r1_core.consensus import elect
from vla_r1_core.types import Box, ParsedAnswer, Task, Trajectory2D


def box(x, y=0.5, size=0.1):
    return ParsedAnswer(Task.AFFORDANCE, 't', box=Box(x, y, size, size))


def trace(*points):
    return ParsedAnswer(Task.TRAJECTORY, 't', trajectory=Trajectory2D(points))


ABSENT = ParsedAnswer(Task.AFFORDANCE, 't')


def test_one_answer_agrees_with_itself():
    for one in (box(0.5), trace((0.1, 0.1), (0.9, 0.9)), trace((0.5, 0.5)), ABSENT):
        assert elect([one]) == (0, 1.0)


def test_most_boxes_win_and_the_middle_one_speaks_for_them():
    assert elect([box(0.9), box(0.30), box(0.31), box(0.32)]) == (2, 0.75)


def test_boxes_that_hardly_overlap_are_not_the_same():
    assert elect([box(0.3), box(0.34), box(0.8)]) == (0, pytest.approx(1 / 3))
    assert elect([box(0.3), box(0.333), box(0.8)])[1] == pytest.approx(2 / 3)


def test_the_number_of_points_of_a_trace_does_not_matter_but_its_direction_does():
    few = trace((0.1, 0.5), (0.9, 0.5))
    many = trace(*((0.1 + 0.08 * i, 0.5) for i in range(11)))
    back = trace((0.9, 0.5), (0.1, 0.5))
    assert elect([back, few, many]) == (1, pytest.approx(2 / 3))


def test_that_an_object_is_not_there_is_an_answer_too():
    assert elect([box(0.3), ABSENT, ABSENT]) == (1, pytest.approx(2 / 3))


def test_malformed_answers_lower_the_score_and_are_never_chosen():
    assert elect([None, box(0.3), None, None]) == (1, 0.25)
    assert elect([None, None]) == (0, 0.0)


boxes = st.builds(box, st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
points = st.tuples(st.floats(0, 1), st.floats(0, 1))
traces = st.lists(points, min_size=1, max_size=9).map(lambda p: trace(*p))


@given(st.lists(st.one_of(st.none(), boxes, traces, st.just(ABSENT)), min_size=1, max_size=9))
def test_the_chosen_one_agrees_with_no_fewer_than_any_other(answers):
    chosen, score = elect(answers)
    assert 0.0 <= score <= 1.0
    assert (answers[chosen] is None) == (score == 0.0)
    for other in filter(None, answers):
        assert score >= answers.count(other) / len(answers) - 1e-9
