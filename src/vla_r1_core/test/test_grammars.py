"""What is malformed is refused, with a message that says why."""

import pytest
from vla_r1_core.errors import AnswerError
from vla_r1_core.profiles import PROFILES
from vla_r1_core.tokens import MAX_PAYLOAD_CHARS
from vla_r1_core.types import Task

BOX, TRACE = Task.AFFORDANCE, Task.TRAJECTORY


@pytest.mark.parametrize(
    ('name', 'task', 'text', 'why'),
    [
        ('robobrain1', BOX, '', 'expected [ or ( instead of the end'),
        ('robobrain1', BOX, 'the box is [0.1, 0.1, 0.2, 0.2]', 'expected [ or ( instead of the'),
        ('robobrain1', BOX, '[0.1, 0.1, 0.2, 0.2', 'expected ] instead of the end'),
        ('robobrain1', BOX, '[0.1, 0.1, 0.2, 0.2)', 'expected ] instead of )'),
        ('robobrain1', BOX, '[0.1, 0.1, 0.2, 0.2] or', 'or stands behind the end'),
        ('robobrain1', BOX, '[0.1, 0.1, 0.2,]', 'a coordinate must be a number, not ]'),
        ('robobrain1', BOX, '[0.1, 0.1, 0.2, NaN]', 'a coordinate must be a number, not NaN'),
        ('robobrain1', BOX, '[0.1, 0.1, 0.2, 1e999]', 'leaves the image: inf'),
        ('robobrain1', BOX, '[0.1, 0.1, 0.2, 1.02]', 'leaves the image: 1.02'),
        ('robobrain1', BOX, '[0.1, 0.1, 0.2]', 'a box has 4 numbers, not 3'),
        ('robobrain1', BOX, '[[0.1, 0.1], [0.2, 0.2]]', 'a box has 4 numbers, not 2'),
        ('robobrain1', BOX, '[0.2, 0.1, 0.1, 0.2]', 'the box is empty'),
        ('robobrain1', TRACE, '[0.1, 0.1, 0.2, 0.2]', 'a point has 2 numbers, not 4'),
        ('robobrain1', TRACE, '[[0.1, 0.1, 0.2], [0.2, 0.2, 0.2]]', 'a point has 2 numbers'),
        ('robobrain1', TRACE, '[[0.1, 0.2]]', 'at least two different points'),
        ('robobrain1', TRACE, '[[0.1, 0.2], [0.1, 0.2]]', 'at least two different points'),
        ('robobrain1', TRACE, '[[[0.1, 0.2]]]', 'a coordinate must be a number, not ['),
        ('robobrain1', TRACE, '[' * 9000, 'a coordinate must be a number'),
        ('robobrain1', TRACE, '[' + ' ' * MAX_PAYLOAD_CHARS, 'at most 65536 are read'),
        ('robobrain2.0', BOX, '<think>[1, 2, 3, 4]', 'there is no </think>'),
        ('robobrain2.0', BOX, '<think>a</think><answer>[1, 2, 3, 4]', 'no complete <answer>'),
        ('embodied-r1', TRACE, '<answer><point>[[1, 2], [3, 4]]</answer>', 'no complete <point>'),
        ('hamster', TRACE, '<ans>[(0.1, 0.2), <action>Open]</ans>', 'expected [ or ( instead of'),
        ('hamster', TRACE, '<ans>[<action>Open Gripper</action>]</ans>', 'but no points'),
        ('hamster', TRACE, '<ans>[(0.1, 0.2)</ans>', 'expected ] instead of the end'),
        ('roborefer', TRACE, '[(0.1, 0.2), <action>Open Gripper</action>]', 'expected [ or ('),
        ('molmoact', TRACE, 'The trajectory of the end effector is here.', 'expected [ or ('),
        ('qwen3-vl', BOX, 'I see nothing.', 'expected { instead of I'),
        ('qwen3-vl', BOX, '[{"bbox_2d": [1, 2, 3, 4]}', 'expected ] instead of the end'),
        ('qwen3-vl', BOX, '{"bbox_2d": [1, 2, 3, 4]}, {', ', stands behind the end'),
        ('qwen3-vl', BOX, '{"box_2d": [1, 2, 3, 4]}', 'nothing has the key "bbox_2d"'),
        ('qwen3-vl', TRACE, '{"bbox_2d": [1, 2, 3, 4]}', 'nothing has the key "point_2d"'),
        ('qwen3-vl', BOX, '{"bbox_2d": [1, 2], "bbox_2d": [1, 2, 3, 4]}', 'is given twice'),
        ('qwen3-vl', BOX, '{"bbox_2d": "[1, 2, 3, 4]"}', 'expected [ or ( instead of "[1'),
        ('qwen3-vl', BOX, '{"a": {"b": 1}, "bbox_2d": [1, 2, 3, 4]}', 'a value must be a number'),
        ('qwen3-vl', BOX, '{"a": "never ends}', 'a value must be a number'),
        ('qwen3-vl', BOX, "{'bbox_2d': [1, 2, 3, 4]}", 'expected a key in quotation marks'),
        ('qwen3-vl', BOX, '{}', 'expected a key in quotation marks instead of }'),
        ('molmo', BOX, 'I see nothing.', 'there is no <point>'),
        ('molmo', BOX, '<point x="1" y="2" alt="a"', 'a point does not end'),
        ('molmo', BOX, '<point alt="a">', 'a point has no coordinates'),
        ('molmo', BOX, '<point x="1">', 'y must be a number'),
        ('molmo', BOX, '<point y="1">', 'y belongs to no point'),
        ('molmo', BOX, '<point x="1" x="1" y="1">', 'x is given twice'),
        ('molmo', BOX, '<point x="NaN" y="1">', 'x must be a number, not NaN'),
        ('molmo', BOX, '<point x=1 y=1>', 'expected a name="..." in a point, at x'),
        ('molmo', BOX, '<points x1="1" y1="1" x3="1" y3="1">', 'x2 must be a number'),
        ('molmo', BOX, '<point x="1" y="1" x1="2" y1="2">', 'x1 belongs to no point'),
        ('molmo', BOX, '<point x="102" y="50">', 'leaves the image: 1.02'),
        ('molmo', BOX, '<point' + ' ' * MAX_PAYLOAD_CHARS, 'at most 65536 are read'),
    ],
)
def test_what_is_malformed_is_refused_with_its_reason(name, task, text, why):
    with pytest.raises(AnswerError) as caught:
        PROFILES[name].read(text, task, 640, 480)
    assert why in str(caught.value)


@pytest.mark.parametrize(
    ('name', 'text'),
    [
        ('qwen3-vl', 'null'), ('qwen3-vl', '[]'), ('qwen3-vl', '[{"bbox_2d": []}]'),
        ('qwen3-vl', '```json\n[]\n```'), ('qwen3-vl', '<think>not there</think>[]'),
        ('robobrain2.0', '<think>a</think><answer>null</answer>'), ('roborefer', '()'),
        ('molmo', ' There are none. '),
    ],
)  # fmt: skip
def test_an_absent_object_is_told_from_a_malformed_answer(name, text):
    assert PROFILES[name].read(text, BOX, 640, 480).absent


def test_the_first_of_several_boxes_counts():
    text = '[{"bbox_2d": [100, 200, 300, 400]}, {"bbox_2d": [0, 0, 10, 10]}]'
    box = PROFILES['qwen3-vl'].read(text, BOX, 640, 480).box
    assert box.corners == pytest.approx((0.1, 0.2, 0.3, 0.4))


def test_the_last_fence_and_the_last_answer_count():
    draft = '```json\n[{"bbox_2d": [0, 0, 10, 10]}]\n```'
    text = f'{draft} or rather {draft.replace("[0, 0, 10, 10]", "[100, 200, 300, 400]")}'
    box = PROFILES['qwen3-vl'].read(text, BOX, 640, 480).box
    assert box.corners == pytest.approx((0.1, 0.2, 0.3, 0.4))
    tags = '<answer>[1, 2, 3, 4]</answer><answer>[64, 48, 128, 96]</answer>'
    box = PROFILES['robobrain2.0'].read(tags, BOX, 640, 480).box
    assert box.corners == pytest.approx((0.1, 0.1, 0.2, 0.2))
