"""The answer grammar: what is read, what is refused and why, and at what cost."""

import contextlib
import time

from hypothesis import given
from hypothesis import strategies as st
import pytest
from vla_r1_core.errors import AnswerError, ReasonCode
from vla_r1_core.output import format as format_answer
from vla_r1_core.output import parse
from vla_r1_core.types import Box, ParsedAnswer, Task, Trajectory2D

BOX = '{"x": 0.5, "y": 0.4, "width": 0.2, "height": 0.1}'
TRACE = '[[0.1, 0.2], [0.3, 0.4]]'


def answer(payload, thought='a red cube'):
    return f'<think>{thought}</think> so, the answer is <output>{payload}</output>'


def reason(text, task=Task.AFFORDANCE):
    with pytest.raises(AnswerError) as caught:
        parse(text, task)
    assert caught.value.code == ReasonCode.MALFORMED_ANSWER
    return str(caught.value)


def test_a_box_is_read_with_its_thought_verbatim():
    parsed = parse(answer(BOX, ' one\ntwo '), Task.AFFORDANCE)
    assert parsed.thought == ' one\ntwo '
    assert parsed.box == Box(0.5, 0.4, 0.2, 0.1)
    assert parsed.trajectory is None and not parsed.absent


def test_a_trajectory_is_read():
    parsed = parse(answer(TRACE), Task.TRAJECTORY)
    assert parsed.trajectory == Trajectory2D(((0.1, 0.2), (0.3, 0.4)))
    assert parsed.box is None and not parsed.absent


@pytest.mark.parametrize('task', [Task.AFFORDANCE, Task.TRAJECTORY])
def test_null_means_that_the_object_is_absent(task):
    assert parse(answer(' null '), task).absent


@pytest.mark.parametrize(
    'payload',
    [
        '\n{ "height":0.1,"width" : 2e-1, "y":0.4, "x":5E-1 }\n',
        '{"x": 0.500, "y": 0.4, "width": 0.2, "height": 0.1}',
    ],
)
def test_order_spacing_and_number_notation_do_not_matter(payload):
    assert parse(answer(payload), Task.AFFORDANCE).box == Box(0.5, 0.4, 0.2, 0.1)


def test_the_last_complete_output_behind_the_thought_counts():
    draft = '<output>{"x": 0.1, "y": 0.1, "width": 0.1, "height": 0.1}</output>'
    text = answer(BOX, thought=f'first {draft} then') + f' or {draft}'
    assert parse(text, Task.AFFORDANCE).box == Box(0.1, 0.1, 0.1, 0.1)
    assert parse(answer(BOX, thought=draft), Task.AFFORDANCE).box == Box(0.5, 0.4, 0.2, 0.1)
    assert parse(answer(BOX) + '<output>{"x"', Task.AFFORDANCE).box == Box(0.5, 0.4, 0.2, 0.1)


def test_an_output_in_the_thought_alone_is_no_answer():
    assert 'no complete <output>' in reason(f'<think><output>{BOX}</output></think>')


@pytest.mark.parametrize(
    ('text', 'why'),
    [
        ('', 'must begin with <think>'),
        (f'<output>{BOX}</output>', 'must begin with <think>'),
        (f'well <think>a</think><output>{BOX}</output>', 'must begin with <think>'),
        (f'<think>a<output>{BOX}</output>', 'must begin with <think>'),
        (f'</think>a<think><output>{BOX}</output>', 'must begin with <think>'),
        (answer(BOX, thought=' \n'), 'the thought is empty'),
        (answer(BOX, thought='a<think>b'), 'nested or repeated'),
        (answer(BOX, thought='a</think>b'), 'nested or repeated'),
        (answer(BOX) + '<think>b</think>', 'nested or repeated'),
        ('<think>a</think> so', 'no complete <output>'),
        (f'<think>a</think><output>{BOX}', 'no complete <output>'),
        (f'<think>a</think><output><output>{BOX}</output></output>', 'closes nothing'),
        (f'<think>a</think><output><output>{BOX}</output>', 'inside another'),
        (f'<think>a</think></output><output>{BOX}</output>', 'closes nothing'),
        (answer(BOX) + '</output>', 'closes nothing'),
    ],
)
def test_broken_tags_are_refused(text, why):
    assert why in reason(text)


def box_with(**changes):
    values = {'x': '0.5', 'y': '0.4', 'width': '0.2', 'height': '0.1', **changes}
    return '{' + ', '.join(f'"{key}": {value}' for key, value in values.items()) + '}'


@pytest.mark.parametrize(
    ('payload', 'why'),
    [
        ('', 'expected {'),
        ('7', 'expected { instead of 7'),
        ('true', 'expected { instead of true'),
        ('[]', 'a box was asked for'),
        (TRACE, 'a box was asked for'),
        ('{}', 'a box has the keys'),
        ('null null', 'behind the end'),
        (BOX + ' ' + BOX, 'behind the end'),
        (BOX[:-1], 'expected } instead of the end'),
        (BOX[:-1] + ',}', 'a box has the keys'),
        (box_with(x='NaN'), 'x must be a number, not NaN'),
        (box_with(y='Infinity'), 'y must be a number'),
        (box_with(x='-Infinity'), 'x must be a number'),
        (box_with(x='"0.5"'), 'x must be a number, not "0.5"'),
        (box_with(x='true'), 'x must be a number'),
        (box_with(x='null'), 'x must be a number'),
        (box_with(x='[0.5]'), 'x must be a number'),
        (box_with(x='+0.5'), 'x must be a number'),
        (box_with(x='.5'), 'x must be a number'),
        (box_with(x='00.5'), 'x must be a number'),
        (box_with(x='0x1'), 'x must be a number'),
        (box_with(x='٠.٥'), 'x must be a number'),
        (box_with(x=''), 'x must be a number'),
        (box_with(x='1.05'), 'must lie in [0, 1]'),
        (box_with(x='-0.1'), 'must lie in [0, 1]'),
        (box_with(x='1e999'), 'must lie in [0, 1]'),
        (box_with(x='9' * 5000), 'must lie in [0, 1]'),
        (box_with(width='0'), 'the box is empty'),
        (box_with(height='0.0'), 'the box is empty'),
        (box_with(width='-0.2'), 'must lie in [0, 1]'),
        (box_with(x='0.95'), 'leaves the image'),
        (box_with(y='0.02'), 'leaves the image'),
        (box_with(z='0.1'), 'a box has the keys'),
        ('{"x": 0.5, "x": 0.5, "y": 0.4, "width": 0.2, "height": 0.1}', 'x is given twice'),
        ('{"x": 0.5, "y": 0.4, "width": 0.2}', 'the box lacks height'),
        ("{'x': 0.5}", 'a box has the keys'),
        ('{x: 0.5}', 'a box has the keys'),
        ('{"x: 0.5}', 'a box has the keys'),
        ('{"x" 0.5}', 'expected :'),
        ('{' * 5000, 'a box has the keys'),
    ],
)
def test_a_wrong_box_is_refused_with_its_reason(payload, why):
    assert why in reason(answer(payload))


@pytest.mark.parametrize(
    ('payload', 'why'),
    [
        (BOX, 'a trajectory was asked for'),
        ('[]', 'expected ['),
        ('[[0.1, 0.2]]', 'at least two different points'),
        ('[[0.1, 0.2], [0.1, 0.2]]', 'at least two different points'),
        ('[0.1, 0.2]', 'expected [ instead of 0.1'),
        ('[[0.1], [0.2]]', 'expected ,'),
        ('[[0.1, 0.2, 0.3], [0.1, 0.2, 0.3]]', 'expected ] instead of ,'),
        ('[[0.1, 0.2], [0.3, NaN]]', 'y must be a number'),
        ('[[0.1, 0.2], [1.3, 0.1]]', 'x is 1.3'),
        ('[[0.1, 0.2], ["0.3", 0.1]]', 'x must be a number'),
        ('[[0.1, 0.2], [0.3, 0.4],]', 'expected ['),
        ('[[0.1, 0.2] [0.3, 0.4]]', 'expected ]'),
        ('[' * 60_000, 'x must be a number'),
        ('[[0.1, 0.2], ' * 6000, 'are read'),
    ],
)
def test_a_wrong_trajectory_is_refused_with_its_reason(payload, why):
    assert why in reason(answer(payload), Task.TRAJECTORY)


def test_a_box_rounded_past_the_edge_is_still_a_box():
    assert parse(answer(box_with(x='0.905')), Task.AFFORDANCE).box.corners[2] > 1.0


unit = st.floats(0.0, 1.0)
thoughts = st.text(min_size=1).filter(lambda t: t.strip() and 'think>' not in t)
boxes = st.tuples(unit, unit, unit, unit).filter(lambda c: c[0] < c[2] and c[1] < c[3])
traces = st.lists(st.tuples(unit, unit), min_size=2, max_size=40).filter(lambda p: len({*p}) > 1)


@given(thoughts, boxes)
def test_reading_a_written_box_gives_the_same_answer(thought, corners):
    box = Box.from_corners(*corners)
    given_answer = ParsedAnswer(Task.AFFORDANCE, thought, box=box)
    if box.width > 0 and box.height > 0:
        assert parse(format_answer(given_answer), Task.AFFORDANCE) == given_answer


@given(thoughts, traces)
def test_reading_a_written_trajectory_gives_the_same_answer(thought, points):
    given_answer = ParsedAnswer(Task.TRAJECTORY, thought, trajectory=Trajectory2D(tuple(points)))
    assert parse(format_answer(given_answer), Task.TRAJECTORY) == given_answer


@given(thoughts, st.sampled_from([Task.AFFORDANCE, Task.TRAJECTORY]))
def test_reading_a_written_absence_gives_the_same_answer(thought, task):
    assert parse(format_answer(ParsedAnswer(task, thought)), task) == ParsedAnswer(task, thought)


@pytest.mark.parametrize(
    'unsayable',
    [
        ParsedAnswer(Task.AFFORDANCE, 'a', box=Box(2.0, 0.5, 0.1, 0.1)),
        ParsedAnswer(Task.AFFORDANCE, 'a', box=Box(float('nan'), 0.5, 0.1, 0.1)),
        ParsedAnswer(Task.AFFORDANCE, '', box=Box(0.5, 0.5, 0.1, 0.1)),
        ParsedAnswer(Task.AFFORDANCE, 'a</think>b'),
        ParsedAnswer(Task.TRAJECTORY, 'a', box=Box(0.5, 0.5, 0.1, 0.1)),
        ParsedAnswer(Task.TRAJECTORY, 'a', trajectory=Trajectory2D(((0.1, 0.1),))),
    ],
)
def test_writing_refuses_what_reading_would_refuse(unsayable):
    with pytest.raises(ValueError, match='the grammar cannot say this'):
        format_answer(unsayable)


PIECES = ['<think>', '</think>', '<output>', '</output>', '{', '}', '[', ']', ',', ':', '"', '"x"']
PIECES += ['0.5', 'null', 'NaN', '-', 'e', ' ', '\\', '\x00', '🙂', BOX, TRACE]


@given(
    st.one_of(
        st.text(),
        st.lists(st.sampled_from(PIECES)).map(''.join),
        st.lists(st.sampled_from(PIECES)).map(''.join).map(answer),
    ),
    st.sampled_from([Task.AFFORDANCE, Task.TRAJECTORY]),
)
def test_any_string_gives_an_answer_or_an_answer_error(text, task):
    try:
        parsed = parse(text, task)
    except AnswerError as error:
        assert str(error)
    else:
        assert parse(format_answer(parsed), task) == parsed


HOSTILE = {
    'spaces in an unclosed output': lambda n: '<think>a</think><output>' + ' ' * n,
    'open tags': lambda n: '<think>a</think>' + '<output>' * (n // 8),
    'close tags': lambda n: '<think>a</think>' + '</output>' * (n // 9),
    'empty outputs': lambda n: '<think>a</think>' + '<output></output>' * (n // 17),
    'open thoughts': lambda n: '<think>' * (n // 7),
    'almost tags': lambda n: '<think>a</think>' + '<output' * (n // 7),
    'brackets': lambda n: answer('[' * n),
    'quotes': lambda n: answer('"' * n),
    'digits': lambda n: answer('[[' + '9' * n),
    'points': lambda n: answer('[' + '[0.1, 0.2], ' * (n // 12) + '[0.1, 0.3]]'),
}


def seconds(text):
    best = float('inf')
    for _ in range(5):
        start = time.perf_counter()
        with contextlib.suppress(AnswerError):
            parse(text, Task.TRAJECTORY)
        best = min(best, time.perf_counter() - start)
    return best


@pytest.mark.parametrize('hostile', HOSTILE.values(), ids=HOSTILE.keys())
def test_the_cost_grows_no_faster_than_the_text(hostile):
    # Sixteen times the text: linear work takes 16 times as long, quadratic work 256 times.
    assert seconds(hostile(64_000)) < 64 * max(seconds(hostile(4_000)), 1e-4)
