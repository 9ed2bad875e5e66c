"""The one prompt builder: an instruction plus the paper's fixed suffix for each task."""

import re

from vla_r1_core.errors import ReasonCode, ReasoningError
from vla_r1_core.types import Task

# Where the image goes. Always the end of a prompt, whatever the instruction contains.
IMAGE_MARKER = '<image>'

_SUFFIX = {
    Task.AFFORDANCE: (
        ' Please output the 2D affordance region define by bounding box of the object in the'
        ' format <output>{"x": value, "y": value, "width": value, "height": value}</output>.\n'
        + IMAGE_MARKER
    ),
    Task.TRAJECTORY: (
        ' Please output the optimal trajectory of the end-effector to the target object in the'
        ' format <output>[[x1, y1], [x2, y2], ...]</output>.\n' + IMAGE_MARKER
    ),
}

_VERBS = {
    Task.AFFORDANCE: ('pick', 'grasp', 'grab', 'lift', 'take', 'get', 'hold', 'fetch', 'find'),
    Task.TRAJECTORY: ('push', 'pull', 'move', 'slide', 'follow', 'reach', 'drag', 'go', 'trace'),
}
_TASK_OF_VERB = {verb: task for task, verbs in _VERBS.items() for verb in verbs}


def build_prompt(instruction: str, task: Task) -> str:
    """Return the prompt for an instruction, `IMAGE_MARKER` included as its last characters.

    Raises:
        ReasoningError: INVALID_TASK, the task is AUTO; choose one by `infer_task`.
    """
    if task not in _SUFFIX:
        raise ReasoningError(
            ReasonCode.INVALID_TASK, 'a prompt needs the task AFFORDANCE or TRAJECTORY'
        )
    return instruction + _SUFFIX[task]


def infer_task(instruction: str) -> Task:
    """Choose the task by the first verb that names one; AFFORDANCE when none does."""
    for word in re.findall(r'\w+', instruction.lower()):
        if word in _TASK_OF_VERB:
            return _TASK_OF_VERB[word]
    return Task.AFFORDANCE


def check_instruction(instruction: str, max_chars: int) -> None:
    """Refuse an instruction that no model should see; any script and any symbol is fine.

    Raises:
        ReasoningError: INVALID_INSTRUCTION, it is empty or longer than `max_chars`.
    """
    if not instruction.strip():
        raise ReasoningError(
            ReasonCode.INVALID_INSTRUCTION,
            'the instruction is empty; say what to do, such as "pick up the red cube"',
        )
    if len(instruction) > max_chars:
        raise ReasoningError(
            ReasonCode.INVALID_INSTRUCTION,
            f'the instruction has {len(instruction)} characters; '
            f'use at most {max_chars} (parameter max_instruction_chars)',
        )
