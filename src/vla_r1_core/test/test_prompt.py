"""The prompt is the paper's, and the task follows from the verb."""

import pytest
from vla_r1_core.errors import ReasonCode, ReasoningError
from vla_r1_core.prompt import (
    build_prompt,
    check_instruction,
    IMAGE_MARKER,
    infer_intent,
    infer_task,
    Intent,
)
from vla_r1_core.types import Task


def test_the_affordance_prompt_is_the_one_the_model_was_trained_on():
    assert build_prompt('Pick up the cup.', Task.AFFORDANCE) == (
        'Pick up the cup. Please output the 2D affordance region define by bounding box of the '
        'object in the format <output>{"x": value, "y": value, "width": value, "height": value}'
        '</output>.\n<image>'
    )


def test_the_trajectory_prompt_is_the_one_the_model_was_trained_on():
    assert build_prompt('Reach the cup.', Task.TRAJECTORY) == (
        'Reach the cup. Please output the optimal trajectory of the end-effector to the target '
        'object in the format <output>[[x1, y1], [x2, y2], ...]</output>.\n<image>'
    )


def test_the_image_stays_last_when_the_instruction_contains_the_marker():
    prompt = build_prompt('look at <image>', Task.AFFORDANCE)
    assert prompt.rpartition(IMAGE_MARKER)[2] == ''


def test_a_prompt_for_no_task_is_refused():
    with pytest.raises(ReasoningError) as caught:
        build_prompt('pick', Task.AUTO)
    assert caught.value.code == ReasonCode.INVALID_TASK


@pytest.mark.parametrize(
    ('instruction', 'task'),
    [
        ('pick up the red cube', Task.AFFORDANCE),
        ('GRASP the ball', Task.AFFORDANCE),
        ('please lift the box', Task.AFFORDANCE),
        ('push the red cube to the left', Task.TRAJECTORY),
        ('Move to the ball', Task.TRAJECTORY),
        ('reach for the cylinder', Task.TRAJECTORY),
        ('pick up the cube and push the ball', Task.AFFORDANCE),
        ('move over and grab it', Task.TRAJECTORY),
        ('the red cube', Task.AFFORDANCE),
        ('gripper', Task.AFFORDANCE),
        ('', Task.AFFORDANCE),
    ],
)
def test_the_first_verb_chooses_the_task(instruction, task):
    assert infer_task(instruction) is task


@pytest.mark.parametrize(
    ('instruction', 'intent'),
    [
        ('', Intent.PICK),
        ('the red cube', Intent.PICK),
        ('go and pick up the red cube', Intent.PICK),
        ('pick up the cube in the bowl', Intent.PICK),
        ('take the cube next to the bowl', Intent.PICK),
        ('bring me the red cube', Intent.PICK),
        ('pick up the can from its place', Intent.PICK),
        ('reach for the cylinder', Intent.REACH),
        ('Go to the ball', Intent.REACH),
        ('move to the bowl', Intent.REACH),
        ('move the gripper to the tray', Intent.REACH),
        ('point at the ball', Intent.REACH),
        ('push the red cube to the left', Intent.PUSH),
        ('push the red cube to the bowl', Intent.PUSH),
        ('move the red cube to the left', Intent.PUSH),
        ('move the red cube away', Intent.PUSH),
        ('move the red cube next to the bowl', Intent.PUSH),
        ('pull the ball closer', Intent.PUSH),
        ('Put the red cube in the bowl.', Intent.PLACE),
        ('place the ball on the tray', Intent.PLACE),
        ('move the red cube into the bowl', Intent.PLACE),
        ('move the red cube to the big pink tray', Intent.PLACE),
        ('transfer the can onto the plate', Intent.PLACE),
        ('take the red cube to the bowl', Intent.PLACE),
        ('pick up the red cube and put it in the bowl', Intent.PLACE),
        ('grab the ball, then move it to the tray', Intent.PLACE),
        ('stack the red cube on the blue box', Intent.PLACE),
    ],
)
def test_the_verb_and_where_the_object_goes_choose_the_intent(instruction, intent):
    assert infer_intent(instruction) is intent


@pytest.mark.parametrize(
    ('instruction', 'task'),
    [
        ('pick up the ball', Task.AFFORDANCE),
        ('put the ball in the bowl', Task.AFFORDANCE),
        ('reach the ball', Task.TRAJECTORY),
        ('push the ball left', Task.TRAJECTORY),
    ],
)
def test_what_is_grasped_is_asked_first_and_what_is_not_by_its_trace(instruction, task):
    assert infer_task(instruction) is task


@pytest.mark.parametrize('instruction', ['', '   ', '\n\t'])
def test_an_empty_instruction_is_refused(instruction):
    with pytest.raises(ReasoningError, match='empty') as caught:
        check_instruction(instruction, 100)
    assert caught.value.code == ReasonCode.INVALID_INSTRUCTION


def test_a_long_instruction_is_refused_with_both_lengths():
    with pytest.raises(ReasoningError, match='10000 characters; use at most 1000') as caught:
        check_instruction('a' * 10_000, 1000)
    assert caught.value.code == ReasonCode.INVALID_INSTRUCTION


@pytest.mark.parametrize('instruction', ['nimm den roten Würfel', '拿起红色方块', '🙂', 'a' * 100])
def test_any_script_is_accepted(instruction):
    check_instruction(instruction, 100)
