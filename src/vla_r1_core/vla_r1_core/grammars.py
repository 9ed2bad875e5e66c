"""The three ways in which models write numbers: lists, JSON objects, XML points.

This is syntax alone: a reader returns groups of numbers, two for a point and four for a box, in
the model's own scale and order; no group at all means that the object is not there. What the
numbers mean, `profile.py` knows. Readers are total and linear, see `tokens.py`.
"""

from collections.abc import Sequence
import re

from vla_r1_core.errors import AnswerError
from vla_r1_core.tokens import bounded, number, quote, Tokens

Group = tuple[float, ...]

_CLOSING = {'[': ']', '(': ')'}
_WORDS = ('null', 'true', 'false')
_ATTRIBUTE = re.compile(r'"[^"]*"?|[=>]|[^\s"=>]+')


def read_list(tokens: Tokens) -> list[Group]:
    """Read `[1, 2, 3, 4]` as one group, `[(1, 2), [3, 4]]` as two, `[]` and `null` as none.

    Events may stand among the groups.

    Raises:
        AnswerError: it is no such list. What follows it is left to the caller.
    """
    if tokens.accept('null'):
        return []
    closing = _open(tokens)
    if tokens.accept(closing):
        return []
    if tokens.peek not in _CLOSING and not tokens.at_event:
        return [_numbers(tokens, closing)]
    groups = []
    more = True
    while more:
        if not tokens.accept_event():
            groups.append(_numbers(tokens, _open(tokens)))
        more = tokens.accept(',')
    tokens.expect(closing)
    if not groups:
        raise AnswerError('there are events, but no points')
    return groups


def read_json(tokens: Tokens, key: str) -> list[Group]:
    """Read one object or a list of them: the groups under `key`, in order.

    Values under other keys are strings, numbers, words, or flat lists of these.

    Raises:
        AnswerError: it is no such JSON, or no object has the key.
    """
    if tokens.accept('null'):
        return []
    is_list = tokens.accept('[')
    if is_list and tokens.accept(']'):
        return []
    values = []
    more = True
    while more:
        values += _read_object(tokens, key)
        more = is_list and tokens.accept(',')
    if is_list:
        tokens.expect(']')
    if not values:
        raise AnswerError(f'nothing has the key "{key}"')
    return [group for value in values for group in value]


def read_xml(payload: str) -> list[Group]:
    """Read the points of all `<point x= y=>` and `<points x1= y1= x2= y2= ...>`, in order.

    Raises:
        AnswerError: there is none, or a coordinate is missing, doubled or no number.
    """
    _, *elements = bounded(payload).split('<point')
    if not elements:
        raise AnswerError('there is no <point> and no <points>')
    return [point for element in elements for point in _read_point(element.removeprefix('s'))]


def write_list(groups: Sequence[Sequence[str]], brackets: str) -> str:
    """Write points as `[(1, 2), (3, 4)]` with these brackets, and one box as `[1, 2, 3, 4]`."""
    if len(groups) == 1 and len(groups[0]) == 4:
        return f'[{", ".join(groups[0])}]'
    opening, closing = brackets[0], brackets[1]
    return f'[{", ".join(opening + ", ".join(group) + closing for group in groups)}]'


def write_json(groups: Sequence[Sequence[str]], key: str) -> str:
    """Write a list of objects with this one key."""
    objects = (f'{{"{key}": [{", ".join(group)}]}}' for group in groups)
    return f'[{", ".join(objects)}]'


def write_xml(points: Sequence[Sequence[str]]) -> str:
    """Write one `<point>`, or `<points>` for several."""
    if len(points) == 1:
        return f'<point x="{points[0][0]}" y="{points[0][1]}" alt=""></point>'
    pairs = (f'x{i}="{x}" y{i}="{y}"' for i, (x, y) in enumerate(points, start=1))
    return f'<points {" ".join(pairs)} alt=""></points>'


def _open(tokens: Tokens) -> str:
    """Go on by an opening bracket and return the one that closes it."""
    opening = tokens.take()
    if opening not in _CLOSING:
        raise AnswerError(f'expected [ or ( instead of {quote(opening)}')
    return _CLOSING[opening]


def _numbers(tokens: Tokens, closing: str) -> Group:
    numbers = []
    more = True
    while more:
        numbers.append(number(tokens.take(), 'a coordinate'))
        more = tokens.accept(',')
    tokens.expect(closing)
    return tuple(numbers)


def _read_object(tokens: Tokens, key: str) -> list[list[Group]]:
    """Return what stands under the key, in a list; an empty one when the key is not there."""
    tokens.expect('{')
    found: list[list[Group]] = []
    keys: set[str] = set()
    more = True
    while more:
        name = tokens.take()
        if not _is_string(name):
            raise AnswerError(f'expected a key in quotation marks instead of {quote(name)}')
        if name in keys:
            raise AnswerError(f'the key {quote(name)} is given twice')
        keys.add(name)
        tokens.expect(':')
        if name == f'"{key}"':
            found.append(read_list(tokens))
        else:
            _skip_value(tokens)
        more = tokens.accept(',')
    tokens.expect('}')
    return found


def _skip_value(tokens: Tokens) -> None:
    if not tokens.accept('['):
        _skip_atom(tokens)
    elif not tokens.accept(']'):
        _skip_atom(tokens)
        while tokens.accept(','):
            _skip_atom(tokens)
        tokens.expect(']')


def _skip_atom(tokens: Tokens) -> None:
    token = tokens.take()
    if token not in _WORDS and not _is_string(token):
        number(token, 'a value')


def _is_string(token: str) -> bool:
    return len(token) >= 2 and token.startswith('"') and token.endswith('"')


def _read_point(element: str) -> list[Group]:
    """Return the points of one element, of which `element` begins with the attributes."""
    attributes = _attributes(element)
    coordinates = {name: value for name, value in attributes.items() if name[0] in 'xy'}
    if not coordinates:
        raise AnswerError('a point has no coordinates')
    several = range(1, len(coordinates) // 2 + 1)
    points: list[Group] = []
    for suffix in ('',) if 'x' in coordinates else map(str, several):
        x, y = (number(coordinates.pop(name, ''), name) for name in (f'x{suffix}', f'y{suffix}'))
        points.append((x, y))
    if coordinates:
        raise AnswerError(f'{quote(next(iter(coordinates)))} belongs to no point')
    return points


def _attributes(element: str) -> dict[str, str]:
    values: dict[str, str] = {}
    tokens = (match.group() for match in _ATTRIBUTE.finditer(element))
    for name in tokens:
        if name in ('>', '/'):
            return values
        equals, value = next(tokens, ''), next(tokens, '')
        if name[0] in '="' or equals != '=' or not _is_string(value):
            raise AnswerError(f'expected a name="..." in a point, at {quote(name)}')
        if name in values:
            raise AnswerError(f'{quote(name)} is given twice in a point')
        values[name] = value[1:-1]
    raise AnswerError('a point does not end: > is missing')
