"""The simulator's annotator: correct answers with written-out thoughts, in varied words.

The thought lists everything that is seen, from left to right, before it says which thing is meant:
an answer that looks at its own list names the right one, one that does not is at chance. Between
them it reckons in small steps: where a colour is asked for, all shapes of that colour; where a
side is, on which one each thing lies that may be meant; where the nearest or the farthest is, how
far away each one is, and whether that is closer or further than the best one up to there.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
import math
import re

import numpy as np
from vla_r1_core.types import Box, Task
from vla_r1_sim.vocabulary import COLORS

from vla_r1_training.scenes.phrases import DISTANCE_WORDS, FARTHEST, OTHER, SIDE_WORDS

TASK_LEADS = ('Task:', 'Asked:', 'Wanted:')
SCENE_LEADS = ('Scene:', 'I see:', 'On the table:')
TARGET_LEADS = ('Target:', 'Meant:', 'So it is:')
ALIKE = 'All'
SIDE = 'From'
FAR = 'By distance from'
CLOSER, FURTHER = 'closer', 'further'
THIS, THAT = 'one', 'other'
NOT_THERE = ' not there'
OUTPUT = '<output>'
_BY_DISTANCE = re.compile(rf'\S+ (.+) ({"|".join(DISTANCE_WORDS)}) (.+)')
_BY_SIDE = re.compile(rf'\S+ (.+) ({"|".join((*SIDE_WORDS, OTHER))}) (.+)')


@dataclass(frozen=True)
class Seen:
    """A thing in the picture: 'red cube', 'bowl'."""

    name: str
    box: Box

    def is_called(self, words: str) -> bool:
        """Whether words such as 'red cube', 'cube' or 'object' can mean it."""
        if words == 'object':
            return ' ' in self.name  # bowl and tray are places
        return words in (self.name, self.name.rpartition(' ')[2])


def annotate(
    request: str,
    task: Task,
    things: Sequence[Seen],
    name: str | None,
    trace: Sequence[tuple[float, float]],
    goal: str,
    seed: int,
) -> str:
    """Write a whole answer, as the model should.

    Args:
        request: what the instruction asks for, in few words: 'pick red cube'.
        task: what is asked for.
        things: everything that is seen, in any order.
        name: of the thing that is meant, one of `things`; None when it is not there.
        trace: the way, (N, 2) in [0, 1], for a trajectory.
        goal: where a trajectory leads: a container's name or a way to push, '' for the thing.
        seed: of the words.
    """
    rng = np.random.default_rng(seed)
    leads = [TASK_LEADS, SCENE_LEADS, TARGET_LEADS]
    task_lead, scene_lead, target_lead = (lead[rng.integers(len(lead))] for lead in leads)
    by_name = {thing.name: thing for thing in sorted(things, key=lambda thing: thing.box.x)}
    steps = _alike(request, by_name) + _sided(request, by_name) + _compared(request, by_name)
    thought = (
        f'{task_lead} {request}. {scene_lead}{listing(by_name.values())}{steps}. {target_lead}'
    )
    thing = None if name is None else by_name[name]
    way = () if task == Task.AFFORDANCE else trace
    return put_out(thought, thing, way, by_name.get(goal, goal))


def put_out(
    thought: str, thing: Seen | None, trace: Sequence[tuple[float, float]], goal: Seen | str
) -> str:
    """Write a whole answer: a thought that ends with what is meant, and its box or a trace.

    Args:
        thought: up to there.
        thing: that is meant; None when it is not there.
        trace: (N, 2) in [0, 1]; empty when a box is asked for.
        goal: where a trace leads: to another thing, a way to push, or '' for the thing itself.
    """
    if thing is None:
        return _answer(f'{thought}{NOT_THERE}.', 'null')
    thought += f'{written(thing)}.'
    if not trace:
        x, y, width, height = (_number(v) for v in _values(thing.box))
        return _answer(thought, f'{{"x":{x}, "y":{y}, "width":{width}, "height":{height}}}')
    if goal:
        thought += f' To:{written(goal) if isinstance(goal, Seen) else f" {goal}"}.'
    points = '], ['.join(f'{_number(x)},{_number(y)}' for x, y in trace)
    return _answer(thought, f'[[{points}]]')


def without_thought(answer: str) -> str:
    """Return an answer as a model gives it that was never taught to think: the output alone."""
    return answer[answer.index(OUTPUT) :]


def _alike(request: str, things: Mapping[str, Seen]) -> str:
    """Say which shapes have the colour that is asked for: first one of two words decides."""
    color = request.split()[1:2]
    if not color or color[0] not in COLORS:
        return ''
    called = (name.split() for name in things)
    shapes = [f' {name[-1]}' for name in called if name[0] == color[0]]
    return f'. {ALIKE} {color[0]}:{";".join(shapes) or " none"}'


def _sided(request: str, things: Mapping[str, Seen]) -> str:
    """Say on which side of the other thing each one lies that may be meant, if that decides.

    Behind the places of both, across or down in the picture.
    """
    found = _BY_SIDE.fullmatch(request)
    if not found or found[3] not in things:
        return ''
    relation, anchor = found[2], things[found[3]]
    axis = 'x' if relation in ('left of', 'right of') else 'y'
    less, more = ('left', 'right') if axis == 'x' else ('behind', 'front')
    here = getattr(anchor.box, axis)

    def line(thing: Seen) -> str:
        if relation == OTHER:
            return f' {thing.name} other'
        there = getattr(thing.box, axis)
        return f'{_numbered(thing.name, there, here)} {less if there < here else more}'

    lines = map(line, _fitting(found[1], anchor.name, things))
    return f'. {SIDE} {anchor.name}:{";".join(lines) or " none"}'


def _fitting(asked: str, anchor: str, things: Mapping[str, Seen]) -> list[Seen]:
    """Return what may be meant beside the other thing."""
    return [t for t in things.values() if t.name != anchor and t.is_called(asked)]


def _compared(request: str, things: Mapping[str, Seen]) -> str:
    """Say how far from the other thing each one is that may be meant, if that decides.

    Of each its place, how far it is across, down and in all, in the picture, each side counting 1:
    over the table the nearest is the same. Then how far the best one up to there is (at first
    this one), whether this one is closer or further, and so which of them is the better one: this
    one, or the other. A small model reckons in small steps.
    """
    found = _BY_DISTANCE.fullmatch(request)
    if not found or found[3] not in things:
        return ''
    what, asked_for, name = found.groups()
    anchor, fits = things[name], _fitting(what, name, things)
    if not fits:
        return ''
    better = FURTHER if asked_for == FARTHEST else CLOSER
    from_here, lines, best = (anchor.box.x, anchor.box.y), [], None
    for thing in fits:
        place = thing.box.x, thing.box.y
        across, down = (abs(a - b) for a, b in zip(place, from_here, strict=True))
        far = math.hypot(across, down)
        if best is None:
            best, word = far, better
        else:
            word = CLOSER if far < best else FURTHER
        line = _numbered(thing.name, *place, across, down, far, best)
        lines.append(f'{line} {word} {THIS if word == better else THAT}')
        best = far if word == better else best
    return f'. {FAR}{_numbered(anchor.name, *from_here)}:' + ';'.join(lines)


def listing(things: Iterable[Seen]) -> str:
    """Write what is seen, from left to right."""
    return ';'.join(written(thing) for thing in sorted(things, key=lambda thing: thing.box.x))


def written(thing: Seen) -> str:
    """Write what is seen at one place: ' red cube 0.312 0.540 0.101 0.120'."""
    return _numbered(thing.name, *_values(thing.box))


def _numbered(name: str, *values: float) -> str:
    return f' {name}' + ''.join(_number(v) for v in values)


def _values(box: Box) -> tuple[float, float, float, float]:
    return box.x, box.y, box.width, box.height


def _number(value: float) -> str:
    """Write a coordinate with three decimals: a thousandth of the picture."""
    return f' {min(max(value, 0.0), 1.0):.3f}'


def _answer(thought: str, payload: str) -> str:
    """Write a whole answer, of a thought and of what is put out."""
    return f'<think>{thought}</think> so, the answer is <output>{payload}</output>'
