"""How good answers are, by the paper's measures and some more."""

from collections.abc import Sequence
from dataclasses import dataclass
import math

import numpy as np
from numpy.typing import NDArray
from vla_r1_core.errors import AnswerError
from vla_r1_core.frechet import alaf_distance
from vla_r1_core.geometry import box_iou
from vla_r1_core.output import parse
from vla_r1_core.types import Box, Task

from vla_r1_training.scenes import Asked

_SAMPLES = 16
"""Points at even distances along a trace that are compared."""


@dataclass(frozen=True)
class Verdict:
    """Of one answer; None where a measure does not apply.

    Attributes:
        valid: whether the text can be read.
        iou: of the box; 0 when there is none but should be.
        named: whether the box fits the thing that is meant best, of all that are there.
        dfd, hd, rmse: discrete Fréchet, Hausdorff and RMS distance of the trace, on [0, 1000).
        absent: whether a thing that is not there was recognised as such.
        missed: whether a thing that is there was said not to be.
    """

    valid: bool
    iou: float | None = None
    named: bool | None = None
    dfd: float | None = None
    hd: float | None = None
    rmse: float | None = None
    absent: bool | None = None
    missed: bool | None = None


def judge(text: str, asked: Asked) -> Verdict:
    """Hold an answer against the truth."""
    try:
        answer = parse(text, asked.task)
        valid = True
    except AnswerError:
        answer, valid = None, False
    if asked.name is None:
        return Verdict(valid, absent=answer is not None and answer.absent)
    missed = answer is not None and answer.absent
    if asked.task == Task.AFFORDANCE:
        box = answer.box if answer else None
        return Verdict(valid, missed=missed, iou=_iou(box, asked.box), named=_named(box, asked))
    if answer is None or answer.trajectory is None:
        return Verdict(valid, missed=missed, dfd=1000.0, hd=1000.0, rmse=1000.0)
    dfd, hd, rmse = distances(answer.trajectory.points, asked.trace)
    return Verdict(valid, missed=missed, dfd=dfd, hd=hd, rmse=rmse)


def summary(verdicts: Sequence[Verdict], *, seed: int = 0) -> dict[str, tuple[float, ...]]:
    """Return each measure's (mean, low, high, count), with a 95 % bootstrap interval."""
    rng = np.random.default_rng(seed)
    result: dict[str, tuple[float, ...]] = {}
    for name in Verdict.__dataclass_fields__:
        values = np.array(
            [float(v) for v in (getattr(verdict, name) for verdict in verdicts) if v is not None]
        )
        if len(values):
            drawn = rng.choice(values, (1000, len(values))).mean(1)
            low, high = np.quantile(drawn, (0.025, 0.975))
            result[name] = (float(values.mean()), float(low), float(high), len(values))
    return result


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


def _iou(box: Box | None, truth: Box | None) -> float:
    return box_iou(box, truth) if box and truth else 0.0


def _named(box: Box | None, asked: Asked) -> bool:
    if box is None:
        return False
    best = max(asked.things, key=lambda thing: box_iou(box, thing.box))
    return best.name == asked.name and box_iou(box, best.box) > 0.0
