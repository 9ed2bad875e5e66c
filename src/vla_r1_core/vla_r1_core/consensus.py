"""What several answers to one question agree on, and how much they do."""

from collections.abc import Sequence
from itertools import combinations, combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from vla_r1_core.frechet import alaf_distance
from vla_r1_core.geometry import box_iou
from vla_r1_core.types import ParsedAnswer

SAME_IOU = 0.5
"""Boxes that overlap by so much mean the same thing; the usual bound of a detection."""
SAME_DISTANCE = 0.05
"""Traces whose Fréchet distance is at most this, in widths of the image, are the same way."""
_SAMPLES = 16
"""Points at even distances along each trace, so that their number does not matter."""


def elect(answers: Sequence[ParsedAnswer | None]) -> tuple[int, float]:
    """Return which answer speaks for most of them, and the share that agrees with it.

    Answers that mean the same are those whose boxes overlap (IoU), whose traces are near
    (Fréchet distance), or which both say that the object is not there. Chosen is the one that
    most others mean the same as; of equals the medoid: the nearest to those that agree with it.
    A malformed answer agrees with nothing, itself included, but counts in the share.

    Args:
        answers: at least one; None stands for a malformed one.

    Returns:
        The index, and the share in [0, 1]; (0, 0) where all are malformed.
    """
    near = _nearness(answers)
    same = near > 0.0
    votes = same.sum(axis=1)
    chosen = max(range(len(answers)), key=lambda i: (votes[i], near[i].sum()))
    return chosen, float(votes[chosen] / len(answers))


def _nearness(answers: Sequence[ParsedAnswer | None]) -> NDArray[np.float64]:
    """Return (N, N): 0 where two answers differ, else how near they are, up to 1."""
    near = np.zeros((len(answers), len(answers)))
    traces = {
        i: np.array(a.trajectory.points) for i, a in enumerate(answers) if a and a.trajectory
    }
    pairs = list(combinations(traces, 2))
    if pairs:  # all at once: one by one takes as long as a small model's answer
        distances = alaf_distance(
            *([traces[pair[side]] for pair in pairs] for side in (0, 1)),
            angle_weight=0.0,
            length_weight=0.0,
            samples=_SAMPLES,
        )
        # What is the same is never 0, which would mean that they differ.
        close = np.where(distances <= SAME_DISTANCE, 1.0 - 0.5 * distances / SAME_DISTANCE, 0.0)
        for (i, j), value in zip(pairs, close, strict=True):
            near[i, j] = near[j, i] = value
    for i, j in combinations_with_replacement(range(len(answers)), 2):
        near[i, j] = near[j, i] = max(near[i, j], _near(answers[i], answers[j]))
    return near


def _near(a: ParsedAnswer | None, b: ParsedAnswer | None) -> float:
    """Return the same of two answers, but for traces that are not equal."""
    if a is None or b is None:
        return 0.0
    if (a.box, a.trajectory) == (b.box, b.trajectory):  # neither: both say that it is not there
        return 1.0
    if a.box and b.box:
        iou = box_iou(a.box, b.box)
        return iou if iou >= SAME_IOU else 0.0
    return 0.0
