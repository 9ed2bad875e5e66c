"""Questions about how the things of a list lie to each other, as many as there are lists.

Rendered scenes are seldom asked so, and where they are, mostly one thing alone can be meant: from
these nobody learns to compare. What a list is of, a picture or none, is up to the caller.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
import math

import numpy as np
from vla_r1_core.prompt import infer_intent, Intent
from vla_r1_core.types import Box, Task
from vla_r1_sim.vocabulary import COLORS, SHAPES

from vla_r1_training.scenes.examples import Asked
from vla_r1_training.scenes.phrases import DISTANCE_WORDS, FARTHEST, OTHER, SAID, SIDE_WORDS, vary
from vla_r1_training.scenes.thoughts import Seen

_SIDE, _DISTANCE = 'side', 'distance'
_SHARES = {_SIDE: 0.4, _DISTANCE: 0.45, OTHER: 0.15}
_TRIES = 8
_ALONE = 0.3
"""Share of the draws that are kept although only one thing may be meant."""
_FEW = 2
"""Shapes that a list has at most whose things are named anew."""
_CLEARLY = 0.05
"""How far to a side the thing meant lies, at least [sides of the picture]."""
_OTHER_SIDE = -0.02
"""How far on the other side the others lie, at least."""
_RATIO = 1.15
"""By how much the next one must be farther than the nearest; or nearer than the farthest."""


def named_anew(rng: np.random.Generator, things: Sequence[Seen]) -> list[Seen]:
    """Return a list in which objects have other names, of few shapes: several are alike."""
    shapes = rng.choice(SHAPES, _FEW, replace=False)
    pairs = rng.permutation([f'{color} {shape}' for color in COLORS for shape in shapes]).tolist()
    return [replace(t, name=pairs.pop()) if t.is_called('object') else t for t in things]


@dataclass(frozen=True)
class _Riddle:
    """Of those that are called so, the one that stands so to the anchor, and which it is."""

    what: str
    relation: str
    anchor: str
    meant: str


def relate(rng: np.random.Generator, asked: Asked, things: Sequence[Seen]) -> Asked | None:
    """Ask for a thing of a list by where it lies.

    Args:
        rng: draws words and which relation.
        asked: a question about the same picture.
        things: the list.

    Returns:
        A question for a box, or None where the list singles out none.
    """
    kind = str(rng.choice(list(_SHARES), p=list(_SHARES.values())))
    riddles = (_riddle(rng, kind, things) for _ in range(_TRIES))
    riddle = next((found for found in riddles if found), None)
    if riddle is None:
        return None
    words = {**SIDE_WORDS, **DISTANCE_WORDS}.get(riddle.relation)
    if words:
        it = f'the {riddle.what} {rng.choice(words)} the {riddle.anchor}'
    else:
        it = f'not the {riddle.anchor} but the other {riddle.what}'
    intent = (Intent.PICK, Intent.REACH)[rng.integers(2)]
    say = SAID[intent][rng.integers(len(SAID[intent]))]
    varied = vary(rng, say)
    return replace(
        asked,
        instruction=(varied if infer_intent(varied) == intent else say).format(it=it),
        task=Task.AFFORDANCE,
        request=f'{intent.value} {riddle.what} {riddle.relation} {riddle.anchor}',
        things=tuple(things),
        name=riddle.meant,
        goal='',
        trace=(),
    )


def _riddle(rng: np.random.Generator, kind: str, things: Sequence[Seen]) -> _Riddle | None:
    """Draw a riddle; None where it has no clear answer, or mostly where only one may be meant."""
    objects = [thing for thing in things if thing.is_called('object')]
    if len(objects) < 2:
        return None
    places = [thing for thing in things if thing not in objects]
    by_place = kind == _DISTANCE and bool(places) and rng.random() < 0.5
    anchors = places if by_place else objects
    anchor = anchors[rng.integers(len(anchors))]
    others = [thing for thing in objects if thing != anchor]
    like = anchor if kind == OTHER else others[rng.integers(len(others))]
    what = 'object' if by_place else like.name.split()[1]
    fits = [thing for thing in others if thing.is_called(what)]
    if kind != OTHER and len(fits) == 1 and rng.random() > _ALONE:
        return None
    relations = {_SIDE: list(SIDE_WORDS), _DISTANCE: list(DISTANCE_WORDS), OTHER: [OTHER]}[kind]
    relation = relations[rng.integers(len(relations))]
    meant = _meant(relation, anchor.box, fits)
    return _Riddle(what, relation, anchor.name, meant.name) if meant else None


def _meant(relation: str, here: Box, fits: Sequence[Seen]) -> Seen | None:
    """Return the one that is clearly meant, if there is one."""
    if relation == OTHER:
        return fits[0] if len(fits) == 1 else None
    if relation in DISTANCE_WORDS:
        order = sorted(fits, key=lambda t: _far(t.box, here), reverse=relation == FARTHEST)
        far = sorted(_far(thing.box, here) for thing in order[:2])
        return order[0] if len(far) == 1 or far[1] > _RATIO * far[0] else None
    towards = {
        'left of': (-1, 0), 'right of': (1, 0), 'behind': (0, -1), 'in front of': (0, 1),
    }[relation]  # fmt: skip
    sides = [np.dot(towards, (t.box.x - here.x, t.box.y - here.y)) for t in fits]
    there = [t for t, side in zip(fits, sides, strict=True) if side > _OTHER_SIDE]
    return there[0] if len(there) == 1 and max(sides) > _CLEARLY else None


def _far(box: Box, here: Box) -> float:
    return math.hypot(box.x - here.x, box.y - here.y)
