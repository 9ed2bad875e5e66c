"""Rewards: the published formulas, and that nothing but a better answer earns more."""

import contextlib
from itertools import pairwise
import json
import math
from pathlib import Path
import pickle
import time

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from vla_r1_core.config import RewardConfig
from vla_r1_core.output import format as format_answer
from vla_r1_core.rewards import compute_score, grade, read_target, RewardFunction
from vla_r1_core.types import Box, ParsedAnswer, Task, Trajectory2D

PAPER = RewardConfig(mode='paper')
BOX = ParsedAnswer(Task.AFFORDANCE, 'a', box=Box(0.5, 0.4, 0.2, 0.1))
TRACE = ParsedAnswer(
    Task.TRAJECTORY, 'a', trajectory=Trajectory2D(((0.1, 0.2), (0.3, 0.5), (0.6, 0.5), (0.8, 0.2)))
)
NO_BOX, NO_TRACE = ParsedAnswer(Task.AFFORDANCE, 'a'), ParsedAnswer(Task.TRAJECTORY, 'a')
TARGETS = (BOX, TRACE, NO_BOX, NO_TRACE)


def says(payload, thought='a red cube'):
    text = payload if isinstance(payload, str) else json.dumps(payload)
    return f'<think>{thought}</think> so, the answer is <output>{text}</output>'


def box(x=0.5, y=0.4, width=0.2, height=0.1):
    return {'x': x, 'y': y, 'width': width, 'height': height}


def score(text, target, config=RewardConfig()):  # noqa: B008 (it is frozen)
    return float(grade([text], [target], config).score[0])


def points_of(target):
    return [list(point) for point in target.trajectory.points]


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


coordinate, size = st.floats(0.0, 1.0), st.floats(0.01, 1.0)
boxes = st.builds(box, coordinate, coordinate, size, size)


@settings(deadline=None)
@given(boxes, boxes)
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


# --- what earned too much, or too little, before


def test_a_long_perfect_trace_earns_everything():
    points = np.linspace([0.1, 0.2], [0.8, 0.6], 2000).round(6).tolist()
    target = read_target(json.dumps(points))
    assert score(says(points), target) == 1.0
    assert score(says(points), target, PAPER) == pytest.approx(1.0)


def rewrite(points):
    """Yield the same path with other points."""
    yield [points[0], *points]
    yield [point for point in points for _ in range(3)]
    yield [*points[:-1], points[-1], points[-1]]
    for count in (2, 5, 16, 40):
        parts = [np.linspace(a, b, count) for a, b in pairwise(points)]
        yield np.concatenate(parts).clip(0.0, 1.0).tolist()


@pytest.mark.parametrize('answer', [points_of(TRACE), [[0.2, 0.2], [0.3, 0.6], [0.8, 0.3]]])
def test_neither_the_number_of_points_nor_repeated_ones_matter(answer):
    honest = score(says(answer), TRACE)
    for other in rewrite(answer):
        assert score(says(other), TRACE) == pytest.approx(honest, abs=1e-9)


@pytest.mark.parametrize(
    'answer',
    [
        box(float('nan')),
        box(float('nan'), float('nan'), float('nan'), float('nan')),
        box(float('inf')),
        box(x='0.5'),
        box(x=True),
        box(width=-0.2),
        box(width=0.0),
        box(x=1.05),
        box(x=0.95),
        [[0.4, 0.35], [0.6, 0.45]],
        [],
        7,
        'text',
        [box()],
        {**box(), 'z': 0.0},
    ],
)
def test_no_box_but_a_real_one_earns_anything(answer):
    assert score(says(json.dumps(answer)), BOX) == 0.0


@pytest.mark.parametrize(
    'answer',
    [
        [[0.1, 0.2]],
        [[0.1, 0.2], [0.1, 0.2]],
        [[0.1, 0.2], [0.3, float('nan')]],
        [[0.1, 0.2], [float('inf'), 0.5]],
        [[0.1, 0.2], [1.05, 0.5]],
        [[0.1, 0.2], [-0.05, 0.5]],
        [[0.1, 0.2, 0.3], [0.3, 0.5, 0.1]],
        [['0.1', '0.2'], ['0.3', '0.5']],
        [[[0.1, 0.2], [0.3, 0.5]]],
        box(),
        [],
    ],
)
def test_no_trace_but_a_real_one_earns_anything(answer):
    assert score(says(json.dumps(answer)), TRACE) == 0.0


def test_the_last_complete_output_counts_and_drafts_cost_the_form():
    right, wrong = json.dumps(box()), json.dumps(box(0.1))
    assert score(says(right, thought=f'<output>{wrong}</output>'), BOX) == pytest.approx(0.9)
    assert score(says(right) + ' <output>{"x"', BOX) == pytest.approx(0.9)
    assert score(f'{says(wrong)} <output>{right}</output>', BOX) == pytest.approx(0.9)
    # The right answer beside a wrong one, in whatever order, is no gain.
    alone = score(says(wrong), BOX)
    assert score(says(wrong, thought=f'<output>{right}</output>'), BOX) < alone
    assert score(f'{says(right)} <output>{wrong}</output>', BOX) < alone


@pytest.mark.parametrize(
    'text',
    [
        says(box(), thought=''),
        says(box(), thought=' \n'),
        'well ' + says(box()),
        says(box()).replace('</think>', ''),
        says(box()).replace('<think>', ''),
        says(box()).replace('</output>', ''),
        says(box()).replace('<output>', '').replace('</output>', ''),
        f'<output>{json.dumps(box())}</output><think>a</think>',
        says(box()) + '<think>b</think>',
        says(box()).replace('<think>', '<think><think>'),
        says(box()) + '</output>',
    ],
)
def test_tags_out_of_order_or_missing_earn_nothing(text):
    assert score(text, BOX) == 0.0


@pytest.mark.parametrize(
    'text',
    [
        says(box(), thought='...'),
        says(box(), thought='\u200b'),  # a space without width
        says(box()) + ' and more',
        says(box()).replace('so, the answer is', 'let me think again'),
        f'{says(box())} {says(box()).partition("</think>")[2]}',
    ],
)
def test_text_out_of_place_costs_the_form(text):
    assert score(text, BOX) == pytest.approx(0.9)


def test_the_words_before_the_output_may_be_left_out():
    assert score(f'<think>a</think><output>{json.dumps(box())}</output>\n', BOX) == 1.0


@pytest.mark.parametrize('target', [NO_BOX, NO_TRACE])
def test_of_an_absent_object_only_null_earns_more_than_the_form(target):
    assert score(says('null'), target) == 1.0
    other = says(box()) if target is NO_BOX else says(points_of(TRACE))
    assert score(other, target) == pytest.approx(0.1)
    for guess in ('0', '""', 'false', 'None', '[]', '{}', 'nul', 'null null', ''):
        assert score(says(guess), target) == 0.0


@pytest.mark.parametrize('target', [BOX, TRACE])
def test_of_a_present_object_null_earns_the_form_alone(target):
    assert score(says('null'), target) == pytest.approx(0.1)


def test_the_trajectory_term_uses_its_range():
    rng = np.random.default_rng(0)
    truth = points_of(TRACE)
    random = [says(rng.random((4, 2)).tolist()) for _ in range(200)]
    shifted = [says((np.array(truth) + d).tolist()) for d in (0.01, 0.05, 0.1)]
    texts = [says(truth[::-1]), *random, *shifted]
    spread = {
        config.mode: grade(texts, [TRACE] * len(texts), config).trajectory
        for config in (RewardConfig(), PAPER)
    }
    assert spread['paper'][0] > 0.3 and spread['strict'][0] < 0.05
    assert spread['paper'][1:-3].mean() > 0.4 and spread['strict'][1:-3].mean() < 0.05
    assert np.ptp(spread['strict'][-3:]) > 5 * np.ptp(spread['paper'][-3:])


PIECES = [
    '<think>',
    '</think>',
    '<output>',
    '</output>',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    'null',
    '"',
]
PIECES += ['0.5', 'NaN', 'Infinity', '-', ' ', '\u200b', '🙂', 'so, the answer is', says(box())]
PIECES += [json.dumps(box()), json.dumps(points_of(TRACE)), says(points_of(TRACE)), says('null')]
hostile_texts = st.one_of(
    st.text(),
    st.lists(st.sampled_from(PIECES)).map(''.join),
    st.lists(st.sampled_from(PIECES)).map(''.join).map(says),
)


@settings(max_examples=300, deadline=None)
@given(hostile_texts, st.sampled_from(TARGETS))
def test_no_string_earns_more_than_the_honest_answer(text, target):
    for config in (RewardConfig(), PAPER):
        rewards = grade([text], [target], config)
        assert 0.0 <= rewards.score[0] <= 1.0
        assert rewards.means() == rewards.means()  # no NaN


@settings(deadline=None)
@given(boxes, st.lists(st.sampled_from(PIECES), min_size=1).map(''.join), st.integers(0, 200))
def test_nothing_inserted_into_an_answer_helps_unless_it_is_a_better_answer(answer, noise, at):
    honest = says(answer)
    noisy = honest[:at] + noise + honest[at:]
    target = ParsedAnswer(Task.AFFORDANCE, '', box=Box(0.05, 0.95, 0.03, 0.03))
    if 'output' not in noise and not any(c.isdigit() for c in noise):
        assert score(noisy, target) <= score(honest, target)


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
