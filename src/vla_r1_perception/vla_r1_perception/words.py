"""The grammar of the scripted backend: from an instruction to a command, or a refusal.

Nothing is guessed: an instruction that says more about an object than is understood is refused.
"""

from dataclasses import replace

from vla_r1_core.errors import ReasonCode, ReasoningError
from vla_r1_core.prompt import infer_intent, Intent, VERBS

from vla_r1_perception.phrase import Command, Phrase, Relation
from vla_r1_perception.reader import Reader
from vla_r1_perception.scene import Point
from vla_r1_perception.vocabulary import (
    AFTERTHOUGHTS,
    ANY_SHAPE,
    BEFORE,
    BETWEEN_CLAUSES,
    COLOR_OF,
    COLORS,
    CONTAINERS,
    CORRECTIONS,
    DETERMINERS,
    DIRECTIONS,
    EXCEPTIONS,
    EXTREME_OF,
    EXTREMES,
    FILLERS,
    INTO,
    LINKS,
    MEANINGFUL,
    NEGATIONS,
    NO_PLACE,
    POLITE,
    SHAPE_OF,
    SHAPES,
    TAIL_OF,
    TOWARDS,
    WAY_OF,
)

_NAMES = {*COLOR_OF, *SHAPE_OF}
_MUST_BE_UNDERSTOOD = {*_NAMES, *EXTREME_OF, *DIRECTIONS, *NEGATIONS, *MEANINGFUL}


def understand(
    instruction: str, before: Command | None = None, place: Point | None = None
) -> Command:
    """Return what the instruction asks for.

    Args:
        instruction: what is said.
        before: what was asked for before; it completes "no, the left one".
        place: (x, y) in [0, 1] of what was found then; it is not "the other one".

    Raises:
        ReasoningError: UNSUPPORTED_INSTRUCTION, naming the words that would be understood.
    """
    intent = infer_intent(instruction, before.intent if before else Intent.PICK)
    reader = Reader(instruction)
    if before:
        reader.skip(CORRECTIONS)
    target = _first_object(reader, before.target if before else None, place)
    direction = goal = None
    if before:
        reader.skip(AFTERTHOUGHTS)
        has_no_verb = infer_intent(instruction) is not infer_intent(instruction, Intent.PUSH)
        if has_no_verb and not reader.rest:
            return replace(before, target=target)
    if intent is Intent.PUSH:
        direction, goal = _way(reader)
    elif intent is Intent.PLACE:
        target, goal = _container(reader, target)
    if _MUST_BE_UNDERSTOOD.intersection(reader.rest):
        raise _unsupported(f'I do not understand "{" ".join(reader.rest)}" at the end')
    return Command(intent, target, direction, goal)


def _first_object(
    reader: Reader, before: Phrase | None = None, place: Point | None = None
) -> Phrase:
    """Read up to the end of the first object that is meant.

    Args:
        reader: of the instruction.
        before: what was meant before.
        place: of what was found then.
    """
    excluded = None
    while reader.rest:
        reader.skip(POLITE)
        if reader.accept(EXCEPTIONS):
            excluded = _excluded(reader)
            reader.accept(('but',))
        elif reader.word in _NAMES or (
            reader.before in DETERMINERS and reader.word in {*EXTREME_OF, *ANY_SHAPE, 'other'}
        ):
            if reader.before and reader.before not in {*BEFORE, *VERBS}:
                raise _unsupported(f'I do not know what "{reader.before} {reader.word}" is')
            return _object(reader, excluded, before, place)
        elif reader.word in NEGATIONS or reader.word.endswith("n't"):
            raise _unsupported(f'I do not understand "{reader.word}"')
        else:
            reader.step()
    raise _unsupported('I cannot tell which object is meant')


def _object(
    reader: Reader,
    excluded: Phrase | None = None,
    said: Phrase | None = None,
    place: Point | None = None,
) -> Phrase:
    """Read one object with all that is said about it, and with what was `said` before."""
    reader.skip(DETERMINERS)
    color = extreme = None
    other = False
    while True:
        if color is None and reader.word in COLOR_OF:
            color = COLOR_OF[reader.step()]
        elif extreme is None and reader.word in EXTREME_OF:
            extreme = EXTREME_OF[reader.step()]
        elif reader.word == 'other':
            other = bool(reader.step())
        elif reader.word not in FILLERS or not reader.step():
            break
    if reader.word not in SHAPE_OF and reader.word not in ANY_SHAPE:
        before = f'{reader.before} ' if reader.before not in DETERMINERS else ''
        raise _unsupported(f'I do not know what "{before}{reader.word}" is')
    noun = reader.step()
    shape = SHAPE_OF.get(noun)
    rather: str | None = None
    if said and noun == 'one':
        shape = said.shape
        rather = said.color if other and not color else None
        color = color or (None if other else said.color)
    phrase = _tail(reader, Phrase(color, shape, extreme, excluded=excluded))
    if other and not phrase.excluded:
        if place is None:
            raise _unsupported('I cannot tell which "other" one; say "not the red one, the other"')
        phrase = replace(phrase, not_at=place, rather=rather)
    return phrase


def _tail(reader: Reader, phrase: Phrase) -> Phrase:
    """Read what follows an object's name: "on the left", "behind the ball", "not the red one"."""
    while True:
        reader.skip((*LINKS, *NO_PLACE))
        if reader.accept((*EXCEPTIONS, 'but not')):
            phrase = replace(phrase, excluded=_excluded(reader))
        elif phrase.color is None and reader.word in COLOR_OF:
            phrase = replace(phrase, color=COLOR_OF[reader.step()])
        elif phrase.relation is None and (said := reader.accept(TAIL_OF)):
            kind = TAIL_OF[said]
            if kind in EXTREMES:
                if phrase.extreme:
                    raise _unsupported(f'I do not know what "{phrase.extreme} {said}" means')
                phrase = replace(phrase, extreme=kind)
                continue
            other = _object(reader)
            if kind == 'in' and other.shape not in CONTAINERS:
                raise _unsupported(f'I do not know what "{said} the {other}" means')
            phrase = replace(phrase, relation=Relation(kind, other))
        else:
            return phrase


def _excluded(reader: Reader) -> Phrase:
    """Read what is not meant: "the red one", "the cube", "red"."""
    reader.skip(DETERMINERS)
    color = COLOR_OF[reader.step()] if reader.word in COLOR_OF else None
    shape = SHAPE_OF[reader.step()] if reader.word in SHAPE_OF else None
    if not color and not shape:
        raise _unsupported(f'I do not understand "{reader.before} {reader.word}"')
    reader.skip(ANY_SHAPE)
    return Phrase(color, shape)


def _way(reader: Reader) -> tuple[str | None, Phrase | None]:
    """Read where a push goes: a direction, or another object."""
    reader.skip(BETWEEN_CLAUSES)
    said = reader.accept((*WAY_OF, *TOWARDS))
    if said in WAY_OF:
        return WAY_OF[said], None
    if said in TOWARDS:
        return None, _object(reader)
    raise _unsupported('I cannot tell which way to push')


def _container(reader: Reader, target: Phrase) -> tuple[Phrase, Phrase]:
    """Read where an object is put and return it with its container."""
    reader.skip(BETWEEN_CLAUSES)
    goal = _object(reader) if reader.accept(INTO) else None
    if goal is None:
        target, goal = _split_goal(target)
    if goal is None or goal.shape not in CONTAINERS:
        raise _unsupported('I can put things only into a bowl or onto a tray')
    return target, goal


def _split_goal(phrase: Phrase) -> tuple[Phrase, Phrase | None]:
    """Take the last "in the bowl" for the goal: in "put the cube in the bowl" it is no place."""
    if phrase.relation is None:
        return phrase, None
    other, goal = _split_goal(phrase.relation.to)
    if goal:
        return replace(phrase, relation=replace(phrase.relation, to=other)), goal
    if phrase.relation.kind == 'in':
        return replace(phrase, relation=None), phrase.relation.to
    return phrase, None


def _unsupported(what: str) -> ReasoningError:
    return ReasoningError(
        ReasonCode.UNSUPPORTED_INSTRUCTION,
        f'{what}. The scripted backend knows English commands about one object, named by colour '
        f'({", ".join(COLORS)}), shape ({", ".join(SHAPES)}) and place (leftmost, nearest, '
        'left of, behind, next to, in ...), such as "pick up the red cube", "put the ball in the '
        f'bowl"; to push: {", ".join(DIRECTIONS)}, or towards another object',
    )
