"""Nothing but a better answer earns more: what earned too much, or too little, before."""

from itertools import pairwise
import json

from graded import BOX, box, BOXES, NO_BOX, NO_TRACE, PAPER, points_of, says, score, TARGETS, TRACE
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from vla_r1_core.config import RewardConfig
from vla_r1_core.rewards import grade, read_target
from vla_r1_core.types import Box, ParsedAnswer, Task


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
@given(BOXES, st.lists(st.sampled_from(PIECES), min_size=1).map(''.join), st.integers(0, 200))
def test_nothing_inserted_into_an_answer_helps_unless_it_is_a_better_answer(answer, noise, at):
    honest = says(answer)
    noisy = honest[:at] + noise + honest[at:]
    target = ParsedAnswer(Task.AFFORDANCE, '', box=Box(0.05, 0.95, 0.03, 0.03))
    if 'output' not in noise and not any(c.isdigit() for c in noise):
        assert score(noisy, target) <= score(honest, target)
