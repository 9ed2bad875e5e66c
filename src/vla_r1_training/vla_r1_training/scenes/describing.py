"""What comes before tasks: to point at what is named, and to say what is seen."""

from dataclasses import replace
import re

import numpy as np
from vla_r1_core.types import Task
from vla_r1_sim.vocabulary import COLORS, SHAPES

from vla_r1_training.scenes.examples import Asked
from vla_r1_training.scenes.thoughts import answer, listing, NOT_THERE, SCENE_LEADS, written

_PLACE = re.compile(r'[^.;]*?( \d\.\d{3}){4}')
_ANY = 0.2
"""Share of the names that are any colour and shape, most of which are not there."""


def describe(rng: np.random.Generator, asked: Asked) -> tuple[Asked, str]:
    """Return a name instead of an instruction, and as answer its line and all that is seen.

    Nothing else is asked for, and nothing thought: 'red cube' is answered by ' red cube 0.312
    0.540 0.101 0.120. I see: ...', or by ' not there. I see: ...'.
    """
    there = {thing.name: thing for thing in asked.things}
    any_ = f'{rng.choice(list(COLORS))} {rng.choice(SHAPES)}'
    name = any_ if rng.random() < _ANY or not there else str(rng.choice(list(there)))
    line = written(there[name]) if name in there else NOT_THERE
    lead = SCENE_LEADS[rng.integers(len(SCENE_LEADS))]
    question = replace(
        asked,
        instruction=name,
        task=Task.AFFORDANCE,
        request=name,
        name=name if name in there else None,
        goal='',
        trace=(),
    )
    return question, f'{line}. {lead}{listing(asked.things)}.'


def pointed(text: str) -> str:
    """Return such an answer as one to an instruction, so that it can be judged as these are."""
    if text.startswith(NOT_THERE):
        return answer(NOT_THERE, 'null')
    place = _PLACE.match(text)
    if not place:
        return ''
    x, y, width, height = place[0].split()[-4:]
    return answer(text, f'{{"x":{x}, "y":{y}, "width":{width}, "height":{height}}}')
