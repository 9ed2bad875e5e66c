"""What comes before tasks: to point at what is named, and to say what is seen."""

from dataclasses import replace

import numpy as np
from vla_r1_core.types import Task
from vla_r1_sim.vocabulary import COLORS, SHAPES

from vla_r1_training.scenes.examples import Asked
from vla_r1_training.scenes.thoughts import listing, put_out, SCENE_LEADS, Seen

_ANY = 0.2
"""Share of the names that are any colour and shape, most of which are not there."""
_BOXES = 0.5
"""Share of the questions that ask for a box."""
_LED = 0.5
"""Share of the lines that lead to another thing."""


def describe(rng: np.random.Generator, asked: Asked) -> tuple[Asked, str]:
    """Return names instead of an instruction, and as answer where that is and all that is seen.

    Where it is: as the prompt asks, its box or a line, which is a stroke across it, from left to
    right, or leads to another thing that is named, too. Nothing else is asked for, and nothing
    thought but what stands where: 'red cube to bowl' is answered by '<think> red cube 0.312 0.540
    0.101 0.120. To: bowl 0.611 0.482 0.140 0.151.</think> so, the answer is <output>[[ 0.312,
    0.540], [ 0.611, 0.482]]</output>. I see: ...', or by '<think> not there.</think> ...'.
    """
    there = {thing.name: thing for thing in asked.things}
    any_ = f'{rng.choice(list(COLORS))} {rng.choice(SHAPES)}'
    name = any_ if rng.random() < _ANY or not there else str(rng.choice(list(there)))
    task = Task.AFFORDANCE if rng.random() < _BOXES else Task.TRAJECTORY
    thing, goal = there.get(name), None
    others = [other for other in there if other != name]
    if task == Task.TRAJECTORY and others and rng.random() < _LED:
        goal = there[str(rng.choice(others))]
    line = _line(thing, goal) if thing and task == Task.TRAJECTORY else ()
    words = f'{name} to {goal.name}' if goal else name
    lead = SCENE_LEADS[rng.integers(len(SCENE_LEADS))]
    question = replace(
        asked,
        instruction=words,
        task=task,
        request=words,
        name=thing.name if thing else None,
        goal=goal.name if goal else '',
        trace=line,
    )
    said = put_out('', thing, line, goal or '')
    return question, f'{said}. {lead}{listing(asked.things)}.'


def _line(thing: Seen, goal: Seen | None) -> tuple[tuple[float, float], ...]:
    """Return the line from one thing to another, or across it, ((x, y), (x, y)) in [0, 1]."""
    if goal:
        return ((thing.box.x, thing.box.y), (goal.box.x, goal.box.y))
    left, _, right, _ = thing.box.corners
    return ((left, thing.box.y), (right, thing.box.y))
