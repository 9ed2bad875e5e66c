"""Questions whose list of what is seen is not what their picture shows.

What is meant has to follow from what is listed. Behind a list that is true, a small model looks at
the picture again instead: where it sees badly, it then means a thing that it has not listed.
"""

from dataclasses import replace

import numpy as np
from vla_r1_core.types import Task
from vla_r1_sim.vocabulary import COLORS, SHAPES

from vla_r1_training.scenes.examples import Asked

_GONE = {Task.AFFORDANCE: 0.3, Task.TRAJECTORY: 0.5}
"""Share of the questions about a thing that is there whose list lacks it."""


def contradict(rng: np.random.Generator, asked: Asked) -> Asked | None:
    """List other things than the picture shows; what is meant follows from this list.

    The thing that is meant is left out, or things have each other's names, or one has the name of
    what is not there. What a relation means in another list is not known here, nor is the way
    there for another thing.

    Args:
        rng: draws which, and what.
        asked: a question, its list true.

    Returns:
        The question, or None where no other list is known to be possible.
    """
    if asked.relative:
        return None
    objects = [i for i, thing in enumerate(asked.things) if thing.is_called('object')]
    if asked.name is None:
        return _found(rng, asked, objects)
    if rng.random() < _GONE[asked.task]:
        left = tuple(thing for thing in asked.things if thing.name != asked.name)
        return replace(asked, things=left, name=None, goal='', trace=())
    if asked.task == Task.TRAJECTORY:
        objects = [i for i in objects if asked.things[i].name != asked.name]
    if len(objects) < 2:
        return None
    things = list(asked.things)
    for i, j in zip(objects, rng.permutation(objects).tolist(), strict=True):
        things[i] = replace(asked.things[i], name=asked.things[j].name)
    return replace(asked, things=tuple(things))


def _found(rng: np.random.Generator, asked: Asked, objects: list[int]) -> Asked | None:
    """Give one of the objects the name of what is not there."""
    color, _, shape = asked.request.partition(' ')[2].partition(' ')
    if asked.task != Task.AFFORDANCE or color not in COLORS or shape not in SHAPES or not objects:
        return None
    things, i = list(asked.things), int(rng.choice(objects))
    things[i] = replace(things[i], name=f'{color} {shape}')
    return replace(asked, things=tuple(things), name=things[i].name)
