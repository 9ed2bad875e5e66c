"""Push: move the object that a trace goes through along the trace.

Both fingers push, a little apart and side by side: against one alone an object turns away.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from vla_r1_core.errors import GroundingError, OutcomeCode
from vla_r1_core.types import Trajectory2D

from vla_r1_planner.depth import DepthView
from vla_r1_planner.edges import on_surface_at
from vla_r1_planner.footprint import Footprint, footprint
from vla_r1_planner.motion import (
    Arm,
    Change,
    first_that_works,
    Held,
    Job,
    raised,
    Report,
    Segment,
    Verdict,
)
from vla_r1_planner.neighbours import Thing
from vla_r1_planner.polyline import arc_length, resampled, straightened
from vla_r1_planner.reach import looking_down
from vla_r1_planner.support import Plane
from vla_r1_planner.task import Cell
from vla_r1_planner.trace import at_heights, dense, trace_path, TracePath

Array = NDArray[np.float64]

FINGER_M = 0.013  # from the middle of a finger to its corner
FINGER_HALF_M = 0.011  # and to the side that pushes
THICKNESS_M = 0.012  # of a finger in the direction in which the gripper opens
APART = 0.5  # of the object's short side: it does not fit between the fingers
FINE_M, FINE_STEP_M = 0.002, 0.01
EDGE_M = 0.02  # between a pushed object and the surface's edge
MIN_WAY_M = 0.02
CENTRAL = 0.4  # of its short side: a trace this close to a thing's middle is for that thing
START_GAP_M = 0.01  # between them and the object when they come down beside it
ON_TRACE_M = 0.008  # a thing with points this close to the trace's is one that it goes through


@dataclass(frozen=True)
class PushPlan:
    """A push, planned to its end, with the fingers opening_m [m] apart."""

    opening_m: float
    approach: Segment
    descent: Segment
    touch: Segment
    push: Segment
    lift: Segment

    @property
    def segments(self) -> tuple[Segment, ...]:
        """In the order of travel."""
        return self.approach, self.descent, self.touch, self.push, self.lift


def prepare_push(cell: Cell, trace: Trajectory2D) -> Job:
    """Ground and plan a push along a trace.

    Raises:
        GroundingError, MotionError: with the reason why it cannot be done.
    """
    config = cell.config
    trace = dense(trace, cell.view.camera)
    # It begins beside the object; its end may lie beyond the edge.
    path = trace_path(cell.view, trace, standing=0)
    cell.show.trace(path)
    things = cell.around(path.surface, path.points[:, :2])
    target, outline, drawn = pushed(cell.view, things, trace, path)
    height = outline.top - outline.bottom
    opening = min(APART * outline.short, cell.gripper.max_opening_m)
    fingers = (opening + THICKNESS_M) / 2
    way, contact = push_way(straightened(drawn, config.trace_deviation_m), outline, fingers)
    way = kept_on(cell, path.surface, way, contact, outline)
    # Low, because what is pushed above its middle topples.
    tip = max(config.tip_clearance_m, config.push_height * height)
    tools = on_surface(way, path.surface.lifted(tip + config.tip_beyond_tcp_m))
    cell.workspace.check(tools)
    length = float(np.linalg.norm(np.diff(way, axis=0), axis=1).sum())
    cell.report(
        'ground',
        f'pushing {outline.short * 1000:.0f} x {outline.long * 1000:.0f} x {height * 1000:.0f} mm '
        f'at ({outline.centre[0]:.3f}, {outline.centre[1]:.3f}) m, {length * 1000:.0f} mm of way '
        f'from ({way[0][0]:.3f}, {way[0][1]:.3f}) to ({way[-1][0]:.3f}, {way[-1][1]:.3f}) m, '
        f'{len(things) - 1} things around it',
    )
    others = [thing for thing in things if thing is not target]
    cell.arm.let_go()  # the gripper opens or closes before anything else
    cell.keep_clear(path.surface, outline.centre, others)
    direction = way[-1] - way[-2]
    yaws = np.arctan2(direction[1], direction[0]) + np.array([np.pi / 2, -np.pi / 2])
    nearest_first = sorted(yaws, key=lambda yaw: -np.cos(yaw - cell.tool_yaw))
    ways = [looking_down(tools, yaw) for yaw in nearest_first]
    cell.show.goal(ways[0][-1])
    plan = plan_push(
        cell.arm, ways, opening, contact, outline, config.approach_height_m, cell.report
    )
    goal = way[-1] + outline.centre - way[contact]
    change = Change(before=outline, goal=on_surface(goal[None], path.surface)[0])
    return Job(plan.segments, lambda: run_push(cell.arm, plan, cell.report), change, camera=True)


def pushed(
    view: DepthView, things: Sequence[Thing], trace: Trajectory2D, path: TracePath
) -> tuple[Thing, Footprint, Array]:
    """Return the thing that a trace pushes, its outline, and the trace (N, 2) [m] at mid-height.

    It is the first one whose middle the trace goes through: the trace may graze others. It is
    drawn over the middle of the thing's picture, which is not on the surface.

    Raises:
        GroundingError: NO_OBJECT_POINTS.
    """
    found = []
    for thing in things:
        apart = np.linalg.norm(path.points[:, None] - thing.points[None], axis=2).min(axis=1)
        if apart.min() < ON_TRACE_M:
            found.append((int((apart < ON_TRACE_M).argmax()), thing))
    crossed = []
    for _, thing in sorted(found, key=lambda hit: hit[0]):
        outline = footprint(view, thing.points, path.surface)
        middle = np.full(len(trace.points), (outline.top - outline.bottom) / 2)
        drawn = at_heights(view, trace, path.surface, middle)[:, :2]
        beside = np.linalg.norm(nearest_on(drawn, outline.centre) - outline.centre)
        crossed.append((thing, outline, drawn))
        if beside < CENTRAL * outline.short:
            return crossed[-1]
    if crossed:
        return crossed[0]
    raise GroundingError(
        OutcomeCode.NO_OBJECT_POINTS,
        'the trace goes through nothing that stands out of the surface; ask the model again',
    )


def push_way(drawn: Array, outline: Footprint, fingers: float) -> tuple[Array, int]:
    """Return the tool's way (N, 2) [m] and at which of its points it touches the object.

    It goes through the object's middle, because a push beside it turns the object away; and it
    begins far enough before the object for the fingers to come down there.

    Args:
        drawn: (M, 2) [m] in the base frame.
        outline: of the object.
        fingers: [m] from the tool's axis to the middle of each.

    Raises:
        GroundingError: TRACE_INVALID, it ends where it would touch the object.
    """
    whole = _unit(drawn[-1] - drawn[0])
    shift = outline.centre - nearest_on(drawn, outline.centre)
    sideways = shift - shift @ whole * whole
    if np.linalg.norm(sideways) < outline.long / 2:
        drawn = drawn + sideways
    direction = _unit(drawn[1] - drawn[0])
    aside = fingers * np.array([-direction[1], direction[0]])

    def apart(places: Array) -> Array:
        return np.minimum(outline.beside(places + aside), outline.beside(places - aside))

    back = np.arange(0.0, 2 * (outline.reach + FINGER_M + START_GAP_M), FINE_M)
    starts = drawn[0] - back[:, None] * direction
    clear = apart(starts) >= FINGER_M + START_GAP_M
    start = starts[clear.argmax()]
    fine = resampled(np.vstack([start, drawn[1:]]), FINE_M)
    touching = apart(fine) < FINGER_HALF_M
    if not touching[:-1].any():
        raise GroundingError(
            OutcomeCode.TRACE_INVALID,
            'the trace ends before the object that it should push; ask the model again',
        )
    first = int(touching.argmax())
    before = straightened(fine[: first + 1], FINE_M)
    return np.vstack([before, straightened(fine[first:], FINE_M)[1:]]), len(before) - 1


def kept_on(cell: Cell, surface: Plane, way: Array, contact: int, outline: Footprint) -> Array:
    """Return a push's way (N, 2) [m], cut where the object would leave the surface.

    Or where it would come to the robot's foot.

    Raises:
        GroundingError: TRACE_INVALID, hardly anything is left.
    """
    fine = resampled(way[contact:], FINE_STEP_M)
    places = outline.centre + fine - fine[0]
    free = on_surface_at(cell.view, surface, places, outline.reach + EDGE_M)
    free &= np.linalg.norm(places, axis=1) > cell.config.base_radius_m + outline.reach
    count = len(fine) if free.all() else int(free.argmin())
    if count < 2 or arc_length(fine[:count])[-1] < MIN_WAY_M:
        raise GroundingError(
            OutcomeCode.TRACE_INVALID,
            'the push leads off the surface or to the robot within '
            f'{MIN_WAY_M * 1000:.0f} mm; push another way or move the object',
        )
    return np.vstack([way[: contact + 1], straightened(fine[:count], FINE_M)[1:]])


def nearest_on(line: Array, place: Array) -> Array:
    """Return the point of a line (N, 2) [m] that is nearest to a place (2,) [m]."""
    starts, steps = line[:-1], np.diff(line, axis=0)
    squared = np.maximum((steps**2).sum(axis=1), 1e-12)
    share = np.clip(((place - starts) * steps).sum(axis=1) / squared, 0.0, 1.0)
    feet = starts + share[:, None] * steps
    return np.asarray(feet[np.linalg.norm(feet - place, axis=1).argmin()])


def on_surface(xy: Array, plane: Plane) -> Array:
    """Return places (N, 2) [m] as points (N, 3) [m] of a plane, in the base frame."""
    return np.column_stack([xy, plane.z_at(xy)])


def plan_push(
    arm: Arm,
    ways: Sequence[Array],
    opening_m: float,
    contact: int,
    outline: Footprint,
    above_m: float,
    report: Report,
) -> PushPlan:
    """Plan the first of several ways that can be planned.

    Args:
        arm: that moves.
        ways: each of tool poses (N, 4, 4).
        opening_m: [m] between the fingers.
        contact: from this pose on the object moves with the tool, and may hit nothing either.
        outline: the object before the push.
        above_m: [m] from where the tool comes down, and to where it goes up again.
        report: told what is tried.

    Raises:
        MotionError: with the code of the first way when none can.
    """

    def attempt(way: Array) -> PushPlan:
        above = raised(way[0], above_m)
        approach = arm.plan_pose(above, opening_m=opening_m)
        descent = arm.plan_line(np.array([above, way[0]]), approach)
        touch = arm.plan_line(way[: contact + 1], descent)
        push = arm.plan_line(way[contact:], touch, Held.by(way[contact], outline))
        lift = arm.plan_line(np.array([way[-1], raised(way[-1], above_m)]), push)
        return PushPlan(opening_m, approach, descent, touch, push, lift)

    return first_that_works(attempt, ways, 'orientation', report)


def run_push(arm: Arm, plan: PushPlan, report: Report) -> Verdict:
    """Carry out a push."""
    report('approach', f'opening the gripper to {plan.opening_m * 1000:.0f} mm')
    arm.move_gripper(plan.opening_m)
    arm.let_go()
    report('approach', 'moving above the start of the trace')
    arm.execute(plan.approach)
    report('approach', 'descending beside the object')
    arm.execute(plan.descent)
    arm.execute(plan.touch)
    report('follow', 'pushing')
    arm.execute(plan.push)
    report('release', 'lifting the tool off')
    arm.execute(plan.lift)
    return Verdict.UNKNOWN


def _unit(vector: Array) -> Array:
    return np.asarray(vector / max(1e-9, float(np.linalg.norm(vector))))
