"""Which of the seen objects a description means.

Spatial words are meant as the camera sees: left is left in the picture, in front is nearer to the
camera. What is not clear at a glance is refused with the list of what could be meant.
"""

from collections.abc import Callable
import math

from vla_r1_core.errors import ReasonCode, ReasoningError

from vla_r1_perception.phrase import Phrase, Relation
from vla_r1_perception.scene import Point, SeenObject
from vla_r1_perception.vocabulary import CONTAINERS

_CLEAR = 0.02  # of the image's height: two places that differ by less are not told apart
_CLEARLY_NEARER = 0.9  # times the next one's distance
# A table seen obliquely looks shorter in depth than it is: by nothing, seen from above, up to
# this. What is next to something must be so for both.
_FORESHORTENING = 1.6
_LOOKS_BIGGER = 1.05
# What looks this much bigger is bigger, even if it is nearer to the camera.
_MUCH_BIGGER = 1.25
_INSIDE = 0.2  # what lies in a container ends lower than this share of the container's box

# Unit vectors in the picture, y towards the camera.
_SIDES = {
    'left of': (-1.0, 0.0),
    'right of': (1.0, 0.0),
    'in front of': (0.0, 1.0),
    'behind': (0.0, -1.0),
}
_ENDS = {
    'leftmost': (-1.0, 0.0),
    'rightmost': (1.0, 0.0),
    'nearest': (0.0, 1.0),
    'farthest': (0.0, -1.0),
}
_Order = Callable[[SeenObject, SeenObject], bool]


class NotSeenError(Exception):
    """Nothing in the picture fits the description."""

    def __init__(self, phrase: Phrase) -> None:
        super().__init__(str(phrase))
        self.phrase = phrase


def resolve(phrase: Phrase, objects: list[SeenObject]) -> SeenObject:
    """Return the one object that is meant.

    Raises:
        NotSeenError: none fits, or what it is described by is not there.
        ReasoningError: UNSUPPORTED_INSTRUCTION, several fit; the message lists them.
    """
    fitting = [o for o in objects if _fits(o, phrase)]
    if phrase.excluded:
        fitting = [o for o in fitting if not _fits(o, phrase.excluded)]
    if phrase.not_at:
        fitting = [o for o in fitting if not is_at(o, phrase.not_at)]
        fitting = [o for o in fitting if o.color == phrase.rather] or fitting
    if fitting and phrase.relation:
        fitting = _related(fitting, phrase.relation, objects)
    if not fitting:
        raise NotSeenError(phrase)
    if len(fitting) > 1 and phrase.extreme:
        is_more = _ORDER_OF[phrase.extreme]
        most = [
            o for o in fitting if all(is_more(o, other) for other in fitting if other is not o)
        ]
        fitting = most or fitting
    if len(fitting) > 1:
        names = ', '.join(f'{o.name} at {o.where}' for o in fitting)
        raise ReasoningError(
            ReasonCode.UNSUPPORTED_INSTRUCTION,
            f'{len(fitting)} objects fit "{phrase}": {names}. '
            'Name colour and shape of one, or say clearly where it is',
        )
    return fitting[0]


def _fits(seen: SeenObject, phrase: Phrase) -> bool:
    """Whether colour and shape fit; an "object" is no container."""
    if not phrase.color and not phrase.shape and seen.shape in CONTAINERS:
        return False
    return phrase.color in (None, seen.color) and phrase.shape in (None, seen.shape)


def is_at(seen: SeenObject, place: Point) -> bool:
    """Whether an object is seen at (x, y) in [0, 1]."""
    left, top, right, bottom = seen.box.corners
    return left <= place[0] <= right and top <= place[1] <= bottom


def _related(
    candidates: list[SeenObject], relation: Relation, objects: list[SeenObject]
) -> list[SeenObject]:
    """Keep the candidates of which the relation holds."""
    reference = resolve(relation.to, objects)
    candidates = [o for o in candidates if o is not reference]
    if relation.kind == 'in':
        return [o for o in candidates if is_inside(o, reference)]
    if relation.kind in ('next to', 'farthest from'):
        return _by_distance(reference, candidates, farthest=relation.kind == 'farthest from')
    side = _SIDES[relation.kind]
    beside = [o for o in candidates if _way(reference, o, side) > _CLEAR]
    # Of several, the one is meant that lies more to this side than to another.
    mainly = [o for o in beside if _way(reference, o, side) > _across(reference, o, side)]
    return mainly if len(beside) > 1 and mainly else beside


def is_inside(seen: SeenObject, container: SeenObject) -> bool:
    """Whether an object lies in a bowl or on a tray: it ends within, not at the far rim."""
    left, top, right, bottom = container.box.corners
    end = seen.box.corners[3]
    return left < seen.box.x < right and top + _INSIDE * container.box.height < end < bottom


def _by_distance(
    reference: SeenObject, candidates: list[SeenObject], *, farthest: bool
) -> list[SeenObject]:
    """Return the clearly nearest (or farthest) one, or all that could be meant."""
    could_be = set()
    for stretch in (1.0, _FORESHORTENING):
        distances = [_distance(reference, o, stretch) for o in candidates]
        for i, distance in enumerate(distances):
            if farthest:
                fits = distance >= _CLEARLY_NEARER * max(distances)
            else:
                fits = _CLEARLY_NEARER * distance <= min(distances)
            if fits:
                could_be.add(i)
    return [candidates[i] for i in sorted(could_be)]


def _distance(a: SeenObject, b: SeenObject, stretch: float) -> float:
    return math.hypot(a.foot[0] - b.foot[0], stretch * (a.foot[1] - b.foot[1]))


def _way(begin: SeenObject, end: SeenObject, side: tuple[float, float]) -> float:
    """How far `end` lies to this side of `begin`, in image heights."""
    return (end.foot[0] - begin.foot[0]) * side[0] + (end.foot[1] - begin.foot[1]) * side[1]


def _across(begin: SeenObject, end: SeenObject, side: tuple[float, float]) -> float:
    """How far `end` lies off the line from `begin` to this side, in image heights."""
    return abs(_way(begin, end, (side[1], side[0])))


def _farther(side: tuple[float, float]) -> _Order:
    return lambda a, b: _way(b, a, side) > _CLEAR


def _bigger(a: SeenObject, b: SeenObject) -> bool:
    """Whether `a` is bigger; what is nearer to the camera looks bigger than it is."""
    not_nearer = a.foot[1] < b.foot[1] + _CLEAR
    return a.size > (_LOOKS_BIGGER if not_nearer else _MUCH_BIGGER) * b.size


_ORDER_OF: dict[str, _Order] = {
    **{extreme: _farther(side) for extreme, side in _ENDS.items()},
    'biggest': _bigger,
    'smallest': lambda a, b: _bigger(b, a),
}
