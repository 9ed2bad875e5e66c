"""Four-point traces in the picture: travel to a place, or push an object along the table."""

import math

import numpy as np
from numpy.typing import NDArray
from vla_r1_core.types import Box, Trajectory2D

Point = tuple[float, float]

_POINTS = 4  # as many as in the paper's answers
_CLEARANCE = 0.02  # beside an obstacle's box, in image units
_DETOURS = np.linspace(-0.36, 0.36, 19)  # sideways at each inner point, in image units
_SAMPLES = 12  # looked at on each piece of the way
_BLOCKED = 100.0  # what a sample inside an obstacle or outside the image costs, as a length
_PUSH_WAY = 0.07  # beyond the object's edge, in image units: 8 cm on a table seen whole
_BESIDE = 0.9  # where a push begins, times that size, from the object's centre


def travel(start: Point, goal: Point, obstacles: list[Box]) -> Trajectory2D:
    """Go from `start` to `goal` on the shortest way beside the obstacles, where there is one."""
    straight = np.linspace(start, goal, _POINTS)  # (4, 2), image units
    way = straight[-1] - straight[0]
    aside = np.array([way[1], -way[0]]) / max(float(np.hypot(*way)), 1e-6)
    first, second = (grid.ravel() for grid in np.meshgrid(_DETOURS, _DETOURS))
    ways = np.repeat(straight[None], len(first), axis=0)  # (N, 4, 2)
    ways[:, 1] += first[:, None] * aside
    ways[:, 2] += second[:, None] * aside
    lengths = np.linalg.norm(np.diff(ways, axis=1), axis=2).sum(axis=1)
    best = ways[np.argmin(lengths + _BLOCKED * _blocked(ways, obstacles))]
    return _trace([(float(x), float(y)) for x, y in best])


def push(target: Box, direction: Point) -> Trajectory2D:
    """Begin beside the object, opposite to `direction` (a unit vector), and go through it."""
    return _push(target, direction, _size(target, direction) / 2 + _PUSH_WAY)


def push_towards(target: Box, goal: Box) -> Trajectory2D:
    """Push the object straight towards another one, and stop just before it."""
    way = math.hypot(goal.x - target.x, goal.y - target.y)
    direction = ((goal.x - target.x) / way, (goal.y - target.y) / way)
    room = way - _reach(goal, direction) - _reach(target, direction) - _CLEARANCE
    return _push(target, direction, max(room, 0.0))


def _push(target: Box, direction: Point, way: float) -> Trajectory2D:
    begin = -_BESIDE * _size(target, direction)
    along = np.linspace(begin, way, _POINTS)
    return _trace([(target.x + direction[0] * a, target.y + direction[1] * a) for a in along])


def _size(box: Box, direction: Point) -> float:
    return abs(direction[0]) * box.width + abs(direction[1]) * box.height


def _reach(box: Box, direction: Point) -> float:
    """Return how far a box reaches from its centre along a direction."""
    sides = zip((box.width, box.height), direction, strict=True)
    return min(side / 2 / max(abs(d), 1e-9) for side, d in sides)


def _blocked(ways: NDArray[np.float64], obstacles: list[Box]) -> NDArray[np.float64]:
    """Return the share of each way (N, 4, 2) that is inside an obstacle or outside the image."""
    share = np.linspace(0.0, 1.0, _SAMPLES, endpoint=False)[:, None]
    pieces = ways[:, :-1, None] * (1 - share) + ways[:, 1:, None] * share  # (N, 3, samples, 2)
    samples = pieces.reshape(len(ways), -1, 2)
    blocked = ((samples < 0.0) | (samples > 1.0)).any(axis=2)
    for box in obstacles:
        left, top, right, bottom = box.corners
        low, high = np.array([left, top]) - _CLEARANCE, np.array([right, bottom]) + _CLEARANCE
        blocked |= ((samples > low) & (samples < high)).all(axis=2)
    shares: NDArray[np.float64] = blocked.mean(axis=1)
    return shares


def _trace(points: list[Point]) -> Trajectory2D:
    """Keep the points in the image, with four decimals."""
    return Trajectory2D(
        tuple(
            (round(min(1.0, max(0.0, x)), 4), round(min(1.0, max(0.0, y)), 4)) for x, y in points
        )
    )
