"""What an instruction asks for, in the simulator's words: used for scenes and for the truth."""

from dataclasses import dataclass
import re

from vla_r1_core.prompt import infer_intent, Intent

from vla_r1_sim.vocabulary import BARE_NOUN, CONTAINERS, DIRECTIONS, MENTION, RELATION, SYNONYMS


@dataclass(frozen=True)
class ObjectQuery:
    """The objects that a mention fits; None fits every colour or every shape."""

    color: str | None
    shape: str | None

    def fits(self, color: str, shape: str) -> bool:
        """Whether an object of this colour and shape is meant."""
        return self.color in (None, color) and self.shape in (None, shape)

    def __str__(self) -> str:
        return ' '.join(word for word in (self.color, self.shape or 'object') if word)


Thing = ObjectQuery | str
"""A description of an object, or the name of a container."""


@dataclass(frozen=True)
class Relation:
    """How the thing that is meant stands to another: a group of RELATION, or 'other'."""

    kind: str
    anchor: Thing


@dataclass(frozen=True)
class Command:
    """An instruction that has been read.

    Attributes:
        intent: what to do.
        target: the thing to do it with; None when nothing known is named.
        relation: which of those that fit, when words other than colour and shape say so.
        goal: name of the container that the object shall go into, for PLACE.
        direction: where to push, (x, y) in the picture with y down, for PUSH.
    """

    intent: Intent
    target: Thing | None
    relation: Relation | None
    goal: str | None
    direction: tuple[float, float] | None


def read(instruction: str) -> Command:
    """Read an instruction."""
    intent = infer_intent(instruction)
    spans = _things(instruction)
    things = [thing for thing, _, _ in spans]
    target, relation, used = _target(instruction, spans)
    goals = [thing for thing in things[used:] if isinstance(thing, str)]
    return Command(
        intent,
        target,
        relation,
        goal=goals[0] if intent is Intent.PLACE and goals else None,
        direction=_direction(instruction) if intent is Intent.PUSH else None,
    )


def mentioned_objects(instruction: str) -> tuple[ObjectQuery, ...]:
    """Return the objects an instruction names, in the order of the words; often just one.

    An instruction that names nothing from the vocabulary gives an empty tuple.
    """
    return tuple(_query(match) for match in MENTION.finditer(instruction))


def mentioned_containers(instruction: str) -> tuple[str, ...]:
    """Return 'bowl' and 'tray' in the order in which an instruction first names them."""
    named = (CONTAINERS.get(word) for word in _words(instruction))
    return tuple(dict.fromkeys(name for name in named if name))


_Span = tuple[Thing, int, int]
"""A thing and where in the text its words begin and end."""


def _things(instruction: str) -> list[_Span]:
    """Return everything that is named, in the order of the words."""
    spans: list[_Span] = [(_query(m), m.start(), m.end()) for m in MENTION.finditer(instruction)]
    spans += [
        (ObjectQuery(None, None), m.start(), m.end())
        for m in BARE_NOUN.finditer(instruction)
        if RELATION.match(instruction, m.end())
    ]
    spans += [
        (CONTAINERS[m[0].lower()], m.start(), m.end())
        for m in re.finditer(r'\w+', instruction)
        if m[0].lower() in CONTAINERS
    ]
    return sorted(spans, key=lambda span: span[1])


def _target(text: str, spans: list[_Span]) -> tuple[Thing | None, Relation | None, int]:
    """Return which thing is meant, and how many of `spans` were used to say so."""
    for i, (thing, start, _) in enumerate(spans):
        if i and re.search(r'\bother\s+$', text[:start], re.IGNORECASE):
            return thing, Relation('other', spans[i - 1][0]), i + 1
    for i, (thing, _, end) in enumerate(spans):
        if isinstance(thing, str):
            continue
        phrase = RELATION.match(text, end)
        if phrase and phrase.lastgroup and i + 1 < len(spans) and spans[i + 1][1] == phrase.end():
            return thing, Relation(phrase.lastgroup, spans[i + 1][0]), i + 2
        return thing, None, i + 1
    return (spans[0][0], None, 1) if spans else (None, None, 0)


def _query(match: re.Match[str]) -> ObjectQuery:
    color = match['color'] or match['only_color']
    shape = match['shape'] and match['shape'].lower()
    return ObjectQuery(color and color.lower(), SYNONYMS.get(shape, shape))


def _direction(instruction: str) -> tuple[float, float] | None:
    named = (DIRECTIONS.get(word) for word in _words(RELATION.sub(' ', instruction)))
    return next((way for way in named if way), None)


def _words(instruction: str) -> list[str]:
    return re.findall(r'\w+', instruction.lower())
