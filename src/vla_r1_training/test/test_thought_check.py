"""A thought is let through if it leads to the answer, and only then."""

import pytest
from vla_r1_core.types import Box, ParsedAnswer, Task, Trajectory2D
from vla_r1_training.thoughts.check import check, Code, Limits

INSTRUCTION = 'Pick up the red cube left of the bowl, please.'
LIMITS = Limits(60, 1200, 0.005)
BOX = ParsedAnswer(Task.AFFORDANCE, 'known', box=Box(0.3, 0.5, 0.1, 0.123))
TRACE = ParsedAnswer(
    Task.TRAJECTORY, 'known', trajectory=Trajectory2D(((0.1, 0.1), (0.3, 0.1), (0.3, 0.5)))
)
GOOD = {
    Task.AFFORDANCE: (
        'Task parsing: "Pick up the red cube left of the bowl" means the "red cube".\n'
        'Scene understanding: a red cube at (0.31, 0.49), a bowl at (0.60, 0.55); it is not there '
        'for nothing.\n'
        'Affordance localization: the red cube has its centre at (0.300, 0.500), width 0.10 and '
        'height 0.12.\n'
        'Feasibility check: nothing hides it.'
    ),
    Task.TRAJECTORY: (
        'Task parsing: the "red cube" is to be reached.\n'
        'Object and gripper localization: the red cube is at (0.30, 0.50); the gripper is not '
        'visible.\n'
        'Scene analysis: the bowl stands beside the way.\n'
        '**Trajectory logic:** 3 points, first to the right: from (0.10, 0.10) over (0.20, 0.10) '
        'and (0.30, 0.10) to (0.30, 0.50).'
    ),
}


def code(thought, target):
    fault = check(thought, INSTRUCTION, target, LIMITS)
    return fault.code if fault else None


@pytest.mark.parametrize('target', [BOX, TRACE])
def test_a_thought_that_leads_to_the_answer_is_let_through(target):
    assert code(GOOD[target.task], target) is None


@pytest.mark.parametrize(
    ('before', 'after', 'expected'),
    [
        ('Feasibility', '<output>Feasibility', Code.TAGS),
        ('nothing hides it', 'the given answer fits', Code.TOLD),
        ('nothing hides it', 'it equals the ground truth', Code.TOLD),
        ('Feasibility check: ', '', Code.STEPS),
        ('Feasibility check: nothing hides it.', 'Feasibility check:', Code.STEPS),
        ('Scene understanding', 'Feasibility check', Code.STEPS),
        ('means the "red cube"', 'means the "blue ball"', Code.OBJECT),
        ('localization: the red cube', 'localization: the bowl', Code.OBJECT),
        ('has its centre', 'is not there; it has its centre', Code.ABSENCE),
        ('(0.300, 0.500)', '(0.310, 0.500)', Code.COORDINATES),
        ('(0.300, 0.500)', '(0.500, 0.300)', Code.COORDINATES),
        ('height 0.12', 'height 0.15', Code.COORDINATES),
        ('height 0.12', 'height', Code.COORDINATES),
        ('height 0.12', 'height 0.12, not 0.77', Code.COORDINATES),
        ('height 0.12', 'height 0.12 (192.5 px)', Code.COORDINATES),
        ('cube at (0.31, 0.49)', 'cube at (0.71, 0.49)', Code.COORDINATES),
    ],
)
def test_a_thought_about_a_box_that_does_not_agree_is_refused(before, after, expected):
    assert before in GOOD[Task.AFFORDANCE]
    assert code(GOOD[Task.AFFORDANCE].replace(before, after), BOX) == expected


@pytest.mark.parametrize(
    ('before', 'after'),
    [
        ('3 points', '4 points'),
        ('from (0.10, 0.10)', 'from (0.12, 0.10)'),
        ('to (0.30, 0.50)', 'to (0.35, 0.50)'),
        ('(0.20, 0.10)', '(0.20, 0.20)'),
        (
            'from (0.10, 0.10) over (0.20, 0.10) and (0.30, 0.10) to (0.30, 0.50)',
            'from (0.30, 0.50) to (0.10, 0.10)',
        ),
    ],
)
def test_a_thought_about_another_trace_is_refused(before, after):
    assert before in GOOD[Task.TRAJECTORY]
    assert code(GOOD[Task.TRAJECTORY].replace(before, after), TRACE) == Code.COORDINATES


@pytest.mark.parametrize('task', [Task.AFFORDANCE, Task.TRAJECTORY])
def test_what_is_not_there_is_said_to_be_so(task):
    absent = ParsedAnswer(task, 'known')
    assert code(GOOD[task], absent) == Code.ABSENCE
    missing = GOOD[task].replace('red cube has', 'red cube is not there; nothing has')
    missing = missing.replace('red cube is at (0.30, 0.50)', 'red cube is nowhere')
    assert code(missing, absent) is None


def test_length_has_bounds():
    assert code('short', BOX) == Code.TOO_SHORT
    assert code(GOOD[Task.AFFORDANCE] + ' and so on' * 200, BOX) == Code.TOO_LONG


def test_a_verb_alone_names_no_object():
    thought = GOOD[Task.AFFORDANCE].replace('means the "red cube"', 'means the "pick up"')
    thought = thought.replace('"Pick up the red cube left of the bowl"', 'It')
    assert code(thought, BOX) == Code.OBJECT
