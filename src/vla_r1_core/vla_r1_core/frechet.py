"""ALAF, VLA-R1's angle- and length-aware Fréchet distance, of many pairs of traces at once.

    D = min over couplings of the largest, over coupled vertices p and q, of
        |p - q| + angle_weight * (angle between the tangents)
                + length_weight * |log(length at p / length at q)|

Source: arXiv 2510.01623; the absolute value and the treatment of points that coincide are those of
the published code. A vertex's tangent is the normalized sum of the unit vectors from and to its
neighbours, its length the distance to the next vertex; the last one takes its predecessor's.
Angles come from arctan2. The published arccos says anything from 0 to 2.1e-8 rad where directions
agree, and as little below pi where they are opposite; vertices that are compared as they are given
get the middle of it, which keeps their reward within 1e-9 of the formula and of the code alike.

Within this file a point is a complex number, x + iy, and arrays are (vertices, pairs). The dynamic
program steps over the antidiagonals of the cost matrix, all pairs at once and without recursion;
memory grows with the number of points, not with its square.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_Points = NDArray[np.complex128]
_Indices = NDArray[np.intp]

# What is shorter has no direction; also added to lengths, so that their logarithm exists.
_EPS = 1e-12
# The same for resampled points: where a path turns back on itself, two of them may coincide.
_EPS_RESAMPLED = 1e-6
_ARCCOS_ERROR = 1.05e-8  # [rad], the middle
# How many pairs, and vertices of one side, are coupled in one go: about a processor's cache.
_BATCH_PAIRS = 1024
_BATCH_VERTICES = 2**17


def alaf_distance(
    answers: Sequence[Array],
    targets: Sequence[Array],
    *,
    angle_weight: float,
    length_weight: float,
    samples: int = 0,
) -> Array:
    """Return the distance (N,) of each answer from its target.

    Args:
        answers: N traces, each (points, 2) of the image, one point or more.
        targets: N traces likewise.
        angle_weight: cost of a radian.
        length_weight: cost of a factor of e.
        samples: 0 compares the vertices as they are given, so that adding a point changes the
            distance; otherwise both traces are resampled to so many points at even distances
            along them, and their whole lengths take the place of the vertices'.
    """
    distances = np.empty(len(answers))
    for pairs in _batches(answers, targets):
        p, q = (
            _curves([traces[k] for k in pairs], angle_weight, length_weight, samples)
            for traces in (answers, targets)
        )
        distances[pairs] = _couple(p, q.reversed(), angle_weight)
    return distances


@dataclass(frozen=True)
class _Curves:
    """Traces of about the same length, as columns.

    Attributes:
        points: (vertices, pairs); beyond a trace's end anything.
        gauges: (1 or 3, vertices, pairs), times their weights: the tangent's angle, NaN where
            there is none; the length's logarithm, NaN where there is none; and the logarithm that
            counts where either of two vertices has no length.
        whole: (pairs,) the whole length's weighted logarithm, 0 where the vertices' lengths count.
        last: (pairs,) index of the last vertex.
    """

    points: _Points
    gauges: Array
    whole: Array
    last: _Indices

    def reversed(self) -> '_Curves':
        """Return the vertices backwards, and `last` unchanged.

        An antidiagonal then pairs rising rows of one curve with rising rows of the other.
        """
        return _Curves(self.points[::-1], self.gauges[:, ::-1], self.whole, self.last)


def _batches(answers: Sequence[Array], targets: Sequence[Array]) -> Iterator[_Indices]:
    """Yield the indices of pairs whose sizes are within a factor of two of each other."""
    m, n = (np.array([len(trace) for trace in traces]) for traces in (answers, targets))
    kind = np.frexp(m - 0.5)[1] * 64 + np.frexp(n - 0.5)[1]
    order = np.argsort(kind, kind='stable')
    for alike in np.split(order, np.flatnonzero(np.diff(kind[order])) + 1):
        if alike.size:
            longest = int(max(m[alike].max(), n[alike].max()))
            size = max(1, min(_BATCH_PAIRS, _BATCH_VERTICES // longest))
            yield from np.array_split(alike, math.ceil(alike.size / size))


def _curves(
    traces: Sequence[Array], angle_weight: float, length_weight: float, samples: int
) -> _Curves:
    size = np.array([len(trace) for trace in traces])
    flat = np.ascontiguousarray(np.concatenate(traces), dtype=np.float64).view(np.complex128)
    rows = np.minimum(np.arange(size.max())[:, None], size - 1)
    points, last = flat.ravel().take(rows + (np.cumsum(size) - size)), size - 1
    whole = np.zeros(len(traces))
    if samples:
        points, lengths = _resampled(points, last, samples)
        whole = length_weight * np.log(lengths + _EPS)
        last = np.full_like(last, samples - 1)
    steps = np.zeros_like(points)
    np.subtract(points[1:], points[:-1], out=steps[:-1])
    lengths = np.abs(steps)
    least = _EPS_RESAMPLED if samples else _EPS
    steps *= 1.0 / np.where(lengths < least, np.inf, lengths)
    gauges = np.empty((1 if samples else 3, *points.shape))
    _angles(steps, least, out=gauges[0])
    gauges[0] *= angle_weight
    if not samples:
        pairs = np.arange(len(traces))
        lengths[last, pairs] = lengths[np.maximum(last - 1, 0), pairs]
        gauges[1] = length_weight * np.log(np.where(lengths > _EPS, lengths, np.nan))
        gauges[2] = length_weight * np.log(lengths + _EPS)
    gauges[:, np.arange(len(points))[:, None] > last] = 0.0  # no gaps beyond the end
    return _Curves(points, gauges, whole, last)


def _angles(units: _Points, least: float, out: Array) -> None:
    """Write the tangents' angles [rad], NaN where there is none, from the steps' unit vectors."""
    tangents = units.copy()
    tangents[1:] += units[:-1]
    i, pair = np.nonzero(np.abs(tangents) < least)
    if i.size:  # it turns back or stands still: the direction in which it came
        tangents[i, pair] = units[i - 1, pair] * (i > 0)
    np.arctan2(tangents.imag, tangents.real, out=out)
    if i.size:
        out[tangents == 0.0] = np.nan


def _resampled(points: _Points, last: _Indices, count: int) -> tuple[_Points, Array]:
    """Return points (count, pairs) at even distances along each curve, and its length (pairs,)."""
    pairs = len(last)
    along = np.zeros(points.shape)
    np.cumsum(np.abs(points[1:] - points[:-1]), axis=0, out=along[1:])
    wanted = np.linspace(0.0, 1.0, count)[:, None] * along[-1]
    # Indices into the flattened arrays, where the next vertex is `pairs` further.
    column = np.arange(pairs)
    start = np.broadcast_to(column, wanted.shape)
    limit = column + pairs * last
    for power in range(int(last.max()).bit_length() - 1, -1, -1):  # binary search
        probe = np.minimum(start + 2**power * pairs, limit)
        start = np.where(along.take(probe) <= wanted, probe, start)
    end = np.minimum(start + pairs, limit)
    begin = along.take(start)
    step = along.take(end) - begin
    part = np.minimum((wanted - begin) / np.where(step > 0.0, step, np.inf), 1.0)
    return points.take(start) * (1.0 - part) + points.take(end) * part, along[-1]


def _couple(p: _Curves, q: _Curves, angle_weight: float) -> Array:
    """Run the dynamic program; returns the distances (pairs,). `q` is reversed."""
    turn = 2.0 * math.pi * angle_weight
    least, most = _ARCCOS_ERROR * angle_weight, turn / 2.0 - _ARCCOS_ERROR * angle_weight
    rows, columns, pairs = len(p.points), len(q.points), len(p.last)
    width = min(rows, columns)
    odd = bool(np.isnan(p.gauges[:2]).any() or np.isnan(q.gauges[:2]).any())
    kinds = len(p.gauges) if odd else min(2, len(p.gauges))
    offsets = np.empty((width, pairs), dtype=np.complex128)
    differences = np.empty((kinds, width, pairs))
    costs, spares = np.empty((2, width, pairs))
    ends = p.last + q.last
    ending = {int(step): np.flatnonzero(ends == step) for step in np.unique(ends)}
    distances = np.empty(pairs)
    # Three antidiagonals; row i stands at i + 1, what cannot be reached is infinite.
    newest, newer, old = np.full((3, rows + 1, pairs), np.inf)
    old[0] = -np.inf  # from here the first vertices are reached
    for step in range(rows + columns - 1):
        top, bottom = max(0, step - columns + 1), min(rows, step + 1)
        count, reverse = bottom - top, columns - step - 1
        i, j = slice(top, bottom), slice(top + reverse, bottom + reverse)
        cost, spare, offset = costs[:count], spares[:count], offsets[:count]
        difference = differences[:, :count]
        np.abs(np.subtract(p.points[i], q.points[j], out=offset), out=cost)
        np.subtract(p.gauges[:kinds, i], q.gauges[:kinds, j], out=difference)
        angle, *lengths = np.abs(difference, out=difference)
        np.minimum(angle, np.subtract(turn, angle, out=spare), out=angle)
        if lengths:
            np.clip(angle, least, most, out=angle)
            if odd:
                np.copyto(lengths[0], lengths[1], where=np.isnan(lengths[0]))
            cost += lengths[0]
        if odd:
            angle[np.isnan(angle)] = 0.0
        cost += angle
        np.minimum(newer[top:bottom], newer[top + 1 : bottom + 1], out=spare)
        np.minimum(spare, old[top:bottom], out=spare)
        np.maximum(spare, cost, out=newest[top + 1 : bottom + 1])
        if step in ending:
            distances[ending[step]] = newest[p.last[ending[step]] + 1, ending[step]]
        if step == 0:
            old[0] = np.inf
        old, newer, newest = newer, newest, old
    return distances + np.abs(p.whole - q.whole)
