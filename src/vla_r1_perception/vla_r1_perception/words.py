"""Which object and which way an instruction means, in the few words the scripted backend knows."""

from dataclasses import dataclass
import re

from vla_r1_core.errors import ReasonCode, ReasoningError

COLORS = {
    'red': ('red', 'crimson', 'scarlet'),
    'orange': ('orange',),
    'yellow': ('yellow', 'golden'),
    'green': ('green', 'lime'),
    'blue': ('blue', 'navy'),
    'purple': ('purple', 'violet', 'magenta'),
}
SHAPES = {
    'cube': ('cube', 'block', 'dice'),
    'cylinder': ('cylinder', 'can', 'tube', 'tin'),
    'ball': ('ball', 'sphere', 'marble'),
    'box': ('box', 'brick', 'cuboid', 'bar'),
}
# (x, y) in the picture, y down: the far end of a table is up.
DIRECTIONS = {
    'left': (-1.0, 0.0),
    'right': (1.0, 0.0),
    'away': (0.0, -1.0),
    'back': (0.0, -1.0),
    'closer': (0.0, 1.0),
    'nearer': (0.0, 1.0),
}
_ANY_SHAPE = ('object', 'thing', 'one', 'item')
_FILLERS = ('small', 'little', 'big', 'large', 'wooden', 'plastic', 'shiny', 'colored', 'coloured')
# A word right before a shape that is none of ours changes what is meant.
_BEFORE_A_SHAPE = ('the', 'a', 'an', 'that', 'this', 'any', 'up', *_FILLERS)
_PUSHING = ('push', 'pull', 'move', 'slide', 'drag')
_REVERSING = ('not', 'except', 'other', 'without', "don't", 'never')

_COLOR_OF = {word: color for color, words in COLORS.items() for word in words}
_SHAPE_OF = {word: shape for shape, words in SHAPES.items() for word in words}


@dataclass(frozen=True)
class Query:
    """What an instruction asks for; None fits every colour or every shape."""

    color: str | None
    shape: str | None
    direction: str | None = None

    def __str__(self) -> str:
        return ' '.join(word for word in (self.color, self.shape or 'object') if word)


def understand(instruction: str) -> Query:
    """Return the first object that the instruction names, and the way to push it.

    Raises:
        ReasoningError: UNSUPPORTED_INSTRUCTION, naming the words that would be understood.
    """
    words = re.findall(r"[\w']+", instruction.lower())
    for word in words:
        if word in _REVERSING:
            raise _unsupported(f'I do not understand "{word}"')
    color = None
    for i, word in enumerate(words):
        if word in _COLOR_OF:
            color = _COLOR_OF[word]
        elif word in _SHAPE_OF or (color and word in _ANY_SHAPE):
            before = words[i - 1] if i else 'the'
            if not color and before not in _BEFORE_A_SHAPE:
                raise _unsupported(f'I do not know what "{before} {word}" is')
            return Query(color, _SHAPE_OF.get(word), _direction(words))
        elif color and word not in _FILLERS:
            raise _unsupported(f'I do not know what "{color} {word}" is')
    raise _unsupported('I cannot tell which object is meant')


def _direction(words: list[str]) -> str | None:
    if not any(verb in words for verb in _PUSHING):
        return None
    return next((word for word in words if word in DIRECTIONS), None)


def _unsupported(what: str) -> ReasoningError:
    return ReasoningError(
        ReasonCode.UNSUPPORTED_INSTRUCTION,
        f'{what}. The scripted backend knows English commands about objects named by colour '
        f'({", ".join(COLORS)}) and shape ({", ".join(SHAPES)}), such as "pick up the red cube"; '
        f'to push: {", ".join(DIRECTIONS)}',
    )
