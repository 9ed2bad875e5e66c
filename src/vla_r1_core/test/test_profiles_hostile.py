"""No text breaks a profile's reader, and none takes it more than linear time."""

import random
import time

from hypothesis import given
from hypothesis import strategies as st
import pytest
from vla_r1_core.errors import AnswerError, ReasonCode
from vla_r1_core.profiles import PROFILES
from vla_r1_core.tokens import Tokens
from vla_r1_core.types import Box, ParsedAnswer, Task, Trajectory2D

TASKS = [Task.AFFORDANCE, Task.TRAJECTORY]
ANSWERS = [
    ParsedAnswer(Task.AFFORDANCE, 'a', box=Box(0.5, 0.4, 0.3, 0.2)),
    ParsedAnswer(Task.TRAJECTORY, 'a', trajectory=Trajectory2D(((0.1, 0.2), (0.7, 0.9)))),
    ParsedAnswer(Task.AFFORDANCE, 'a'),
    ParsedAnswer(Task.TRAJECTORY, 'a'),
]
COMMON = [
    *'[](){}<>,:"\'\\`=/ \n\0', '```', '```json\n', '[(', '[[', ')]', ']]', '\\"', '"\\', 'é', '٣',
    'null', 'true', 'NaN', 'Infinity', '0.5', '-1', '1e999', '1e-999', '9' * 400, '500', '0x1',
    '"bbox_2d"', '"box_2d"', '"point_2d"', '"point"', '{"point_2d": [', '{"box_2d": [1, 2, 3, 4]}',
    '<point', '<points ', 'x="', 'x1="', 'y1="0.5" ', '<point x="1" y="2"', '</point>', '&quot;',
]  # fmt: skip
# Few enough pieces that chance makes nearly right answers of them.
NEARLY = {
    'vla_r1': [*'{}[],:', '"x"', '"y"', '"width"', '"height"', '0.5', '0.1', '</output>'],
    'list': [*'[](),,', '0.1', '0.5', '100', '[1, 2]', '(0.3, 0.4)', 'null', '<action></action>'],
    'json': [
        *'[]{},:',
        '"bbox_2d":',
        '"box_2d":',
        '"point":',
        '"point_2d":',
        '9',
        '"a"',
        '[1, 2]',
    ],
    'xml': [' x="1"', ' y="1"', ' x1="1"', ' y1="1"', ' x2="9"', ' y2="9"', '>', ' a="b"', '/>'],
}


def written(profile):
    """Return what a profile writes."""
    texts = []
    for answer in ANSWERS:
        tasks = {
            Task.AFFORDANCE: profile.affordance_prompt,
            Task.TRAJECTORY: profile.trajectory_prompt,
        }
        if tasks[answer.task]:
            texts.append(profile.write(answer, 640, 480))
    return texts


def fragments(profile):
    """Return pieces of which a profile's own texts consist, and pieces of others."""
    tags = f'{profile.thought_tags} {profile.answer_tags} {profile.event_tag}'.split()
    own = [mark for tag in tags for mark in (f'<{tag}>', f'</{tag}>', f'<{tag}', f'</{tag}')]
    return [*COMMON, *own, *written(profile), profile.lead, profile.absent]


def read(profile, text, task):
    """Read a text; whatever comes out must be an answer within the image, or an AnswerError."""
    try:
        answer = profile.read(text, task, 640, 480)
    except AnswerError as error:
        assert error.code == ReasonCode.MALFORMED_ANSWER and len(str(error)) < 400
        return
    assert answer.task == task
    if answer.box:
        assert answer.box.width > 0 and answer.box.height > 0
        assert min(answer.box.corners) >= -0.011 and max(answer.box.corners) <= 1.011
    if answer.trajectory:
        assert len(set(answer.trajectory.points)) >= 2
        assert all(0 <= value <= 1 for point in answer.trajectory.points for value in point)


@pytest.mark.parametrize('profile', PROFILES.values(), ids=PROFILES)
@given(data=st.data())
def test_any_bytes_are_read_or_refused(profile, data):
    text = data.draw(st.binary(max_size=300)).decode(errors='replace')
    for task in TASKS:
        read(profile, text, task)


@pytest.mark.parametrize('profile', PROFILES.values(), ids=PROFILES)
@given(data=st.data())
def test_hostile_pieces_are_read_or_refused(profile, data):
    text = ''.join(data.draw(st.lists(st.sampled_from(fragments(profile)), max_size=12)))
    for task in TASKS:
        read(profile, text, task)


@pytest.mark.parametrize('profile', PROFILES.values(), ids=PROFILES)
def test_damaged_answers_are_read_or_refused(profile):
    chance = random.Random(0)
    pieces = fragments(profile)
    for text in written(profile):
        for _ in range(200):
            start = chance.randrange(len(text))
            end = start + chance.choice((0, 0, 1, 2, 9))
            damaged = text[:start] + chance.choice(['', *pieces]) + text[end:]
            for task in TASKS:
                read(profile, damaged, task)


@pytest.mark.parametrize('profile', PROFILES.values(), ids=PROFILES)
def test_nearly_right_answers_are_read_or_refused(profile):
    chance = random.Random(0)
    opening = {'vla_r1': '<think>a</think><output>', 'xml': '<point'}.get(profile.grammar, '')
    for _ in range(4000):
        pieces = chance.choices(NEARLY[profile.grammar], k=chance.randint(1, 9))
        for task in TASKS:
            read(profile, opening + ''.join(pieces), task)


def seconds(work, text):
    """Return the processor time of work on a text."""
    begin = time.process_time()
    work(text)
    return time.process_time() - begin


def is_linear(work, short, long):
    """Whether a text that is eight times as long takes about eight times as long, not 64 times."""
    # What is shorter than a millisecond is not measured but disturbed. Others use this machine
    # too, so that one of five must do.
    return any(seconds(work, long) < 28 * max(seconds(work, short), 1e-3) for _ in range(5))


def repeated(profile, chars):
    """Return each piece repeated up to a length, alone and where the answer stands."""
    opening = ''.join(f'<{tag}>' for tag in profile.answer_tags.split()) or profile.lead
    pieces = [piece for piece in fragments(profile) if piece]
    return [start + piece * (chars // len(piece)) for piece in pieces for start in ('', opening)]


# Below and above the length from which a payload is refused unread.
@pytest.mark.parametrize('chars', [7_500, 120_000])
@pytest.mark.parametrize('profile', PROFILES.values(), ids=PROFILES)
def test_time_grows_no_faster_than_the_text(profile, chars):
    def read_both(text):
        for task in TASKS:
            read(profile, text, task)

    for short, long in zip(repeated(profile, chars), repeated(profile, 8 * chars), strict=True):
        assert is_linear(read_both, short, long), short[:40]


@pytest.mark.parametrize('piece', [*COMMON, '<action>', '<action>a', '</action>'])
def test_the_time_for_all_tokens_grows_no_faster_than_the_text(piece):
    def take_all(text):
        tokens = Tokens(text, event_tag='action')
        while tokens.take():
            pass

    for start in ('', '"', ' "'):
        short, long = (start + piece * (chars // len(piece)) for chars in (8_000, 64_000))
        assert is_linear(take_all, short, long)
