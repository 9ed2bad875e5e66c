"""Read an answer as VLA-R1's published reward does, for comparison with published figures.

It takes the first output wherever it stands, any JSON, numbers in strings, and clips what leaves
the image; all of that can be gamed, see `vla_r1_core.rewards`. Unlike the published code this is
linear in the text's length, and refuses numbers that are not finite.
"""

import json
import math
import re
from typing import Any

from vla_r1_core.tokens import MAX_PAYLOAD_CHARS
from vla_r1_core.types import Box, ParsedAnswer, Task, Trajectory2D

# Bounds the work; the published code fails from about 500 points on.
MAX_POINTS = 3000

_OPEN_THINK, _CLOSE_THINK, _OPEN_OUTPUT, _CLOSE_OUTPUT = (
    re.compile(tag, re.IGNORECASE) for tag in ('<think>', '</think>', '<output>', '</output>')
)


def read(text: str) -> tuple[bool, ParsedAnswer | None]:
    """Return whether the form is paid for, and the box or trace if there is one."""
    content = _between(text, _OPEN_OUTPUT, _CLOSE_OUTPUT)
    if content is None or len(content) > MAX_PAYLOAD_CHARS:
        return False, None
    try:
        payload = json.loads(content)
    except (ValueError, RecursionError):
        return False, None
    thinks = _between(text, _OPEN_THINK, _CLOSE_THINK) is not None
    return thinks and payload is not None, _answer(payload)


def _between(text: str, opening: re.Pattern[str], closing: re.Pattern[str]) -> str | None:
    begin = opening.search(text)
    end = closing.search(text, begin.end()) if begin else None
    return text[begin.end() : end.start()].strip() if begin and end else None


def _answer(payload: Any) -> ParsedAnswer | None:
    try:
        if isinstance(payload, dict):
            x, y, width, height = (_number(payload[key]) for key in ('x', 'y', 'width', 'height'))
            box = Box(x, y, abs(width), abs(height))
            return ParsedAnswer(Task.AFFORDANCE, '', box=box)
        if isinstance(payload, list) and 0 < len(payload) <= MAX_POINTS:
            points = tuple(_point(point) for point in payload)
            return ParsedAnswer(Task.TRAJECTORY, '', trajectory=Trajectory2D(points))
    except (KeyError, TypeError, ValueError, OverflowError):
        pass
    return None


def _point(value: Any) -> tuple[float, float]:
    if not isinstance(value, list):
        raise TypeError('a point is a list')
    x, y = value
    return _number(x), _number(y)


def _number(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError('a number that is not finite')
    return number
