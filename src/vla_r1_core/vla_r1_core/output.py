"""The VLA-R1 answer grammar: read a model's text, and write it.

    <think> thought </think> so, the answer is <output> payload </output>

The payload is `{"x": 0.5, "y": 0.5, "width": 0.1, "height": 0.1}` (x, y the box's *centre*),
`[[x1, y1], [x2, y2], ...]`, or `null` when the object is not there. The thought may contain drafts
of an output; behind it the last complete `<output>` counts.

`parse` is total: any string gives an answer or an AnswerError, in linear time. That is why tags
are found by plain splitting and the payload is read token by token: general JSON readers accept
NaN, duplicate keys and bottomless nesting, and a regular expression over tags backtracks.
"""

from collections.abc import Iterator
import re

from vla_r1_core.errors import AnswerError
from vla_r1_core.types import Box, ParsedAnswer, Task, Trajectory2D

# Bounds the work on a degenerate answer; some 2,000 trace points fit in.
MAX_PAYLOAD_CHARS = 65_536
# An honest box at the image's edge, rounded to two decimals, reaches this far beyond it.
EDGE_TOLERANCE = 0.01

_KEYS = ('x', 'y', 'width', 'height')
_TAGS = ('<think>', '</think>', '<output>', '</output>')
_CONNECTIVE = 'so, the answer is'
_TOKEN = re.compile(
    r'[\[\]{}:,]'  # punctuation
    r'|"[^"]*"'  # string
    r'|[^\s\[\]{}:,"]+'  # number, word or rubbish
    r'|"'  # a string that never ends
)
_WORD = re.compile(r'[^\W_]')
_NUMBER = re.compile(r'-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?')


def parse(text: str, task: Task) -> ParsedAnswer:
    """Read a model's whole text.

    Args:
        text: the text as the model wrote it.
        task: what was asked: AFFORDANCE or TRAJECTORY.

    Raises:
        AnswerError: the text does not follow the grammar; the message says where.
    """
    thought, rest = _split_thought(text)
    tokens = _tokens(_last_output(rest))
    first = next(tokens, '')
    if first == 'null':
        _expect_end(tokens)
        return ParsedAnswer(task=task, thought=thought)
    if task == Task.AFFORDANCE:
        if first == '[':
            raise AnswerError('the answer is a trajectory, but a box was asked for')
        return ParsedAnswer(task=task, thought=thought, box=_read_box(first, tokens))
    if first == '{':
        raise AnswerError('the answer is a box, but a trajectory was asked for')
    return ParsedAnswer(task=task, thought=thought, trajectory=_read_trace(first, tokens))


def format(answer: ParsedAnswer) -> str:
    """Write an answer so that `parse(format(answer), answer.task) == answer`.

    Raises:
        ValueError: the grammar cannot say this, such as a box outside the image.
    """
    if answer.box is not None:
        values = (answer.box.x, answer.box.y, answer.box.width, answer.box.height)
        pairs = (f'"{key}": {float(value)!r}' for key, value in zip(_KEYS, values, strict=True))
        payload = '{' + ', '.join(pairs) + '}'
    elif answer.trajectory is not None:
        points = (f'[{float(x)!r}, {float(y)!r}]' for x, y in answer.trajectory.points)
        payload = '[' + ', '.join(points) + ']'
    else:
        payload = 'null'
    text = f'<think>{answer.thought}</think> {_CONNECTIVE} <output>{payload}</output>'
    try:
        readable = parse(text, answer.task) == answer
    except AnswerError as error:
        raise ValueError(f'the grammar cannot say this: {error}') from error
    if not readable:
        raise ValueError('the grammar cannot say this: the thought contains tags')
    return text


def is_canonical(text: str) -> bool:
    """Return whether a text has nothing but a thought in words and one output, in this order.

    `parse` is lenient where a reader can be: drafts, several outputs, text between and behind. A
    text that is readable and canonical is what `format` writes, up to spacing; "so, the answer is"
    may be left out.
    """
    if any(text.count(tag) != 1 for tag in _TAGS):
        return False
    before, _, rest = text.partition('<think>')
    thought, _, rest = rest.partition('</think>')
    between, _, rest = rest.partition('<output>')
    _, _, behind = rest.partition('</output>')
    return (
        not before.strip()
        and _WORD.search(thought) is not None
        and between.strip().lower() in ('', _CONNECTIVE)
        and not behind.strip()
    )


def _split_thought(text: str) -> tuple[str, str]:
    """Return the thought, verbatim, and what comes after it."""
    head, closing, rest = text.partition('</think>')
    head = head.lstrip()
    if not head.startswith('<think>') or not closing:
        raise AnswerError('the answer must begin with <think>...</think>')
    thought = head[len('<think>') :]
    if '<think>' in thought or '<think>' in rest or '</think>' in rest:
        raise AnswerError('there is more than one thought: tags are nested or repeated')
    if not thought.strip():
        raise AnswerError('the thought is empty')
    return thought, rest


def _last_output(rest: str) -> str:
    """Return the payload of the last complete <output> behind the thought."""
    before, *blocks = rest.split('<output>')
    if '</output>' in before or any(block.count('</output>') > 1 for block in blocks):
        raise AnswerError('an </output> closes nothing')
    if any('</output>' not in block for block in blocks[:-1]):
        raise AnswerError('an <output> stands inside another')
    complete = [block for block in blocks[-2:] if '</output>' in block]
    if not complete:
        raise AnswerError('there is no complete <output>...</output> behind the thought')
    payload = complete[-1].partition('</output>')[0]
    if len(payload) > MAX_PAYLOAD_CHARS:
        raise AnswerError(
            f'the output has {len(payload)} characters; at most {MAX_PAYLOAD_CHARS} are read'
        )
    return payload


def _tokens(payload: str) -> Iterator[str]:
    return (match.group() for match in _TOKEN.finditer(payload))


def _read_box(first: str, tokens: Iterator[str]) -> Box:
    _expect(first, '{')
    values: dict[str, float] = {}
    separator = ','
    while separator == ',':
        token = next(tokens, '')
        key = token[1:-1]
        if key not in _KEYS or token != f'"{key}"':
            names = ', '.join(f'"{name}"' for name in _KEYS)
            raise AnswerError(f'a box has the keys {names}, not {_quote(token)}')
        if key in values:
            raise AnswerError(f'the key {key} is given twice')
        _expect(next(tokens, ''), ':')
        values[key] = _number(next(tokens, ''), key)
        separator = next(tokens, '')
    _expect(separator, '}')
    _expect_end(tokens)
    missing = [key for key in _KEYS if key not in values]
    if missing:
        raise AnswerError(f'the box lacks {", ".join(missing)}')
    box = Box(**values)
    if box.width == 0.0 or box.height == 0.0:
        raise AnswerError('the box is empty: width and height must be above 0')
    if min(box.corners) < -EDGE_TOLERANCE or max(box.corners) > 1.0 + EDGE_TOLERANCE:
        raise AnswerError('the box leaves the image')
    return box


def _read_trace(first: str, tokens: Iterator[str]) -> Trajectory2D:
    _expect(first, '[')
    points: list[tuple[float, float]] = []
    separator = ','
    while separator == ',':
        _expect(next(tokens, ''), '[')
        x = _number(next(tokens, ''), 'x')
        _expect(next(tokens, ''), ',')
        y = _number(next(tokens, ''), 'y')
        _expect(next(tokens, ''), ']')
        points.append((x, y))
        separator = next(tokens, '')
    _expect(separator, ']')
    _expect_end(tokens)
    if len(set(points)) < 2:
        raise AnswerError('a trajectory needs at least two different points')
    return Trajectory2D(tuple(points))


def _number(token: str, name: str) -> float:
    if not _NUMBER.fullmatch(token):
        raise AnswerError(f'{name} must be a number, not {_quote(token)}')
    value = float(token)
    if not 0.0 <= value <= 1.0:
        raise AnswerError(f'{name} is {_quote(token)}; it must lie in [0, 1]')
    return value


def _expect(token: str, wanted: str) -> None:
    if token != wanted:
        raise AnswerError(f'expected {wanted} instead of {_quote(token)}')


def _expect_end(tokens: Iterator[str]) -> None:
    extra = next(tokens, '')
    if extra:
        raise AnswerError(f'{_quote(extra)} stands behind the end of the output')


def _quote(token: str) -> str:
    """Show a token in a message; a hostile one may be very long."""
    if not token:
        return 'the end of the output'
    return token if len(token) <= 24 else token[:21] + '...'
