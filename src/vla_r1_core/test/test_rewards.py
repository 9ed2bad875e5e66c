"""Rewards: what honest answers earn, by the published formulas and by ours, and who asks."""

import contextlib
import json
import math
from pathlib import Path
import pickle
import time

from graded import BOX, box, BOXES, NO_BOX, NO_TRACE, PAPER, points_of, says, score, TARGETS, TRACE
from hypothesis import given, settings
import numpy as np
import pytest
from vla_r1_core.config import RewardConfig
from vla_r1_core.output import format as format_answer
from vla_r1_core.rewards import compute_score, grade, read_target, RewardFunction
from vla_r1_core.types import Box, ParsedAnswer, Task, Trajectory2D

# --- honest answers


@pytest.mark.parametrize('target', TARGETS)
def test_the_honest_answer_earns_exactly_everything(target):
    assert score(format_answer(target), target) == 1.0


def test_a_better_box_and_a_better_trace_earn_more():
    boxes = [score(says(box(x=0.5 + d)), BOX) for d in (0.0, 0.01, 0.05, 0.1, 0.3)]
    assert boxes == sorted(boxes, reverse=True) and len({*boxes}) == 5
    truth = np.array(TRACE.trajectory.points)
    traces = [score(says((truth + d).tolist()), TRACE) for d in (0.0, 0.005, 0.02, 0.05, 0.19)]
    assert traces == sorted(traces, reverse=True) and len({*traces}) == 5


def test_terms_are_named_and_means_leave_out_what_was_not_asked():
    texts = [format_answer(BOX), says('null'), says('null'), 'rubbish']
    rewards = grade(texts, [BOX, NO_BOX, TRACE, TRACE])
    assert rewards.asked == ('affordance', 'absence', 'trajectory', 'trajectory')
    means = {'score': 0.525, 'format': 0.75, 'affordance': 1.0, 'absence': 1.0, 'trajectory': 0.0}
    assert rewards.means() == pytest.approx(means)
    assert grade([], []).means() == {}
    assert grade(['x'], [BOX]).means() == {'score': 0.0, 'format': 0.0, 'affordance': 0.0}


def test_weights_and_scale_come_from_the_config():
    config = RewardConfig(affordance_weight=2.0, format_weight=0.5)
    assert score(format_answer(BOX), BOX, config) == 2.5
    shifted = says((np.array(TRACE.trajectory.points) + 0.1).tolist())
    wide = RewardConfig(trajectory_scale=1.0, trajectory_weight=1.0, format_weight=0.0)
    assert score(shifted, TRACE, wide) == pytest.approx(math.exp(-math.sqrt(0.02)))
    with pytest.raises(ValueError, match=r'mode is .*strict, paper'):
        grade([], [], RewardConfig(mode='lenient'))
    with pytest.raises(ValueError, match='trajectory_scale'):
        grade([], [], RewardConfig(trajectory_scale=0.0))


# --- the published formulas


def giou_formula(a, b):
    def edges(x, y, width, height):
        sides = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        return [min(1.0, max(0.0, side)) for side in sides]

    def area(left, top, right, bottom):
        return max(0.0, right - left) * max(0.0, bottom - top)

    a, b = edges(**a), edges(**b)
    overlap = area(*map(max, a[:2], b[:2]), *map(min, a[2:], b[2:]))
    hull = area(*map(min, a[:2], b[:2]), *map(max, a[2:], b[2:]))
    union = area(*a) + area(*b) - overlap
    return overlap / union - (hull - union) / hull


@settings(deadline=None)
@given(BOXES, BOXES)
def test_paper_mode_is_the_published_formula_of_a_box(answer, truth):
    target = ParsedAnswer(Task.AFFORDANCE, '', box=Box(**truth))
    expected = 0.9 * (giou_formula(answer, truth) + 1.0) / 2.0 + 0.1
    assert score(says(answer), target, PAPER) == pytest.approx(expected, abs=1e-9)


def test_paper_mode_is_the_published_formula_of_a_trace():
    # A parallel shift: no angle, equal lengths, so that D is the shift. test_frechet.py has more.
    shifted = says((np.array(TRACE.trajectory.points) + 0.1).tolist())
    largest = math.sqrt(2.0) + 0.25 * math.pi + 0.10 * math.log(10.0)
    expected = 0.9 * (1.0 - math.sqrt(0.02) / largest) + 0.1
    assert score(shifted, TRACE, PAPER) == pytest.approx(expected, abs=1e-9)
    beyond, edge = ([[0.1, 0.2], [0.5, 0.5], [x, 0.5]] for x in (1.05, 1.0))
    assert score(says(beyond), TRACE, PAPER) == score(says(edge), TRACE, PAPER)
    assert score(says([[0.5, 0.5]]), TRACE, PAPER) == pytest.approx(0.1)  # D beyond the divisor


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        (says(box()), 1.0),
        (f'<output>{json.dumps(box())}</output>', 0.9),  # no thought, no form
        (f'<OUTPUT> {json.dumps(box())} </OUTPUT></think><THINK></think>', 1.0),
        (says(box(0.1), thought=f'<output>{json.dumps(box())}</output>'), 1.0),  # the first counts
        (says(box('0.5')), 1.0),  # a number in a string
        (says(box(width=-0.2)), 1.0),
        (says('7'), 0.1),  # the form of any JSON is paid
        (says('[]'), 0.1),
        (says([[0.1, 0.2], [0.3, 0.4]]), 0.1),
        (says('null'), 0.0),
        (says('{'), 0.0),
        (says('[' * 60_000), 0.0),
        (says('9' * 60_000), 0.0),
        (says(box(float('nan'))), 0.1),  # the published code pays 1.0
        (says(box(float('inf'))), 0.1),
        (says('[["ab", "cd"], "ab"]'), 0.1),
        ('', 0.0),
    ],
)
def test_paper_mode_reads_as_the_published_code_does(text, expected):
    assert score(text, BOX, PAPER) == pytest.approx(expected, abs=1e-9)


def test_paper_mode_has_no_path_for_an_absent_object():
    assert score(says('null'), NO_BOX, PAPER) == 0.0


# --- targets


@pytest.mark.parametrize(
    ('truth', 'task', 'expected'),
    [
        (says(box()), None, BOX),
        (json.dumps(box()), None, BOX),
        (json.dumps(points_of(TRACE)), 'trajectory', TRACE),
        (says(points_of(TRACE)), 2, TRACE),
        ('null', 'Affordance', NO_BOX),
        (says('null'), Task.TRAJECTORY, NO_TRACE),
    ],
)
def test_targets_are_read_from_answers_and_payloads(truth, task, expected):
    target = read_target(truth, task)
    assert (target.task, target.box, target.trajectory) == (
        expected.task, expected.box, expected.trajectory,
    )  # fmt: skip


@pytest.mark.parametrize(
    ('truth', 'task', 'why'),
    [
        ('null', None, "give one of .'affordance', 'trajectory'"),
        ('null', 'auto', 'is auto; give one of'),
        ('', None, 'give one of'),
        (json.dumps(box()), 'trajectory', 'a trajectory was asked for'),
        (json.dumps(box(x=1.2)), None, 'must lie in'),
        ('[[0.1, 0.2]]', None, 'at least two'),
    ],
)
def test_a_wrong_ground_truth_is_an_error_not_a_low_score(truth, task, why):
    with pytest.raises(ValueError, match=why):
        read_target(truth, task)


@pytest.mark.parametrize(
    ('target', 'why'),
    [
        (ParsedAnswer(Task.AUTO, ''), 'target 0: its task is AUTO'),
        (ParsedAnswer(Task.TRAJECTORY, '', box=BOX.box), 'target 0: the grammar cannot'),
        (ParsedAnswer(Task.AFFORDANCE, '', box=Box(math.nan, 0.5, 0.1, 0.1)), 'target 0'),
        (ParsedAnswer(Task.TRAJECTORY, '', trajectory=Trajectory2D(())), 'target 0'),
    ],
)
def test_a_wrong_target_is_an_error(target, why):
    with pytest.raises(ValueError, match=why):
        grade(['x'], [target])


def test_paper_mode_takes_the_targets_of_published_data():
    wide = json.dumps(box(x=0.95))  # leaves the image; the published code clips it
    assert compute_score('', says(wide), says(wide), {'mode': 'paper'})['score'] == 1.0
    with pytest.raises(ValueError, match='neither a box nor a trace'):
        read_target('7', mode='paper')
    not_finite = ParsedAnswer(Task.AFFORDANCE, '', box=Box(math.inf, 0.5, 0.1, 0.1))
    with pytest.raises(ValueError, match='target 0'):
        grade(['x'], [not_finite], PAPER)


def test_lists_of_different_lengths_are_an_error():
    with pytest.raises(ValueError, match='2 completions, but 1 targets'):
        grade(['a', 'b'], [BOX])


# --- verl and TRL


def test_verl_gets_a_score_and_the_same_terms_for_every_sample():
    first = compute_score('sim', says(box()), says(box()), {'index': 3})
    second = compute_score('sim', 'rubbish', json.dumps(points_of(TRACE)), None)
    third = compute_score('sim', says('null'), 'null', {'task': 'trajectory'}, format_weight=0.3)
    assert first == {
        'score': 1.0, 'affordance': 1.0, 'trajectory': 0.0, 'absence': 0.0, 'format': 1.0,
    }  # fmt: skip
    assert first.keys() == second.keys() == third.keys()
    assert second['score'] == 0.0
    assert third['score'] == pytest.approx(1.2)


def test_verl_selects_the_mode_by_extra_info():
    text = says(box()) + ' and more'
    assert compute_score('', text, says(box()), {'mode': 'paper'})['score'] == pytest.approx(1.0)
    assert compute_score('', text, says(box()), {})['score'] == pytest.approx(0.9)
    with pytest.raises(ValueError, match='strict, paper'):
        compute_score('', text, says(box()), {'mode': 'papier'})


def test_trl_passes_strings_or_chats_and_gets_floats():
    function = RewardFunction()
    texts = [says(box()), says('null'), 'rubbish']
    chats = [
        [{'role': 'assistant', 'content': texts[0]}],
        [{'role': 'assistant', 'content': [{'type': 'text', 'text': texts[1]}]}],
        [{'role': 'assistant', 'content': None}],
    ]
    columns = {
        'ground_truth': [json.dumps(box()), 'null', json.dumps(points_of(TRACE))],
        'task': ['affordance', 'affordance', 'trajectory'],
    }
    for completions in (texts, chats):
        found = function(prompts=['p'] * 3, completions=completions, trainer_state=None, **columns)
        assert found == [1.0, 1.0, 0.0]
        assert all(type(value) is float for value in found)
    assert function.__name__ == 'vla_r1_strict'


def test_trl_logs_the_mean_of_each_term():
    logged = {}
    RewardFunction()(
        [says(box()), says(box(0.1))],
        ground_truth=[json.dumps(box())] * 2,
        log_metric=logged.__setitem__,
    )
    assert logged.keys() == {'rewards/score', 'rewards/format', 'rewards/affordance'}
    assert logged['rewards/format'] == 1.0


def test_reward_functions_can_be_pickled():
    function = pickle.loads(pickle.dumps(RewardFunction(PAPER)))
    assert function == RewardFunction(PAPER)
    assert pickle.loads(pickle.dumps(compute_score)) is compute_score


def test_the_readme_example_runs(capsys):
    section = (Path(__file__).parents[3] / 'README.md').read_text().split('## Rewards')[1]
    exec(section.split('```python')[1].split('```')[0], {})
    assert "'trajectory'" in capsys.readouterr().out


# --- cost

HOSTILE = {
    'spaces in an unclosed output': lambda n: '<think>a</think><output>' + ' ' * n,
    'open tags': lambda n: '<think>a</think>' + '<output>' * (n // 8),
    'empty outputs': lambda n: '<think>a</think>' + '<output></output>' * (n // 17),
    'almost tags': lambda n: '<think>a</think>' + '<output' * (n // 7),
    'brackets': lambda n: says('[' * n),
    'digits': lambda n: says('[[' + '9' * n),
    'points': lambda n: says('[' + '[0,1],' * (n // 6) + '[1,0]]'),
    'a thought without words': lambda n: says(box(), thought='.' * n),
}


def seconds(text, config):
    best = float('inf')
    for _ in range(5):
        start = time.process_time()
        with contextlib.suppress(ValueError):
            grade([text], [TRACE], config)
        best = min(best, time.process_time() - start)
    return best


@pytest.mark.parametrize('config', [RewardConfig(), PAPER], ids=['strict', 'paper'])
@pytest.mark.parametrize('hostile', HOSTILE.values(), ids=HOSTILE.keys())
def test_the_cost_grows_no_faster_than_the_text(hostile, config):
    # Sixteen times the text: linear work takes 16 times as long, quadratic work 256 times.
    assert seconds(hostile(64_000), config) < 64 * max(seconds(hostile(4_000), config), 2e-4)
