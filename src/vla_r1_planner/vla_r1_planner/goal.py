"""Where to let go of a carried object: what the end of a trace lies on or in."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from vla_r1_core.errors import GroundingError, OutcomeCode

from vla_r1_planner.depth import cut, DepthView
from vla_r1_planner.footprint import Footprint, footprint
from vla_r1_planner.neighbours import around, Thing
from vla_r1_planner.support import Plane

Array = NDArray[np.float64]

SAME_M = 0.015  # pieces that are closer than this, seen from above, are one container
WALL_M = 0.006  # of a container; the carried object keeps off it by as much again
HOLLOW_M = 0.01  # a thing whose middle is this much lower than its top is a container
SEEN_FROM_ASIDE_M = 0.06  # what is high appears this far beside its place on the surface
SAMPLE = 300


@dataclass(frozen=True)
class Goal:
    """Where to let go.

    Attributes:
        place: (3,) [m] in the base frame, of the carried object's bottom when it lies there.
        support: the things that it will lie on or in; none on the bare surface.
    """

    place: Array
    support: tuple[Thing, ...]


def find_goal(
    view: DepthView,
    surface: Plane,
    things: Sequence[Thing],
    end: Array,
    carried: Footprint,
    reach_m: float,
) -> Goal:
    """Return where to let go of an object for a trace that ends at a point (3,) [m].

    In a container, or on top of something, the place is moved just so far that the object and
    the hand around it, which reach reach_m [m] to their sides, fit; seen from above.

    Raises:
        GroundingError: NO_ROOM, it does not fit; NO_VALID_DEPTH, the place cannot be seen.
    """
    support = pieces_at(view, surface, things, end)
    if not support:
        return Goal(np.array([*end[:2], top_at(view, surface, end[:2], carried)]), ())
    points = np.vstack([thing.points for thing in support])
    outline = footprint(view, points, surface)
    room = outline.short / 2 - reach_m
    middle = seen_at(view, surface, outline.centre, WALL_M)
    # A flat top would be seen; a deep floor may be hidden behind the near wall.
    hollow = middle is None or outline.top - middle > HOLLOW_M
    if hollow and outline.short < carried.short + 4 * WALL_M:
        raise GroundingError(
            OutcomeCode.NO_ROOM,
            f'the container is {outline.short * 1000:.0f} mm wide and the object '
            f'{carried.short * 1000:.0f} mm; choose a larger container',
        )
    slack = max(0.0, room - (2 * WALL_M if hollow else 0.0))
    xy = outline.centre + _shortened(end[:2] - outline.centre, slack)
    return Goal(np.array([*xy, top_at(view, surface, xy, carried)]), tuple(support))


def pieces_at(view: DepthView, surface: Plane, things: Sequence[Thing], end: Array) -> list[Thing]:
    """Return the things at a point (3,) [m], with all that is joined to them.

    A camera sees a container as its near and its far wall, with a jump of the depth between.
    """
    found = [
        thing
        for thing in things
        if footprint(view, thing.points, surface).beside(end[:2]) < 0.0
        or np.linalg.norm(thing.points - end, axis=1).min() < SAME_M
    ]
    rest = [thing for thing in things if not any(thing is piece for piece in found)]
    for piece in found:  # grows while it is walked through
        joined = [thing for thing in rest if _gap(piece, thing) < SAME_M]
        found += joined
        rest = [thing for thing in rest if not any(thing is other for other in joined)]
    return found


def top_at(view: DepthView, surface: Plane, xy: Array, carried: Footprint) -> float:
    """Return base z [m] of the highest that an object would lie on at a place (2,) [m].

    Raises:
        GroundingError: NO_VALID_DEPTH, nothing of it can be seen.
    """
    top = seen_at(view, surface, xy, carried.short / 2)
    if top is None:
        raise GroundingError(
            OutcomeCode.NO_VALID_DEPTH,
            'the camera cannot see the place where to let go; look from higher up',
        )
    return top


def seen_at(view: DepthView, surface: Plane, xy: Array, radius_m: float) -> float | None:
    """Return the top z [m] of what is seen within radius_m [m] of a place (2,) [m], if any."""
    window = around(view, surface, xy[None], 2 * radius_m + SEEN_FROM_ASIDE_M)
    if window is None:
        return None
    points = cut(view, window).points.reshape(-1, 3)
    with np.errstate(invalid='ignore'):
        points = points[np.linalg.norm(points[:, :2] - xy, axis=1) < radius_m]
    if not len(points):
        return None
    return float(surface.z_at(xy) + max(0.0, np.percentile(surface.height(points), 95.0)))


def _shortened(offset: Array, length: float) -> Array:
    """Return an offset (2,) [m] that is no longer than a length [m]."""
    return np.asarray(offset * min(1.0, length / max(1e-9, float(np.linalg.norm(offset)))))


def _gap(a: Thing, b: Thing) -> float:
    """Return how far apart [m] two things are, seen from above."""
    few = [thing.points[:: max(1, len(thing.points) // SAMPLE), :2] for thing in (a, b)]
    return float(np.linalg.norm(few[0][:, None] - few[1][None], axis=2).min())
