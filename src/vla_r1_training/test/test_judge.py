"""Answers are held against the truth by what they say, not by how."""

import pytest
from vla_r1_core.types import Box, Task
from vla_r1_training.exams.judge import distances, judge, summary, Verdict
from vla_r1_training.scenes.examples import Asked
from vla_r1_training.scenes.thoughts import Seen, without_thought

THINGS = (Seen('red cube', Box(0.3, 0.5, 0.1, 0.1)), Seen('blue ball', Box(0.6, 0.5, 0.1, 0.1)))
TRACE = ((0.5, 0.1), (0.3, 0.5))


def asked(task=Task.AFFORDANCE, name='red cube'):
    trace = TRACE if task == Task.TRAJECTORY else ()
    return Asked(0, 'pick up the red cube', task, 'pick red cube', THINGS, name, '', trace)


def say(payload):
    return f'<think>So.</think> so, the answer is <output>{payload}</output>'


def box(x):
    return say(f'{{"x": {x}, "y": 0.5, "width": 0.1, "height": 0.1}}')


def test_the_written_out_answer_is_perfect():
    verdict = judge(asked().answer(0), asked())
    assert verdict.valid and verdict.named and verdict.iou == pytest.approx(1.0)
    trace = asked(Task.TRAJECTORY)
    verdict = judge(trace.answer(0), trace)
    assert max(verdict.dfd, verdict.hd, verdict.rmse) < 1e-6
    absent = asked(name=None)
    assert judge(absent.answer(0), absent) == Verdict(valid=True, absent=True)


@pytest.mark.parametrize(
    ('text', 'iou', 'named'),
    [
        (box(0.35), 1 / 3, True),  # half of it
        (box(0.6), 0.0, False),  # the other thing
        (box(0.9), 0.0, False),  # nothing
        (say('null'), 0.0, False),
        ('so it is there', 0.0, False),
    ],
)
def test_a_box_counts_by_its_overlap_and_by_what_it_fits_best(text, iou, named):
    verdict = judge(text, asked())
    assert verdict.iou == pytest.approx(iou) and verdict.named == named


def test_saying_that_it_is_not_there_is_right_only_if_it_is_not():
    assert judge(box(0.3), asked(name=None)).absent is False
    assert judge('rubbish', asked(name=None)).absent is False
    assert judge(say('null'), asked()).missed is True
    assert judge(box(0.3), asked()).missed is False


def test_without_a_thought_only_the_answer_is_judged():
    bare = without_thought(box(0.35))
    assert judge(bare, asked()).valid is False
    verdict = judge(bare, asked(), thought=False)
    assert verdict.valid and verdict.named and verdict.iou == pytest.approx(1 / 3)
    assert judge(box(0.35), asked(), thought=False) == verdict  # it may think all the same
    assert judge('<output>{"x": 0.3}</output>', asked(), thought=False).valid is False
    assert judge('null', asked(name=None), thought=False).absent is False


def test_the_mean_is_that_of_the_three_distances():
    verdict = judge(say('[[0.5, 0.2], [0.3, 0.5]]'), asked(Task.TRAJECTORY))
    assert verdict.mean == pytest.approx((verdict.dfd + verdict.hd + verdict.rmse) / 3)
    assert 0 < verdict.mean < 100


def test_a_missing_trace_is_as_far_as_can_be():
    assert judge(say('null'), asked(Task.TRAJECTORY)).rmse == 1000.0


def test_distances_are_in_thousandths_and_know_the_direction_of_travel():
    line, moved = ((0.1, 0.1), (0.9, 0.1)), ((0.1, 0.2), (0.9, 0.2))
    assert distances(line, moved) == pytest.approx((100.0, 100.0, 100.0))
    more_points = ((0.1, 0.1), (0.15, 0.1), (0.7, 0.1), (0.9, 0.1))
    assert distances(line, more_points) == pytest.approx((0, 0, 0), abs=1e-9)
    dfd, hd, rmse = distances(line, line[::-1])
    assert dfd == pytest.approx(800.0) and hd == pytest.approx(0, abs=1e-9) and rmse > 400


def test_a_summary_has_means_intervals_and_counts():
    verdicts = [Verdict(True, iou=value) for value in (0.0, 0.5, 1.0, 0.5)] + [Verdict(False)]
    mean, low, high, count = summary(verdicts)['iou']
    assert (mean, count) == (0.5, 4) and 0 <= low < mean < high <= 1
    assert summary(verdicts)['valid'][0] == 0.8
    assert 'absent' not in summary(verdicts)
    assert summary(verdicts) == summary(verdicts)
