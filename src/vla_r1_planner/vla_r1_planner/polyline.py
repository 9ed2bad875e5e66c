"""Lines through points in space: with fewer corners, or with evenly spaced points."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def straightened(points: Array, deviation: float) -> Array:
    """Return the corners that suffice, so that no point is farther than deviation from the line.

    Args:
        points: (N, D) [m], N >= 2; the first and the last one are kept.
        deviation: [m].
    """
    line = points[-1] - points[0]
    length = float(np.linalg.norm(line))
    offsets = points - points[0]
    along = np.zeros(len(points)) if length == 0.0 else np.clip(offsets @ line / length**2, 0, 1)
    distance = np.linalg.norm(offsets - along[:, None] * line, axis=1)
    farthest = int(distance.argmax())
    if distance[farthest] <= deviation:
        return points[[0, -1]]
    before = straightened(points[: farthest + 1], deviation)
    return np.vstack([before[:-1], straightened(points[farthest:], deviation)])


def resampled(points: Array, step: float) -> Array:
    """Return points (M, D) at even distances of at most step [m] along a line (N, D) [m].

    Both ends are kept; corners between two of the new points are cut.
    """
    along = arc_length(points)
    count = max(2, int(np.ceil(along[-1] / step)) + 1)
    at = np.linspace(0.0, along[-1], count)
    return np.column_stack([np.interp(at, along, column) for column in points.T])


def later(points: Array, share: float) -> Array:
    """Return a line (N, D) [m] without a first part: a share of its length, in [0, 1).

    It has two points at least, also where all of the line is one place.
    """
    along = arc_length(points)
    begin = share * along[-1]
    start = [np.interp(begin, along, column) for column in points.T]
    between = points[1:-1][along[1:-1] > begin]
    return np.vstack([start, between, points[-1]])


def arc_length(points: Array) -> Array:
    """Return the distance (N,) [m] from the first point along a line (N, D) [m]."""
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    return np.asarray(np.r_[0.0, np.cumsum(steps)])
