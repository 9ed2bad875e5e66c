"""The VLA-R1 answer grammar: read a model's text, and write it.

    <think> thought </think> so, the answer is <output> payload </output>

The payload is `{"x": 0.5, "y": 0.5, "width": 0.1, "height": 0.1}` (x, y the box's *centre*),
`[[x1, y1], [x2, y2], ...]`, or `null` when the object is not there. The thought may contain drafts
of an output; behind it the last complete `<output>` counts.

`parse` is total: any string gives an answer or an AnswerError, in linear time; see `tokens.py`.
How other model families write is in `profiles.py`.
"""

import re

from vla_r1_core.errors import AnswerError
from vla_r1_core.tokens import last_block, number, quote, Tokens
from vla_r1_core.types import Box, ParsedAnswer, Task, Trajectory2D

# An honest box at the image's edge, rounded to two decimals, reaches this far beyond it.
EDGE_TOLERANCE = 0.01

_KEYS = ('x', 'y', 'width', 'height')
_TAGS = ('<think>', '</think>', '<output>', '</output>')
_CONNECTIVE = 'so, the answer is'
_WORD = re.compile(r'[^\W_]')


def parse(text: str, task: Task) -> ParsedAnswer:
    """Read a model's whole text.

    Args:
        text: the text as the model wrote it.
        task: what was asked: AFFORDANCE or TRAJECTORY.

    Raises:
        AnswerError: the text does not follow the grammar; the message says where.
    """
    thought, rest = _split_thought(text)
    tokens = Tokens(last_block(rest, 'output'))
    if tokens.accept('null'):
        tokens.expect_end()
        return ParsedAnswer(task=task, thought=thought)
    if task == Task.AFFORDANCE:
        if tokens.peek == '[':
            raise AnswerError('the answer is a trajectory, but a box was asked for')
        return ParsedAnswer(task=task, thought=thought, box=_read_box(tokens))
    if tokens.peek == '{':
        raise AnswerError('the answer is a box, but a trajectory was asked for')
    return ParsedAnswer(task=task, thought=thought, trajectory=_read_trace(tokens))


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


def _read_box(tokens: Tokens) -> Box:
    tokens.expect('{')
    values: dict[str, float] = {}
    more = True
    while more:
        token = tokens.take()
        key = token[1:-1]
        if key not in _KEYS or token != f'"{key}"':
            names = ', '.join(f'"{name}"' for name in _KEYS)
            raise AnswerError(f'a box has the keys {names}, not {quote(token)}')
        if key in values:
            raise AnswerError(f'the key {key} is given twice')
        tokens.expect(':')
        values[key] = _coordinate(tokens, key)
        more = tokens.accept(',')
    tokens.expect('}')
    tokens.expect_end()
    missing = [key for key in _KEYS if key not in values]
    if missing:
        raise AnswerError(f'the box lacks {", ".join(missing)}')
    box = Box(**values)
    if box.width == 0.0 or box.height == 0.0:
        raise AnswerError('the box is empty: width and height must be above 0')
    if min(box.corners) < -EDGE_TOLERANCE or max(box.corners) > 1.0 + EDGE_TOLERANCE:
        raise AnswerError('the box leaves the image')
    return box


def _read_trace(tokens: Tokens) -> Trajectory2D:
    tokens.expect('[')
    points: list[tuple[float, float]] = []
    more = True
    while more:
        tokens.expect('[')
        x = _coordinate(tokens, 'x')
        tokens.expect(',')
        y = _coordinate(tokens, 'y')
        tokens.expect(']')
        points.append((x, y))
        more = tokens.accept(',')
    tokens.expect(']')
    tokens.expect_end()
    if len(set(points)) < 2:
        raise AnswerError('a trajectory needs at least two different points')
    return Trajectory2D(tuple(points))


def _coordinate(tokens: Tokens, name: str) -> float:
    token = tokens.take()
    value = number(token, name)
    if not 0.0 <= value <= 1.0:
        raise AnswerError(f'{name} is {quote(token)}; it must lie in [0, 1]')
    return value
