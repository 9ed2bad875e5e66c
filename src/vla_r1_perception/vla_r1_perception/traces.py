"""Four-point traces in the picture: reach an object, or push it along the table."""

import math

from vla_r1_core.types import Box, Trajectory2D

Point = tuple[float, float]

_POINTS = 4  # as many as in the paper's answers
_CLEARANCE = 0.02  # beside an obstacle's box, in image units
_PUSH_WAY = 2.5  # times the object's size in the direction of the push
_BESIDE = 0.9  # where a push begins, times that size, from the object's centre


def reach(start: Point, target: Box, obstacles: list[Box]) -> Trajectory2D:
    """Go from `start` to the target's centre, evenly, around what lies under the way."""
    goal = (target.x, target.y)
    points = [_between(start, goal, i / (_POINTS - 1)) for i in range(_POINTS)]
    inner = [_step_aside(point, start, goal, obstacles) for point in points[1:-1]]
    return _trace([points[0], *inner, points[-1]])


def push(target: Box, direction: Point) -> Trajectory2D:
    """Begin beside the object, opposite to `direction` (a unit vector), and go through it."""
    size = abs(direction[0]) * target.width + abs(direction[1]) * target.height
    begin = _along(target, direction, -_BESIDE * size)
    end = _along(target, direction, _PUSH_WAY * size)
    return _trace([_between(begin, end, i / (_POINTS - 1)) for i in range(_POINTS)])


def _along(box: Box, direction: Point, way: float) -> Point:
    return box.x + direction[0] * way, box.y + direction[1] * way


def _between(a: Point, b: Point, share: float) -> Point:
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share


def _step_aside(point: Point, start: Point, goal: Point, obstacles: list[Box]) -> Point:
    """Move a point sideways, to the nearer side, out of the first obstacle it lies over."""
    for box in obstacles:
        left, top, right, bottom = box.corners
        if not (left <= point[0] <= right and top <= point[1] <= bottom):
            continue
        way = math.dist(start, goal)
        normal = ((goal[1] - start[1]) / way, (start[0] - goal[0]) / way)
        offset = (point[0] - box.x) * normal[0] + (point[1] - box.y) * normal[1]
        half = (abs(normal[0]) * box.width + abs(normal[1]) * box.height) / 2 + _CLEARANCE
        shift = math.copysign(half, offset) - offset
        return point[0] + normal[0] * shift, point[1] + normal[1] * shift
    return point


def _trace(points: list[Point]) -> Trajectory2D:
    """Keep the points in the image, with four decimals."""
    return Trajectory2D(
        tuple(
            (round(min(1.0, max(0.0, x)), 4), round(min(1.0, max(0.0, y)), 4)) for x, y in points
        )
    )
