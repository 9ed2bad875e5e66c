"""What comes before tasks: to point at what is named, and to say what is seen."""

from dataclasses import replace

import numpy as np
from vla_r1_core.types import Task
from vla_r1_sim.vocabulary import COLORS, SHAPES

from vla_r1_training.scenes.examples import Asked
from vla_r1_training.scenes.thoughts import listing, put_out, SCENE_LEADS, Seen

_ANY = 0.2
"""Share of the names that are any colour and shape, most of which are not there."""


def describe(rng: np.random.Generator, asked: Asked) -> tuple[Asked, str]:
    """Return a name instead of an instruction, and as answer where that is and all that is seen.

    Where it is: as the prompt asks, its box or a stroke across it, from left to right. Nothing
    else is asked for, and nothing thought but what stands where: 'red cube' is answered by
    '<think> red cube 0.312 0.540 0.101 0.120.</think> so, the answer is <output>[[ 0.262, 0.540],
    [ 0.362, 0.540]]</output>. I see: ...', or by '<think> not there.</think> ...'.
    """
    there = {thing.name: thing for thing in asked.things}
    any_ = f'{rng.choice(list(COLORS))} {rng.choice(SHAPES)}'
    name = any_ if rng.random() < _ANY or not there else str(rng.choice(list(there)))
    task = Task.AFFORDANCE if rng.random() < 0.5 else Task.TRAJECTORY
    thing = there.get(name)
    stroke = _across(thing) if thing and task == Task.TRAJECTORY else ()
    lead = SCENE_LEADS[rng.integers(len(SCENE_LEADS))]
    question = replace(
        asked,
        instruction=name,
        task=task,
        request=name,
        name=thing and thing.name,
        goal='',
        trace=stroke,
    )
    return question, f'{put_out("", thing, stroke)}. {lead}{listing(asked.things)}.'


def _across(thing: Seen) -> tuple[tuple[float, float], ...]:
    """Return a stroke across a thing, from left to right, ((x, y), (x, y)) in [0, 1]."""
    left, _, right, _ = thing.box.corners
    return ((left, thing.box.y), (right, thing.box.y))
