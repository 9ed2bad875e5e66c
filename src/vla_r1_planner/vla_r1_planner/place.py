"""Place: grasp the object in a box, carry it along a trace, and let go where the trace ends."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray
from vla_r1_core.errors import MotionError, OutcomeCode
from vla_r1_core.types import Box, Trajectory2D

from vla_r1_planner.clearance import above
from vla_r1_planner.footprint import Footprint
from vla_r1_planner.goal import find_goal, Goal
from vla_r1_planner.grasp import GraspCandidate
from vla_r1_planner.grounding import ground_box
from vla_r1_planner.motion import (
    Arm,
    Change,
    first_that_works,
    Job,
    raised,
    Report,
    Segment,
    Verdict,
)
from vla_r1_planner.neighbours import Thing
from vla_r1_planner.pick import (
    PickPlan,
    PickSettings,
    plan_grasp,
    settings_of,
    still_holding,
    take_hold,
)
from vla_r1_planner.polyline import arc_length, resampled, straightened
from vla_r1_planner.reach import FINGER_M, STEP_M, TURNS
from vla_r1_planner.task import Cell
from vla_r1_planner.trace import dense, trace_path, TracePath

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Route:
    """The way of the carried object's bottom.

    Attributes:
        start: z [m] in the base frame where it stands.
        ways: each (N, 3) [m], from above where it stands to above the goal; best first, and all
            begin at the same height.
        end: (3,) [m], where it is let go.
    """

    start: float
    ways: tuple[Array, ...]
    end: Array


@dataclass(frozen=True)
class PlacePlan:
    """A pick, and the way of what is held to its goal, planned to the end."""

    pick: PickPlan
    carry: Segment
    lower: Segment
    retreat: Segment

    @property
    def segments(self) -> tuple[Segment, ...]:
        """In the order of travel."""
        return *self.pick.segments, self.carry, self.lower, self.retreat


def prepare_place(cell: Cell, box: Box, label: str, goal_cell: Cell, trace: Trajectory2D) -> Job:
    """Ground and plan all of it: nothing is grasped that cannot be put down.

    Args:
        cell: with the view that the box was found in.
        box: around the object.
        label: what the object is called.
        goal_cell: with the view that the trace was drawn in.
        trace: from the object to the goal.

    Raises:
        GroundingError, MotionError: with the reason why it cannot be done.
    """
    grounded = ground_box(
        cell.view, box, cell.gripper, cell.workspace, cell.tool_yaw, cell.robot_base
    )
    object_ = grounded.outline
    path = trace_path(goal_cell.view, dense(trace, goal_cell.view.camera))
    places = np.vstack([object_.centre, path.points[:, :2]])
    things = goal_cell.around(path.surface, places, [object_])
    reach_m = max(object_.reach, grounded.candidates[0].opening_m / 2 + FINGER_M)
    goal = find_goal(goal_cell.view, path.surface, things, path.points[-1], object_, reach_m)
    cell.show.box(grounded, label)
    cell.show.trace(path)
    cell.report(
        'ground',
        f'{label or "object"}: {object_.short * 1000:.0f} x {object_.long * 1000:.0f} x '
        f'{(object_.top - object_.bottom) * 1000:.0f} mm, to be put '
        f'{"in or on something" if goal.support else "on the surface"} at '
        f'({goal.place[0]:.3f}, {goal.place[1]:.3f}, {goal.place[2]:.3f}) m',
    )
    route = route_to(goal, object_, path, things, reach_m, cell)
    middle = np.asarray((object_.centre + goal.place[:2]) / 2)
    others = [t for t in things if not any(t is piece for piece in goal.support)]
    settings = settings_of(cell.config)
    cell.arm.let_go()  # the gripper opens before anything else
    plan = plan_place(
        cell.arm,
        grounded.candidates,
        object_,
        route,
        settings,
        lambda: cell.keep_clear(path.surface, middle, things),
        # The last line goes down between the container's walls, into the cuboid around it.
        lambda: cell.keep_clear(path.surface, middle, others),
        cell.report,
    )
    cell.show.grasp(plan.pick.grasp)
    cell.show.goal(plan.lower.tool_poses[-1])
    return Job(
        plan.segments,
        lambda: run_place(cell.arm, plan, settings, cell.report),
        Change(before=object_, goal=goal.place),
        camera=True,
    )


def route_to(
    goal: Goal, object_: Footprint, path: TracePath, things: Sequence[Thing], reach_m: float,
    cell: Cell,
) -> Route:  # fmt: skip
    """Return the way along a trace, from above an object to above its goal and down.

    Where the arm cannot follow the trace, it may carry straight over what the trace leads around.

    Raises:
        GroundingError: OUT_OF_WORKSPACE.
    """
    config = cell.config
    drawn, end = path.points[:, :2], goal.place[:2]
    # Near its ends the trace lies on the object's and the container's walls, not beside them.
    between = (np.linalg.norm(drawn - object_.centre, axis=1) > reach_m) & (
        np.linalg.norm(drawn - end, axis=1) > reach_m
    )
    ways = []
    for inner in (drawn[between], drawn[:0]):
        corners = straightened(np.vstack([object_.centre, inner, end]), config.trace_deviation_m)
        carry = above(
            resampled(corners, STEP_M),
            path.surface,
            things,
            radius_m=reach_m,
            clearance_m=config.carry_clearance_m,
        )
        ways.append(straightened(carry, STEP_M / 2))
    down = goal.place + np.array([0.0, 0.0, config.release_clearance_m])
    cell.workspace.check(down[None])
    within = [way for way in ways if cell.workspace.holds(way).all()]
    if not within:
        cell.workspace.check(ways[0])
    highest = max(way[0, 2] for way in within)
    for way in within:
        way[0, 2] = highest
    return Route(object_.bottom, tuple(within), down)


def plan_place(
    arm: Arm,
    candidates: Sequence[GraspCandidate],
    object_: Footprint,
    route: Route,
    settings: PickSettings,
    with_goal: Callable[[], None],
    without_goal: Callable[[], None],
    report: Report,
) -> PlacePlan:
    """Plan the best grasp with which the object can be carried and let go.

    Args:
        arm: that moves.
        candidates: best first.
        object_: to be carried.
        route: of its bottom.
        settings: of the pick; the lift goes as high as the route begins.
        with_goal: puts the scene up for planning, with what the object is put in or on.
        without_goal: the same, without that.
        report: told what is tried.

    Raises:
        MotionError: with the code of the best candidate when none can.
    """
    rise = float(route.ways[0][0, 2] - route.start)

    def attempt(grasp: GraspCandidate) -> PlacePlan:
        with_goal()
        pick = plan_grasp(arm, grasp, object_, replace(settings, lift_height_m=rise))
        way, carry = first_that_works(
            lambda way: (way, arm.plan_line(way, pick.lift, pick.held)),
            carried_ways(grasp, route),
            'way to the goal',
            report,
        )
        without_goal()
        down = way[-1].copy()
        down[2, 3] = grasp.T_base_tcp[2, 3] + route.end[2] - route.start
        lower = arm.plan_line(np.array([way[-1], down]), carry, pick.held)
        # As high as after a grasp, so that the camera sees what lies there now.
        clear = raised(down, settings.lift_height_m)
        retreat = arm.plan_line(np.array([down, clear]), lower)
        return PlacePlan(pick, carry, lower, retreat)

    return first_that_works(attempt, candidates, 'grasp', report)


def carried_ways(grasp: GraspCandidate, route: Route) -> list[Array]:
    """Return tool poses (N, 4, 4) along a route, each way with another turn of the tool."""
    above_bottom = np.array([0.0, 0.0, grasp.T_base_tcp[2, 3] - route.start])
    found = []
    for way, turn in product(route.ways, TURNS):
        along = arc_length(way)
        shares = along / max(1e-9, along[-1])
        tools = zip(shares, way + above_bottom, strict=True)
        found.append(np.array([_turned(grasp.T_base_tcp, s * turn, xyz) for s, xyz in tools]))
    return found


def _turned(pose: Array, turn: float, xyz: Array) -> Array:
    """Return a pose (4, 4) turned about the vertical [rad] and put at xyz (3,) [m]."""
    c, s = np.cos(turn), np.sin(turn)
    moved = pose.copy()
    moved[:3, :3] = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]]) @ pose[:3, :3]
    moved[:3, 3] = xyz
    return moved


def run_place(arm: Arm, plan: PlacePlan, settings: PickSettings, report: Report) -> Verdict:
    """Carry out a pick and put down what was picked.

    Raises:
        MotionError: GRASP_EMPTY, as a pick; OBJECT_LOST when the gripper lost it on the way.
    """
    take_hold(arm, plan.pick, settings, report)
    report('follow', 'carrying it along the trace')
    arm.execute(plan.carry)
    if still_holding(arm, settings) is Verdict.REFUTED:
        raise MotionError(
            OutcomeCode.OBJECT_LOST,
            'the object slipped out of the gripper on the way; look where it fell and ask again',
        )
    report('release', 'lowering it')
    arm.execute(plan.lower)
    report('release', 'opening the gripper')
    arm.move_gripper(plan.pick.grasp.opening_m)
    arm.let_go()
    report('release', 'withdrawing')
    arm.execute(plan.retreat)
    return Verdict.UNKNOWN
