"""A deterministic reasoner without weights: colour and shape, found in the pixels.

It is the demo's model and the ruler for all others: what the rest of the system does with a right
answer can be measured by it. It sees the picture and the words, nothing else.
"""

import re

import numpy as np
from numpy.typing import NDArray
from vla_r1_core.errors import ReasonCode, ReasoningError
from vla_r1_core.output import format as format_answer
from vla_r1_core.prompt import build_prompt
from vla_r1_core.types import Answer, ParsedAnswer, Task, Trajectory2D

from vla_r1_perception import thought, traces
from vla_r1_perception.reasoner import OnToken, ShouldStop
from vla_r1_perception.scene import see_gripper, see_objects, SeenObject
from vla_r1_perception.words import DIRECTIONS, Query, understand


class ScriptedReasoner:
    """Finds the named object by colour and shape; the seed does not matter."""

    name = 'scripted'
    weights_sha256 = ''

    def answer(
        self,
        image: NDArray[np.uint8],
        instruction: str,
        task: Task,
        *,
        seed: int,
        on_token: OnToken,
        should_stop: ShouldStop,
    ) -> Answer:
        """Answer one instruction about one image; see `Reasoner.answer`."""
        query = understand(instruction)
        objects = see_objects(image)
        target = _find(query, objects)
        if task == Task.AFFORDANCE:
            steps = thought.affordance(instruction, query, objects, target)
            parsed = ParsedAnswer(task, _join(steps), box=target.box if target else None)
        else:
            gripper = see_gripper(image)
            trace = _trace(query, objects, target, gripper) if target else None
            steps = thought.trajectory(instruction, query, objects, target, gripper, trace)
            parsed = ParsedAnswer(task, _join(steps), trajectory=trace)
        text = format_answer(parsed)
        words = _stream(text, on_token, should_stop)
        return Answer(
            prompt=build_prompt(instruction, task),
            text=text,
            label=str(query),
            completion_tokens=words,
        )


def _find(query: Query, objects: list[SeenObject]) -> SeenObject | None:
    """Return the one object that fits, None when none does."""
    fitting = [
        o for o in objects if query.color in (None, o.color) and query.shape in (None, o.shape)
    ]
    if len(fitting) > 1:
        names = ', '.join(f'{o.name} at {thought.place(o.box)}' for o in fitting)
        raise ReasoningError(
            ReasonCode.UNSUPPORTED_INSTRUCTION,
            f'{len(fitting)} objects fit "{query}": {names}. Name colour and shape of one',
        )
    return fitting[0] if fitting else None


def _trace(
    query: Query,
    objects: list[SeenObject],
    target: SeenObject,
    gripper: tuple[float, float] | None,
) -> Trajectory2D:
    if query.direction:
        return traces.push(target.box, DIRECTIONS[query.direction])
    obstacles = [o.box for o in objects if o is not target]
    return traces.reach(gripper or (target.box.x, 0.0), target.box, obstacles)


def _join(steps: list[str]) -> str:
    return '\n'.join(f'{i}. {step}' for i, step in enumerate(steps, start=1))


def _stream(text: str, on_token: OnToken, should_stop: ShouldStop) -> int:
    """Hand the text out sentence by sentence, as a model would token by token."""
    words, end = 0, 0
    for piece in re.findall(r'[^\n;]+[\n;]*', text):
        if should_stop():
            raise ReasoningError(ReasonCode.CANCELED, 'the answer was stopped')
        end += len(piece)
        words += len(piece.split())
        on_token(text[:end], words)
    return words
