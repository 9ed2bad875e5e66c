"""What a teacher is asked: to think its way, in the paper's steps, to an answer that is known."""

import base64
from typing import Any

from vla_r1_core.types import ParsedAnswer, Task

from vla_r1_training.thoughts.annotation import Question
from vla_r1_training.thoughts.check import STEPS

_SYSTEM = """You write the thoughts of a robot that looks at a picture of its workspace and is \
told what to do. Coordinates are decimals with three places in parts of the picture, x to the \
right, y down: (0.000, 0.000) is its upper left corner, (1.000, 1.000) the lower right one. You \
are shown the right answer. Write how one arrives at it by looking, as if nobody had told it. \
Write plain sentences in {steps} steps, each beginning with its name and a colon, in this order: \
{names}. No tags, no headings, nothing before and nothing behind."""

_TASKS = {
    Task.AFFORDANCE: (
        'the region where to grasp, as a box',
        'what is asked, and which object is meant: its words in the instruction, in double quotes',
        'everything that can be seen and where it is',
        'the same words for the object again, and its box: centre (x, y), width and height, and '
        'no other decimals',
        'whether it can be grasped: what is in the way, what is hidden',
    ),
    Task.TRAJECTORY: (
        'the way of the gripper, as points',
        'what is asked, and which object is meant: its words in the instruction, in double quotes',
        'the same words for the object again, where it is, and where the gripper is',
        'what stands in the way',
        'the shape of the way, how many points it has ("{count} points") and how they are spaced, '
        'from its first point (x, y) to its last point (x, y), and no point that is not on it',
    ),
}  # fmt: skip
_ABSENT = (
    'The right answer is that the object is not there. Name what is meant all the same; where you '
    'look for it, write that it "is not there", with the same words for it in the same sentence.'
)


def messages(question: Question, target: ParsedAnswer) -> list[dict[str, Any]]:
    """Return the conversation that asks for a thought.

    Args:
        question: with picture and instruction.
        target: the true answer.
    """
    names = STEPS[target.task]
    wanted, *steps = _TASKS[target.task]
    points = len(target.trajectory.points) if target.trajectory else 0
    lines = [
        f'Instruction: {question.row["instruction"]}',
        f'Wanted: {wanted}.',
        _ABSENT if target.absent else f'Right answer: {question.row["ground_truth"]}',
        'Steps:',
        *(f'{name}: {text}.' for name, text in zip(names, steps, strict=True)),
    ]
    text = '\n'.join(lines).replace('{count}', str(points))
    return [
        {'role': 'system', 'content': _SYSTEM.format(steps=len(names), names=', '.join(names))},
        {
            'role': 'user',
            'content': [
                {'type': 'image_url', 'image_url': {'url': _data_url(question)}},
                {'type': 'text', 'text': text},
            ],
        },
    ]


def again(thought: str, reason: str) -> list[dict[str, Any]]:
    """Return what goes on a conversation whose thought cannot be used."""
    return [
        {'role': 'assistant', 'content': thought},
        {'role': 'user', 'content': f'This cannot be used: {reason}. Write all steps again.'},
    ]


def _data_url(question: Question) -> str:
    data: bytes = question.row['image']['bytes']
    kind = 'png' if data.startswith(b'\x89PNG') else 'jpeg'
    return f'data:image/{kind};base64,{base64.b64encode(data).decode()}'
