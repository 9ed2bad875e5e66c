"""How good answers are, by the paper's measures and some more.

Of a model that was taught to answer without a thought only the answer is judged: the grammar's
thought is put in for it, so that `valid` says of both kinds whether their answers can be read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
import math

import numpy as np
from numpy.typing import NDArray
from vla_r1_core.errors import AnswerError
from vla_r1_core.frechet import alaf_distance
from vla_r1_core.geometry import box_iou
from vla_r1_core.output import parse
from vla_r1_core.types import Box, ParsedAnswer, Task

from vla_r1_training.scenes.examples import Asked

_SAMPLES = 16
"""Points at even distances along a trace that are compared."""


@dataclass(frozen=True)
class Verdict:
    """Of one answer; None where a measure does not apply.

    Attributes:
        valid: whether the text can be read.
        iou: of the box; 0 when there is none but should be.
        named: whether the box fits the thing that is meant best, of all that are there.
        dfd, hd, rmse: discrete Fréchet, Hausdorff and RMS distance of the trace, on [0, 1000);
            1000 when there is none but should be.
        mean: of the three distances, as in the paper's tables.
        absent: whether a thing that is not there was recognised as such.
        missed: whether a thing that is there was said not to be.
    """

    valid: bool
    iou: float | None = None
    named: bool | None = None
    dfd: float | None = None
    hd: float | None = None
    rmse: float | None = None
    mean: float | None = None
    absent: bool | None = None
    missed: bool | None = None


def judge(text: str, asked: Asked, *, thought: bool = True) -> Verdict:
    """Hold an answer against everything that is known about a picture.

    Args:
        text: the model's whole text.
        asked: the question.
        thought: whether the model was taught to think before it answers.
    """
    found = judge_answer(text, asked.target, thought=thought)
    if found.iou is None:
        return found
    answer = read(text, asked.task, thought=thought)
    return replace(found, named=_named(answer.box if answer else None, asked))


def judge_answer(text: str, target: ParsedAnswer, *, thought: bool = True) -> Verdict:
    """Hold an answer against the true one, whose thought does not matter."""
    answer = read(text, target.task, thought=thought)
    valid = answer is not None
    said_absent = answer is not None and answer.absent
    if target.absent:
        return Verdict(valid, absent=said_absent)
    if target.box:
        box = answer.box if answer else None
        return Verdict(valid, missed=said_absent, iou=box_iou(box, target.box) if box else 0.0)
    gaps = (1000.0,) * 3
    if answer and answer.trajectory and target.trajectory:
        gaps = distances(answer.trajectory.points, target.trajectory.points)
    dfd, hd, rmse = gaps
    mean = sum(gaps) / 3
    return Verdict(valid, missed=said_absent, dfd=dfd, hd=hd, rmse=rmse, mean=mean)


def read(text: str, task: Task, *, thought: bool) -> ParsedAnswer | None:
    """Return what a text says; None when it cannot be read.

    Args:
        text: the model's whole text.
        task: what was asked for.
        thought: whether there must be one.
    """
    if not thought and '<think>' not in text:
        text = f'<think>none</think>{text}'
    try:
        return parse(text, task)
    except AnswerError:
        return None


def summary(verdicts: Sequence[Verdict], *, seed: int = 0) -> dict[str, tuple[float, ...]]:
    """Return each measure's (mean, low, high, count), with a 95 % bootstrap interval."""
    rng = np.random.default_rng(seed)
    result: dict[str, tuple[float, ...]] = {}
    for name in Verdict.__dataclass_fields__:
        values = np.array(
            [float(v) for v in (getattr(verdict, name) for verdict in verdicts) if v is not None]
        )
        if len(values):
            drawn = [rng.choice(values, len(values)).mean() for _ in range(1000)]
            result[name] = (float(values.mean()), *interval(drawn), len(values))
    return result


def interval(drawn: Sequence[float] | NDArray[np.float64]) -> tuple[float, float]:
    """Return the ends of the 95 % interval of what a bootstrap has drawn."""
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(low), float(high)


def distances(
    a: Sequence[tuple[float, float]], b: Sequence[tuple[float, float]]
) -> tuple[float, float, float]:
    """Return the discrete Fréchet, Hausdorff and RMS distances of two traces, on [0, 1000).

    Both are resampled at even distances along the way, so that the number of points is no matter.
    """
    p, q = 1000 * _resample(a), 1000 * _resample(b)
    gaps = np.linalg.norm(p[:, None] - q[None], axis=-1)
    frechet = alaf_distance([p], [q], angle_weight=0.0, length_weight=0.0)[0]
    hausdorff = max(gaps.min(0).max(), gaps.min(1).max())
    rms = math.sqrt(float((np.diag(gaps) ** 2).mean()))
    return float(frechet), float(hausdorff), rms


def _resample(points: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    corners = np.array(points, float)
    along = np.concatenate([[0], np.linalg.norm(np.diff(corners, axis=0), axis=1).cumsum()])
    at = np.linspace(0, along[-1], _SAMPLES)
    return np.column_stack([np.interp(at, along, corners[:, i]) for i in range(2)])


def _named(box: Box | None, asked: Asked) -> bool:
    if box is None:
        return False
    best = max(asked.things, key=lambda thing: box_iou(box, thing.box))
    return best.name == asked.name and box_iou(box, best.box) > 0.0
