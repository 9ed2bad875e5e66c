"""Every family's own syntax is read, and what a profile writes it reads again."""

from hypothesis import given
from hypothesis import strategies as st
import pytest
from vla_r1_core.conventions import box_around, read_box, smart_resize, write_box
from vla_r1_core.errors import AnswerError, ReasonCode, ReasoningError
from vla_r1_core.output import parse
from vla_r1_core.profiles import PROFILES
from vla_r1_core.prompt import build_prompt, IMAGE_MARKER
from vla_r1_core.types import Box, ParsedAnswer, Task, Trajectory2D

BOX, TRACE = Task.AFFORDANCE, Task.TRAJECTORY
GIVES = [
    (profile, task) for profile in PROFILES.values()
    for task, prompt in ((BOX, profile.affordance_prompt), (TRACE, profile.trajectory_prompt))
    if prompt
]  # fmt: skip
# As the families' papers, model cards and examples show them: family, task, image size [px],
# text, and the corners of the box or the points [px].
SAID = [
    ('qwen2.5-vl', BOX, (644, 476), '{"bbox_2d": [100, 119, 322, 238], "label": "red cup"}',
     [(100, 119), (322, 238)]),
    ('qwen2.5-vl', BOX, (644, 476),
     '```json\n[\n\t{"bbox_2d": [100, 119, 322, 238], "label": "a \\"red\\" cup, {[(:"}\n]\n```',
     [(100, 119), (322, 238)]),
    ('qwen2.5-vl', TRACE, (644, 476),
     'Here it is:\n```json\n[{"point_2d": [64, 95], "label": "1"}, {"point_2d": [322, 119]}]\n```',
     [(64, 95), (322, 119)]),
    ('qwen3-vl', BOX, (640, 480), '[{"bbox_2d": [250, 500, 500, 750], "label": "cup"}]',
     [(160, 240), (320, 360)]),
    ('qwen3-vl', TRACE, (640, 480), '[{"point_2d": [250, 500]}, {"point_2d": [500, 750]}]',
     [(160, 240), (320, 360)]),
    ('robobrain1', BOX, (1000, 500), '[0.733, 0.158, 0.845, 0.263]', [(733, 79), (845, 131.5)]),
    ('robobrain1', TRACE, (1000, 500), '[[0.781, 0.305], [0.688, 0.344], [0.570, 0.344]]',
     [(781, 152.5), (688, 172), (570, 172)]),
    ('robobrain2.0', BOX, (1000, 500),
     '<think>it is [1, 2, 3, 4]</think><answer>[577, 224, 638, 310]</answer>',
     [(577, 224), (638, 310)]),
    ('robobrain2.0', BOX, (1000, 500), 'the prompt ends in the tag</think>[577, 224, 638, 310]',
     [(577, 224), (638, 310)]),
    ('robobrain2.0', TRACE, (640, 480),
     '<think>a</think>\n<answer>[(137, 116), (169, 94), (208, 84), (228, 80)]</answer>',
     [(137, 116), (169, 94), (208, 84), (228, 80)]),
    ('robobrain2.5', BOX, (1000, 500), '[577, 224, 638, 310]', [(577, 112), (638, 155)]),
    ('robobrain2.5', TRACE, (1000, 500), '[(100, 200, 0.75), (300, 400, 1.2), (500, 600)]',
     [(100, 100), (300, 200), (500, 300)]),
    ('embodied-r1', BOX, (640, 480),
     '<think>a</think><answer><point>[[100, 50], [200, 90], [140, 150]]</point></answer>',
     [(100, 50), (200, 150)]),
    ('embodied-r1', TRACE, (640, 480),
     '<think>a</think><answer><point>[[1, 2], [3, 4], [5, 6], [7, 8]]</point></answer>',
     [(1, 2), (3, 4), (5, 6), (7, 8)]),
    ('roborefer', BOX, (1000, 1000), '[(0.461, 0.527)]', [(421, 487), (501, 567)]),
    ('roborefer', TRACE, (1000, 1000), '[(0.1, 0.2), (0.3, 0.4)]', [(100, 200), (300, 400)]),
    ('molmo', BOX, (1000, 500),
     ' <point x="61.5" y="40.4" alt="a > b">the mug</point>', [(595, 182), (635, 222)]),
    ('molmo', BOX, (1000, 500),
     'Counting the <points x1="10.0" y1="20.0" x2="30.5" y2="60" alt="a">b</points> shows 2.',
     [(100, 100), (305, 300)]),
    ('molmo', TRACE, (1000, 500), '<points x1="1.5" y1="2" x2="3" y2="4" alt="a">b</points>',
     [(15, 10), (30, 20)]),
    ('molmoact', TRACE, (510, 510),
     'The depth map of the image is <DEPTH_START><DEPTH_9><DEPTH_END>. The trajectory of the end '
     'effector is [[140,225],[130,10]]. Based on these, the action is [0.1, "x", ...',
     [(280, 450), (260, 20)]),
    ('gemini-er', BOX, (640, 480),
     '```json\n[{"box_2d": [250, 500, 750, 1000], "label": "pen", "ids": [1, 2]}]\n```',
     [(320, 120), (640, 360)]),
    ('gemini-er', TRACE, (640, 480),
     '[{"point": [250, 500], "label": "0"}, {"point": [500, 250], "label": "1"}]',
     [(320, 120), (160, 240)]),
    ('hamster', TRACE, (100, 100),
     '<ans>[(0.25, 0.32), (0.13, 0.24), <action>Open Gripper</action>, (0.74, 0.21), '
     '<action>Close Gripper</action>]</ans>', [(25, 32), (13, 24), (74, 21)]),
    ('affordance-r1', BOX, (1680, 420),
     '<think>a</think><rethink>b</rethink><answer>[{"bbox_2d": [10, 100, 200, 210], "point_2d": '
     '[30, 110], "affordance": "hold"}, {"bbox_2d": [225, 296, 706, 786]}]</answer>',
     [(20, 50), (400, 105)]),
]  # fmt: skip


def px(answer, size):
    """Return the corners of the box, or the points [px]."""
    if answer.trajectory:
        return answer.trajectory.to_px(*size)
    x0, y0, x1, y1 = answer.box.corners
    return [(x0 * size[0], y0 * size[1]), (x1 * size[0], y1 * size[1])]


@pytest.mark.parametrize(('name', 'task', 'size', 'text', 'expected'), SAID)
def test_a_familys_own_syntax_is_read(name, task, size, text, expected):
    points = px(PROFILES[name].read(text, task, *size), size)
    assert len(points) == len(expected)
    for point, wanted in zip(points, expected, strict=True):
        assert point == pytest.approx(wanted)


def test_the_examples_show_every_family():
    shown = {(name, task) for name, task, *_ in SAID}
    assert {(p.name, task) for p, task in GIVES if p.name != 'vla_r1'} == shown


def test_thoughts_are_joined():
    text = '<think> one </think><rethink>two</rethink><answer>[]</answer>'
    answer = PROFILES['affordance-r1'].read(text, BOX, 640, 480)
    assert answer.absent and answer.thought == ' one \ntwo'


@pytest.mark.parametrize(('profile', 'task'), GIVES, ids=lambda value: value.name)
def test_what_is_absent_is_written_and_read_as_absent(profile, task):
    text = profile.write(ParsedAnswer(task, 'it is not there'), 640, 480)
    assert profile.read(text, task, 640, 480).absent


@st.composite
def boxes(draw, least):
    """Draw a box within the image, with sides of at least these parts of it."""
    edges = []
    for side in least:
        low = draw(st.floats(0.0, 1.0 - side))
        edges.append((low, draw(st.floats(min(low + side, 1.0), 1.0))))
    (x0, x1), (y0, y1) = edges
    return Box.from_corners(x0, y0, x1, y1)


@st.composite
def answers(draw):
    """Draw a profile, an image size, an answer that it can give, and its quantum [px]."""
    profile, task = draw(st.sampled_from(GIVES))
    size = draw(st.tuples(st.integers(160, 4096), st.integers(120, 2160)))
    full = (profile.scale,) * 2 if profile.unit == 'scale' else profile.seen_size(*size)
    step = 1e-9 if profile.grammar == 'vla_r1' else 10.0**-profile.digits
    steps = [step / end for end in full]  # parts of the image
    if task == TRACE:
        points = draw(
            st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=9)
        )
        far = (points[0][0], points[0][1] + (0.5 if points[0][1] < 0.5 else -0.5))
        answer = ParsedAnswer(task, 'a b', trajectory=Trajectory2D((far, *points)))
    else:
        least = [2 * step for step in steps]
        if profile.box == 'points':
            least = [max(a, 1.01 * profile.point_box * min(size) / b + a)
                     for a, b in zip(least, size, strict=True)]  # fmt: skip
        answer = ParsedAnswer(task, 'a b', box=draw(boxes(least)))
    return profile, size, answer, [a * b for a, b in zip(steps, size, strict=True)]


@given(answers())
def test_what_is_written_is_read_again(drawn):
    profile, size, answer, quantum = drawn
    again = profile.read(profile.write(answer, *size), answer.task, *size)
    assert again.task == answer.task
    assert again.thought == (answer.thought if profile.thought_tags else '')
    written, found = px(answer, size), px(again, size)
    assert len(written) == len(found)
    for before, after in zip(written, found, strict=True):
        for axis in (0, 1):
            assert abs(before[axis] - after[axis]) <= max(1.0, quantum[axis])


@given(st.sampled_from(['corners', 'center', 'top_left']), boxes((0.01, 0.01)))
def test_every_box_convention_has_its_inverse(convention, box):
    assert read_box(write_box(box, convention), convention).corners == pytest.approx(box.corners)


def test_what_cannot_be_said_is_refused():
    profile = PROFILES['robobrain2.0']
    with pytest.raises(ValueError, match='leaves the image'):
        profile.write(ParsedAnswer(BOX, 'a', box=Box(0.9, 0.5, 0.5, 0.1)), 640, 480)
    with pytest.raises(ValueError, match='contains tags'):
        profile.write(ParsedAnswer(BOX, 'a</think>b'), 640, 480)
    with pytest.raises(ValueError, match='the box is empty'):
        profile.write(ParsedAnswer(BOX, 'a', box=Box(0.5, 0.5, 1e-6, 0.1)), 640, 480)


@given(st.sampled_from([BOX, TRACE]), st.text())
def test_the_profile_vla_r1_is_the_old_prompt_and_grammar(task, text):
    profile = PROFILES['vla_r1']
    assert profile.prompt(text, task) == build_prompt(text, task)
    written = profile.write(ParsedAnswer(BOX, 'a', box=Box(0.5, 0.4, 0.3, 0.2)), 1, 1)
    for whole in (text, written.replace('a', text, 1), written.replace('0.3', text)):
        assert read(profile.read, whole, task, 1, 1) == read(parse, whole, task)


def read(reader, *arguments):
    """Return the answer, or the message of its error."""
    try:
        return reader(*arguments)
    except AnswerError as error:
        return str(error)


@pytest.mark.parametrize(('profile', 'task'), GIVES, ids=lambda value: value.name)
def test_a_prompt_has_the_instruction_and_the_image_at_one_end(profile, task):
    hostile = 'take {instruction} <image> {0} "x"'
    prompt = profile.prompt(hostile, task)
    assert (
        prompt.startswith(IMAGE_MARKER) if profile.image_first else prompt.endswith(IMAGE_MARKER)
    )
    before, behind = profile.around_image(prompt)
    assert before + behind == prompt.removeprefix(IMAGE_MARKER).removesuffix(IMAGE_MARKER)
    assert hostile in before + behind


@pytest.mark.parametrize(('name', 'task'), [('hamster', BOX), ('affordance-r1', TRACE)])
def test_a_task_that_a_family_does_not_do_is_refused(name, task):
    with pytest.raises(ReasoningError, match=f'{name} answers .*, not {task.name}') as caught:
        PROFILES[name].prompt('pick', task)
    assert caught.value.code == ReasonCode.INVALID_TASK
    with pytest.raises(AnswerError, match='choose another profile'):
        PROFILES[name].read('<ans>[(0.1, 0.2), (0.3, 0.4)]</ans>', task, 640, 480)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0.01, 0.2), st.floats(0.01, 0.2))
def test_a_point_lies_in_its_box_and_that_in_the_image(x, y, width, height):
    box = box_around([(x, y)], width, height)
    x0, y0, x1, y1 = box.corners
    assert -1e-9 <= x0 <= x + 1e-9 and x - 1e-9 <= x1 <= 1 + 1e-9 and y0 - 1e-9 <= y <= y1 + 1e-9
    assert width / 2 - 1e-9 <= box.width <= width + 1e-9 and height / 2 - 1e-9 <= box.height


def test_a_known_seen_size_counts_more_than_the_profiles_own():
    text = '{"bbox_2d": [100, 100, 200, 200]}'
    box = PROFILES['qwen2.5-vl'].read(text, BOX, 4096, 2160, seen=(1000, 500)).box
    assert box.corners == pytest.approx((0.1, 0.2, 0.2, 0.4))


@pytest.mark.parametrize(
    ('size', 'resized'),
    [((640, 480), (644, 476)), ((160, 120), (168, 112)), ((20, 20), (56, 56)),
     ((5000, 4000), (4004, 3192)), ((3000, 20), (2996, 28)), ((40000, 700), (27076, 448))],
)  # fmt: skip
def test_smart_resize_is_that_of_the_processor(size, resized):
    assert smart_resize(*size, 28, 3136, 12845056) == resized
