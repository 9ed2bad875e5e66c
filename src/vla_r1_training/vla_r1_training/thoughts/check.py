"""Whether a thought agrees with the true answer that its teacher was told.

What is checked; the first fault counts:

    TOO_SHORT, TOO_LONG  its length
    TAGS                 nothing that could pass for the answer's own tags
    TOLD                 it does not speak of an answer that it was given
    STEPS                the paper's four steps for the task, each once, in order, with words
    OBJECT               the first step quotes words of the instruction for the object, and the
                         step that looks for the object says the same words
    ABSENCE              that step says that the object is not there exactly if it is not
    COORDINATES          affordance: the third step names the box's centre and size and no decimal
                         that is not of the box; where a place follows the object's words anywhere,
                         it lies in the box. Trajectory: the fourth step names the first and the
                         last point in this order, no point off the trace, no other count

What a thought says about other things is not checked: nobody knows it.
"""

from dataclasses import dataclass
from enum import Enum
import re

import numpy as np
from vla_r1_core.prompt import VERBS
from vla_r1_core.types import Box, ParsedAnswer, Task, Trajectory2D

STEPS = {
    Task.AFFORDANCE: (
        'Task parsing', 'Scene understanding', 'Affordance localization', 'Feasibility check',
    ),
    Task.TRAJECTORY: (
        'Task parsing', 'Object and gripper localization', 'Scene analysis', 'Trajectory logic',
    ),
}  # fmt: skip
"""The paper's (arXiv 2510.01623, figure 2)."""

_FINDS = {Task.AFFORDANCE: 2, Task.TRAJECTORY: 1}
"""The step that looks for the object."""
_ANSWERS = {Task.AFFORDANCE: 2, Task.TRAJECTORY: 3}
"""The step that arrives at the answer."""

_TAG = re.compile(r'</?\w')
_TOLD = re.compile(
    r'\bground[- ]truth\b'
    r'|\b(?:given|provided|known|correct|true|right) (?:answer|box|trace|trajectory|label)',
    re.IGNORECASE,
)
_QUOTED = re.compile('["“”]([^"“”]+)["“”]')
_NO_NAME = VERBS | {
    *('the', 'a', 'an', 'it', 'its', 'this', 'that', 'up', 'of', 'to', 'and', 'please', 'robot'),
    *('can', 'could', 'you'),
}
"""Words that name nothing alone."""
_DENIAL = re.compile(
    r'\b(?:not (?:there|present|visible|found|in (?:the|this) (?:image|picture|scene))'
    r'|absent|missing|no such|cannot be (?:seen|found)|nowhere)\b',
    re.IGNORECASE,
)
_SENTENCE = re.compile(r'(?<=[.;!?])\s+')
_DECIMAL = re.compile(r'(?<![\d.])\d*\.\d+')
_PAIR = re.compile(r'[(\[]\s*(\d*\.\d+)\s*,\s*(\d*\.\d+)\s*[)\]]')
_COUNT = re.compile(r'\b(\d+) (?:way)?points\b', re.IGNORECASE)


class Code(str, Enum):
    """What became of the thought about a row."""

    ANNOTATED = 'ANNOTATED'
    KEPT = 'KEPT'
    NO_TRUTH = 'NO_TRUTH'
    NO_SCENE = 'NO_SCENE'
    TOO_SHORT = 'TOO_SHORT'
    TOO_LONG = 'TOO_LONG'
    TAGS = 'TAGS'
    TOLD = 'TOLD'
    STEPS = 'STEPS'
    OBJECT = 'OBJECT'
    ABSENCE = 'ABSENCE'
    COORDINATES = 'COORDINATES'
    REFUSED = 'REFUSED'
    BUSY = 'BUSY'
    SERVER_FAILED = 'SERVER_FAILED'
    UNREACHABLE = 'UNREACHABLE'
    TIMEOUT = 'TIMEOUT'
    GARBAGE = 'GARBAGE'


@dataclass(frozen=True)
class Fault:
    """Why a thought cannot be used; the reason tells its teacher what to do better."""

    code: Code
    reason: str


@dataclass(frozen=True)
class Limits:
    """Of what is let through.

    Attributes:
        least_chars, most_chars: of a thought.
        tolerance: how far a coordinate may be off, in parts of the image.
    """

    least_chars: int
    most_chars: int
    tolerance: float


def check(thought: str, instruction: str, target: ParsedAnswer, limits: Limits) -> Fault | None:
    """Return the first fault of a thought, None when it agrees with the target."""
    if len(thought) < limits.least_chars:
        return Fault(Code.TOO_SHORT, f'it has fewer than {limits.least_chars} characters')
    if len(thought) > limits.most_chars:
        return Fault(Code.TOO_LONG, f'it has more than {limits.most_chars} characters')
    if found := _TAG.search(thought):
        return Fault(Code.TAGS, f'it has a tag, {found.group()}; write no angle brackets')
    if found := _TOLD.search(thought):
        return Fault(Code.TOLD, f'it speaks of "{found.group()}"; reason as if nobody had told')
    steps = _steps(thought, STEPS[target.task])
    if isinstance(steps, Fault):
        return steps
    name = _name(steps[0], instruction)
    finds = steps[_FINDS[target.task]]
    if name is None:
        return Fault(
            Code.OBJECT,
            f'the step "{STEPS[target.task][0]}" must name the object in double quotes, in words '
            'of the instruction',
        )
    if name not in _plain(finds):
        step = STEPS[target.task][_FINDS[target.task]]
        return Fault(Code.OBJECT, f'the step "{step}" must say "{name}", as the first step does')
    denied = any(name in s and _DENIAL.search(s) for s in _SENTENCE.split(_plain(finds)))
    if denied != target.absent:
        says = f'that "{name}" is not there' if target.absent else f'where "{name}" is'
        step = STEPS[target.task][_FINDS[target.task]]
        return Fault(Code.ABSENCE, f'the step "{step}" must say {says}')
    answer = steps[_ANSWERS[target.task]]
    reason = None
    if target.box:
        reason = _box_fault(answer, target.box, limits.tolerance)
        reason = reason or _place_fault(_plain(thought), name, target.box, limits.tolerance)
    elif target.trajectory:
        reason = _trace_fault(answer, target.trajectory, limits.tolerance)
    return Fault(Code.COORDINATES, reason) if reason else None


def _steps(thought: str, names: tuple[str, ...]) -> list[str] | Fault:
    """Return what stands behind each step's name."""
    pattern = '|'.join(map(re.escape, names))
    _, *parts = re.split(rf'({pattern})\s*[*_]*\s*:', thought, flags=re.IGNORECASE)
    found = tuple(part.lower() for part in parts[::2])
    texts = [text.strip('*_# \n') for text in parts[1::2]]
    if found != tuple(name.lower() for name in names):
        wanted = ', '.join(f'"{name}:"' for name in names)
        return Fault(Code.STEPS, f'it must have the steps {wanted}, each once, in this order')
    if any(not re.search(r'\w', text) for text in texts):
        return Fault(Code.STEPS, 'one of its steps is empty')
    return texts


def _name(parsing: str, instruction: str) -> str | None:
    """Return the shortest quotation from the instruction that can be the name of a thing."""
    said = _plain(instruction)
    quoted = [_plain(quote).strip(' .,') for quote in _QUOTED.findall(parsing)]
    names = [q for q in quoted if q in said and set(re.findall(r'\w+', q)) - _NO_NAME]
    return min(names, key=len, default=None)


def _box_fault(step: str, box: Box, tolerance: float) -> str | None:
    said = [float(number) for number in _DECIMAL.findall(step)]
    pairs = [(float(x), float(y)) for x, y in _PAIR.findall(step)]
    if not any(_meet(pair, (box.x, box.y), tolerance) for pair in pairs):
        return (
            f'the step "Affordance localization" must name the centre ({box.x:.3f}, {box.y:.3f})'
        )
    for name, value in (('width', box.width), ('height', box.height)):
        if not any(_near(number, value, tolerance) for number in said):
            return f'the step "Affordance localization" must name the {name} {value:.3f}'
    known = (box.x, box.y, box.width, box.height, *box.corners)
    for number in said:
        if not any(_near(number, value, tolerance) for value in known):
            return (
                f'the step "Affordance localization" names {number:g}, which is not of the box '
                f'with centre ({box.x:.3f}, {box.y:.3f}), width {box.width:.3f} and height '
                f'{box.height:.3f}'
            )
    return None


def _place_fault(thought: str, name: str, box: Box, tolerance: float) -> str | None:
    left, top, right, bottom = box.corners
    for found in re.finditer(rf'{re.escape(name)}"?[^.;,()\[\]]{{0,24}}{_PAIR.pattern}', thought):
        x, y = float(found[1]), float(found[2])
        if not (
            left - tolerance <= x <= right + tolerance
            and top - tolerance <= y <= bottom + tolerance
        ):
            return f'it says that "{name}" is at ({x:g}, {y:g}), which is outside the box'
    return None


def _trace_fault(step: str, trace: Trajectory2D, tolerance: float) -> str | None:
    pairs = [(float(x), float(y)) for x, y in _PAIR.findall(step)]
    first, last = trace.points[0], trace.points[-1]
    begins = [i for i, pair in enumerate(pairs) if _meet(pair, first, tolerance)]
    ends = [i for i, pair in enumerate(pairs) if _meet(pair, last, tolerance)]
    if not begins or not ends or begins[0] >= ends[-1]:
        return (
            f'the step "Trajectory logic" must lead from ({first[0]:.3f}, {first[1]:.3f}) to '
            f'({last[0]:.3f}, {last[1]:.3f})'
        )
    for x, y in pairs:
        if _distance(x, y, trace) > 2 * tolerance:
            return f'the step "Trajectory logic" names ({x:g}, {y:g}), which is not on the trace'
    for count in _COUNT.findall(step):
        if int(count) != len(trace.points):
            return f'it says {count} points, but the trace has {len(trace.points)}'
    return None


def _meet(a: tuple[float, float], b: tuple[float, float], tolerance: float) -> bool:
    return all(_near(p, q, tolerance) for p, q in zip(a, b, strict=True))


def _near(a: float, b: float, tolerance: float) -> bool:
    return abs(a - b) <= tolerance + 1e-9


def _distance(x: float, y: float, trace: Trajectory2D) -> float:
    """Return how far a point is from a trace."""
    points = np.array(trace.points)
    begins, steps = points[:-1], np.diff(points, axis=0)
    lengths = np.maximum((steps**2).sum(1), 1e-12)
    along = np.clip((((x, y) - begins) * steps).sum(1) / lengths, 0.0, 1.0)
    return float(np.linalg.norm(begins + along[:, None] * steps - (x, y), axis=1).min())


def _plain(text: str) -> str:
    return ' '.join(text.lower().split())
