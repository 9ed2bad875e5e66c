"""A deterministic reasoner without weights: colours, shapes and places, found in the pixels.

It is the demo's model and the ruler for all others: what the rest of the system does with a right
answer can be measured by it. It sees the picture and the words, nothing else.
"""

from collections.abc import Sequence
import re

import numpy as np
from numpy.typing import NDArray
from vla_r1_core.errors import ReasonCode, ReasoningError
from vla_r1_core.output import format as format_answer
from vla_r1_core.profiles import PROFILES
from vla_r1_core.prompt import build_prompt, Intent
from vla_r1_core.types import Answer, ParsedAnswer, Task, Trajectory2D

from vla_r1_perception import thought, traces
from vla_r1_perception.config import ReasonerConfig
from vla_r1_perception.conversation import Exchange
from vla_r1_perception.phrase import Command
from vla_r1_perception.reasoner import OnToken, ShouldStop
from vla_r1_perception.relations import is_at, NotSeenError, resolve
from vla_r1_perception.scene import Point, see_gripper, see_objects, SeenObject
from vla_r1_perception.vocabulary import DIRECTIONS
from vla_r1_perception.words import understand

_STEPS = 50  # along a push, to find what is pushed


class ScriptedReasoner:
    """Finds the object that the words describe; the seed does not matter."""

    name = 'scripted'
    weights_sha256 = ''
    profile = PROFILES['vla_r1']
    config = ReasonerConfig()

    def answer(
        self,
        image: NDArray[np.uint8],
        instruction: str,
        task: Task,
        *,
        seed: int,
        on_token: OnToken,
        should_stop: ShouldStop,
        context: Sequence[Exchange] = (),
    ) -> Answer:
        """Answer one instruction about one image; see `Reasoner.answer`."""
        objects = see_objects(image)
        command = understand(instruction, *_recall(context, objects))
        meant = command.target
        try:
            target = resolve(command.target, objects)
            if task == Task.AFFORDANCE:
                steps = thought.affordance(instruction, command, objects, target)
                parsed = ParsedAnswer(task, _join(steps), box=target.box)
            else:
                goal = resolve(command.goal, objects) if command.goal else None
                gripper = see_gripper(image)
                trace = _trace(command, objects, target, goal, gripper)
                steps = thought.trajectory(
                    instruction, command, objects, target, goal, gripper, trace
                )
                parsed = ParsedAnswer(task, _join(steps), trajectory=trace)
        except NotSeenError as missing:
            meant = missing.phrase
            steps = thought.absence(instruction, command, task, objects, meant)
            parsed = ParsedAnswer(task, _join(steps))
        text = format_answer(parsed)
        words = _stream(text, on_token, should_stop)
        return Answer(
            prompt=build_prompt(instruction, task),
            text=text,
            label=str(meant),
            completion_tokens=words,
        )


def _recall(
    context: Sequence[Exchange], objects: list[SeenObject]
) -> tuple[Command | None, Point | None]:
    """Return what was asked for last, and where that was found."""
    before, place = None, None
    for exchange in context:
        try:
            before = understand(exchange.instruction, before, place)
        except ReasoningError:
            continue
        place = _place_of(exchange, before.intent, objects) if exchange.text else None
    return before, place


def _place_of(exchange: Exchange, intent: Intent, objects: list[SeenObject]) -> Point | None:
    """Return where the object of an answer was, (x, y) in [0, 1]; None if it was not there."""
    # An answer's coordinates are shares of the picture, whose size does not matter.
    said = ScriptedReasoner.profile.read(exchange.text, exchange.task, 1, 1)
    if said.box:
        return said.box.x, said.box.y
    if not said.trajectory:
        return None
    points = said.trajectory.points
    if intent is Intent.PUSH:  # begins beside it and goes through it
        steps = np.linspace(points[0], points[-1], _STEPS)
        return next(((x, y) for x, y in steps if any(is_at(o, (x, y)) for o in objects)), None)
    return points[0] if intent is Intent.PLACE else points[-1]


def _trace(
    command: Command,
    objects: list[SeenObject],
    target: SeenObject,
    goal: SeenObject | None,
    gripper: Point | None,
) -> Trajectory2D:
    """Return the way that the command asks for: a push, a carry, or the reach to the target."""
    if command.direction:
        return traces.push(target.box, DIRECTIONS[command.direction])
    if goal and command.intent is Intent.PUSH:
        return traces.push_towards(target.box, goal.box)
    obstacles = [o.box for o in objects if o not in (target, goal)]
    place = (target.box.x, target.box.y)
    if goal:
        return traces.travel(place, goal.middle, obstacles)
    return traces.travel(gripper or (target.box.x, 0.0), place, obstacles)


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
