"""Reach: follow a trace with the tool above what the camera sees along it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from vla_r1_core.types import Trajectory2D

from vla_r1_planner.grasp import pointing_down
from vla_r1_planner.grounding import ground_trace
from vla_r1_planner.motion import Arm, Change, first_that_works, Job, Report, Segment, Verdict
from vla_r1_planner.task import Cell

Array = NDArray[np.float64]

TURNS = np.radians((0.0, 90.0, -90.0, 180.0))  # of the tool about the vertical, in this order


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
    clearance = cell.config.trace_clearance_m + cell.config.tip_beyond_tcp_m
    grounded = ground_trace(
        cell.view, trace, cell.workspace, clearance_m=clearance, tool_yaw=cell.tool_yaw
    )
    cell.show.trace(grounded)
    path = grounded.trace
    skipped = f', {len(path.skipped)} in the air before them left out' if path.skipped else ''
    cell.report('ground', f'{len(path.points)} waypoints{skipped}')
    cell.keep_clear(path.surface, path.points[:, :2].mean(axis=0), [])
    ways = [turned(grounded.tool_poses, cell.tool_yaw + turn) for turn in TURNS]
    plan = plan_reach(cell.arm, ways, cell.report)
    return Job(plan.segments, lambda: run_reach(cell.arm, plan, cell.report), Change())


def plan_reach(arm: Arm, ways: Sequence[Array], report: Report) -> ReachPlan:
    """Plan the first of several ways, each of tool poses (N, 4, 4), that can be planned.

    Raises:
        MotionError: with the code of the first way when none can.
    """

    def attempt(way: Array) -> ReachPlan:
        approach = arm.plan_pose(way[0])
        return ReachPlan(approach, arm.plan_line(way, approach))

    return first_that_works(attempt, ways, 'orientation', report)


def run_reach(arm: Arm, plan: ReachPlan, report: Report) -> Verdict:
    """Carry out a traced motion."""
    report('approach', 'moving above the start of the trace')
    arm.execute(plan.approach)
    report('follow', 'following the trace')
    arm.execute(plan.follow)
    return Verdict.UNKNOWN


def turned(poses: Array, yaw: float) -> Array:
    """Return poses (N, 4, 4) at the same places, looking down and opening along yaw [rad]."""
    return np.array([pointing_down(pose[:3, 3], yaw) for pose in poses])
