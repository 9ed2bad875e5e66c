"""Pictures of answers beside the truth."""

from collections.abc import Sequence
from dataclasses import dataclass
import math
from pathlib import Path
import textwrap
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
import numpy as np
from numpy.typing import NDArray
from vla_r1_core.types import ParsedAnswer

_COLUMNS = 3
_TRUE, _SAID = '#00e676', '#ff3d00'


@dataclass(frozen=True)
class Drawn:
    """A question, the truth and what was said.

    Attributes:
        picture: (height, width, 3) uint8.
        answers: to the same question; None for one that cannot be read.
        scores: what each has earned, or nothing where nothing was paid.
    """

    picture: NDArray[np.uint8]
    instruction: str
    truth: ParsedAnswer
    answers: tuple[ParsedAnswer | None, ...]
    scores: tuple[float, ...] = ()


def draw(questions: Sequence[Drawn], path: Path) -> None:
    """Write a PNG: the true answer in green, what was said in red, stronger for higher rewards."""
    rows = math.ceil(len(questions) / _COLUMNS)
    figure = Figure(figsize=(4.2 * _COLUMNS, 3.9 * rows), layout='constrained')
    for i, question in enumerate(questions):
        _draw(figure.add_subplot(rows, _COLUMNS, i + 1), question)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=80)


def _draw(axes: Any, question: Drawn) -> None:
    height, width = question.picture.shape[:2]
    axes.imshow(question.picture)
    best = max(question.scores, default=0.0)
    strengths = [0.25 + 0.75 * score / best if best else 0.25 for score in question.scores]
    for answer, alpha in zip(
        question.answers, strengths or [1.0] * len(question.answers), strict=True
    ):
        if answer:
            _mark(axes, answer, width, height, color=_SAID, alpha=alpha, linewidth=1.5)
    _mark(axes, question.truth, width, height, color=_TRUE, alpha=1.0, linewidth=2.0)
    axes.set_title('\n'.join(textwrap.wrap(question.instruction, 46)[:2]), fontsize=10)
    axes.set_xlabel(' · '.join(_notes(question)), fontsize=9)
    axes.set(xlim=(0, width), ylim=(height, 0), xticks=[], yticks=[])


def _notes(question: Drawn) -> list[str]:
    """Return what cannot be drawn."""
    scores, count = question.scores, len(question.answers)
    notes = [f'earned {min(scores):.2f} … {max(scores):.2f}'] if scores else []
    notes += ['true: not there'] if question.truth.absent else []
    absent = sum(answer is not None and answer.absent for answer in question.answers)
    unread = question.answers.count(None)
    notes += [f'{absent} of {count} said: not there'] if absent else []
    notes += [f'{unread} of {count} unreadable'] if unread else []
    return notes


def _mark(axes: Any, answer: ParsedAnswer, width: int, height: int, **style: Any) -> None:
    """Draw a box, or a trace with a dot at its end."""
    if answer.box:
        x0, y0, x1, y1 = answer.box.corners
        corner, size = (x0 * width, y0 * height), ((x1 - x0) * width, (y1 - y0) * height)
        axes.add_patch(Rectangle(corner, *size, fill=False, **style))
    if answer.trajectory:
        points = np.array(answer.trajectory.points) * (width, height)
        axes.plot(points[:, 0], points[:, 1], **style)
        axes.plot(*points[-1], 'o', color=style['color'], alpha=style['alpha'], markersize=5)
