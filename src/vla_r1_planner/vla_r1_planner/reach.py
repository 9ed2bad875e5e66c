"""Reach: follow a trace with the tool, clear of everything along it, and end above its end."""

from collections.abc import Sequence
from dataclasses import dataclass
import itertools

import numpy as np
from numpy.typing import NDArray
from vla_r1_core.geometry import transform_points
from vla_r1_core.types import Trajectory2D

from vla_r1_planner.clearance import above
from vla_r1_planner.grasp import pointing_down
from vla_r1_planner.motion import Arm, Change, first_that_works, Job, Report, Segment, Verdict
from vla_r1_planner.polyline import arc_length, later, resampled, straightened
from vla_r1_planner.task import Cell
from vla_r1_planner.trace import at_heights, dense, trace_path, TracePath

Array = NDArray[np.float64]

TURNS = np.radians((0.0, 90.0, -90.0, 180.0))  # of the tool about the vertical, in this order
STEP_M = 0.01  # between the places whose heights are looked up
JOINS = (0.0, 0.25, 0.5, 0.75, 0.9)  # of the way: where the tool joins it if it cannot before
TURN_COST = 0.3  # of the next turn: as much of the way may be left out instead
AT_TOOL = 0.15  # of the image's width: a trace that begins this close begins at the tool
FINGER_M = 0.02  # how far a finger reaches beyond the widest opening


@dataclass(frozen=True)
class ReachPlan:
    """A traced motion, planned to its end."""

    approach: Segment
    follow: Segment

    @property
    def segments(self) -> tuple[Segment, ...]:
        """In the order of travel."""
        return self.approach, self.follow


def prepare_reach(cell: Cell, trace: Trajectory2D) -> Job:
    """Ground and plan a motion along a trace.

    Raises:
        GroundingError, MotionError: with the reason why it cannot be done.
    """
    config = cell.config
    trace = dense(trace, cell.view.camera)
    path = trace_path(cell.view, trace, cell.robot_parts())
    cell.show.trace(path)
    flown = straightened(flight(cell, trace, path), config.trace_deviation_m)
    flown = resampled(flown, STEP_M)
    places = flown[:, :2]
    things = cell.around(path.surface, places)
    tips = above(
        places,
        path.surface,
        things,
        radius_m=cell.gripper.max_opening_m / 2 + FINGER_M,
        clearance_m=config.trace_clearance_m,
    )
    tips[:, 2] = np.maximum(tips[:, 2], flown[:, 2])
    tips = straightened(tips, STEP_M / 2)
    tools = tips + np.array([0.0, 0.0, config.tip_beyond_tcp_m])
    parts = [(join, later(tools, join)) for join in JOINS]
    within = [(join, part) for join, part in parts if cell.workspace.holds(part).all()]
    if not within:
        cell.workspace.check(parts[-1][1])
    skipped = f', {len(path.skipped)} points in the air before them left out'
    cell.report(
        'ground',
        f'{len(tools)} waypoints past {len(things)} things{skipped if path.skipped else ""}',
    )
    cell.keep_clear(path.surface, places.mean(axis=0), things)
    # Where the arm cannot look down with one turn it seldom can with another.
    tried = sorted(
        itertools.product(within, enumerate(TURNS)),
        key=lambda way: way[0][0] + TURN_COST * way[1][0],
    )
    ways = [looking_down(part, cell.tool_yaw + turn) for (_, part), (_, turn) in tried]
    cell.show.goal(ways[0][-1])
    plan = plan_reach(cell.arm, ways, cell.report)
    return Job(
        plan.segments, lambda: run_reach(cell.arm, plan, cell.report), Change(), camera=True
    )


def flight(cell: Cell, trace: Trajectory2D, path: TracePath) -> Array:
    """Return where a trace goes (N, 3) [m], in the base frame, before it is kept clear.

    A trace that begins at the picture of the tool begins in the air, where the tool is, and
    comes down evenly to the last place; the surface seen behind it is not where it goes. Other
    traces lie on what the camera sees. Where the trace misses the tool's picture at first, it
    is drawn from there: a ray that passes the tool a little above goes on far behind it.
    """
    tip = cell.tool[:3, 3] + cell.config.tip_beyond_tcp_m * cell.tool[:3, 2]
    in_camera = transform_points(np.linalg.inv(cell.view.T_base_camera), tip[None])
    size = np.array([cell.view.camera.width, cell.view.camera.height])
    drawn = np.array(trace.points) * size
    miss = cell.view.camera.project(in_camera)[0] + 0.5 - drawn[0]
    if not np.linalg.norm(miss) < AT_TOOL * size[0]:  # also when the tool is behind the camera
        return path.points
    share = arc_length(drawn)
    share /= share[-1]
    begin, end = path.surface.height(np.array([tip, path.points[-1]]))
    from_tool = (drawn + (1.0 - share)[:, None] * miss) / size
    trace = Trajectory2D(tuple((float(x), float(y)) for x, y in from_tool))
    return at_heights(cell.view, trace, path.surface, begin + share * (end - begin))


def plan_reach(arm: Arm, ways: Sequence[Array], report: Report) -> ReachPlan:
    """Plan the first of several ways, each of tool poses (N, 4, 4), that can be planned.

    Raises:
        MotionError: with the code of the first way when none can.
    """

    def attempt(way: Array) -> ReachPlan:
        approach = arm.plan_pose(way[0])
        return ReachPlan(approach, arm.plan_line(way, approach))

    return first_that_works(attempt, ways, 'way', report)


def run_reach(arm: Arm, plan: ReachPlan, report: Report) -> Verdict:
    """Carry out a traced motion."""
    report('approach', 'moving above the start of the trace')
    arm.execute(plan.approach)
    report('follow', 'following the trace')
    arm.execute(plan.follow)
    return Verdict.UNKNOWN


def looking_down(places: Array, yaw: float) -> Array:
    """Return tool poses (N, 4, 4) at places (N, 3) [m], looking down, opening along yaw [rad]."""
    return np.array([pointing_down(xyz, yaw) for xyz in places])
