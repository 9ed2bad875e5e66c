"""The one prompt builder: an instruction plus the paper's fixed suffix for each task."""

from enum import Enum
import re

from vla_r1_core.errors import ReasonCode, ReasoningError
from vla_r1_core.types import Task


class Intent(Enum):
    """What an instruction asks the robot to do; the planner's tasks are named so."""

    PICK = 'pick'
    REACH = 'reach'
    PUSH = 'push'
    PLACE = 'place'


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
    Intent.PICK: ('pick', 'grasp', 'grab', 'lift', 'take', 'get', 'hold', 'fetch', 'find'),
    Intent.REACH: ('reach', 'go', 'follow', 'trace', 'touch', 'point', 'approach'),
    Intent.PUSH: ('push', 'pull', 'slide', 'drag', 'shove', 'nudge'),
    Intent.PLACE: ('put', 'place', 'drop', 'stack'),
}
_INTENT_OF_VERB = {verb: intent for intent, verbs in _VERBS.items() for verb in verbs}
# What these mean follows from where the object shall go.
_CARRYING = ('move', 'bring', 'transfer', 'carry')
_TAKING = ('take', 'get')
VERBS = frozenset({*_INTENT_OF_VERB, *_CARRYING})
"""Every verb that tells an intent."""
# "the drop", "its place": after these a verb is a noun.
_DETERMINERS = ('the', 'a', 'an', 'this', 'that', 'its', 'my', 'your')
# "move to ...", "move the gripper ...": the robot moves, not the object.
_WHERE_THE_ARM_GOES = ('to', 'over', 'above', 'towards', 'toward', 'near', 'closer', 'next')
_ARM = ('gripper', 'arm', 'robot', 'hand', 'tool', 'tip')
_CONTAINERS = ('bowl', 'dish', 'cup', 'tray', 'plate', 'platter', 'basket', 'bin')
_INTO = ('into', 'onto')
_AT = ('in', 'on', 'inside')
# "next to the bowl" is a place beside it.
_BESIDE = ('next', 'close', 'closer', 'closest', 'near', 'nearer', 'nearest')


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


def infer_intent(instruction: str, otherwise: Intent = Intent.PICK) -> Intent:
    """Choose the intent by the first verb that names one; `otherwise` when none does.

    "Pick up the cube and put it in the bowl" is PLACE: grasping is the first half of it.
    """
    words = re.findall(r'\w+', instruction.lower())
    verbs = [
        i
        for i, word in enumerate(words)
        if word in VERBS and (i == 0 or words[i - 1] not in _DETERMINERS)
    ]
    if len(verbs) > 1 and words[verbs[0]] == 'go':  # go and pick ..., go push ...
        verbs = verbs[1:]
    intents = [_intent_of_verb(words[i], words[i + 1 :]) for i in verbs]
    if intents and intents[0] is Intent.PICK and Intent.PLACE in intents:
        return Intent.PLACE
    return intents[0] if intents else otherwise


def infer_task(instruction: str, otherwise: Intent = Intent.PICK) -> Task:
    """Choose the first question to the model by the intent, as `infer_intent` does.

    For PLACE that is what to grasp; the trace to the goal is a second question.
    """
    moves_along_a_trace = infer_intent(instruction, otherwise) in (Intent.REACH, Intent.PUSH)
    return Task.TRAJECTORY if moves_along_a_trace else Task.AFFORDANCE


def _intent_of_verb(verb: str, after: list[str]) -> Intent:
    """Return what one verb asks for, given the words after it."""
    if verb in _TAKING and _names_a_goal(after, (*_INTO, 'to')):
        return Intent.PLACE
    if verb in _INTENT_OF_VERB:
        return _INTENT_OF_VERB[verb]
    if after[:1] and (after[0] in _WHERE_THE_ARM_GOES or any(w in _ARM for w in after[:2])):
        return Intent.REACH
    if _names_a_goal(after, (*_INTO, *_AT, 'to')):
        return Intent.PLACE
    return Intent.PUSH if verb == 'move' else Intent.PICK


def _names_a_goal(words: list[str], prepositions: tuple[str, ...]) -> bool:
    """Whether the words say "into ...", or a preposition before a container: "to the bowl"."""
    for i, word in enumerate(words):
        if word not in prepositions or (i and words[i - 1] in _BESIDE):
            continue
        # Up to three words between: "on the big pink tray".
        if word in _INTO or any(w in _CONTAINERS for w in words[i + 1 : i + 5]):
            return True
    return False


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
