"""Pick: grasp the object in a box from above and lift it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from vla_r1_core.errors import MotionError, OutcomeCode
from vla_r1_core.types import Box

from vla_r1_planner.config import PlannerConfig
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
from vla_r1_planner.neighbours import neighbours
from vla_r1_planner.task import Cell


@dataclass(frozen=True)
class PickSettings:
    """Distances of a pick, all [m]; a gripper less open than `empty_m` holds nothing."""

    approach_height_m: float
    lift_height_m: float
    empty_m: float


@dataclass(frozen=True)
class PickPlan:
    """A pick, planned to its end."""

    grasp: GraspCandidate
    approach: Segment
    descent: Segment
    lift: Segment

    @property
    def segments(self) -> tuple[Segment, ...]:
        """In the order of travel."""
        return self.approach, self.descent, self.lift


def settings_of(config: PlannerConfig) -> PickSettings:
    """Return the distances that the parameters give."""
    return PickSettings(config.approach_height_m, config.lift_height_m, config.gripper_empty_m)


def prepare_pick(cell: Cell, box: Box, label: str) -> Job:
    """Ground and plan a pick of the object in a box.

    Raises:
        GroundingError, MotionError: with the reason why it cannot be done.
    """
    grounded = ground_box(cell.view, box, cell.gripper, cell.workspace, cell.tool_yaw)
    outline = grounded.outline
    around = neighbours(
        cell.view, grounded.surface, outline, cell.config.neighbour_radius_m, cell.robot_parts()
    )
    cell.show.box(grounded, label, around)
    cell.report(
        'ground',
        f'{label or "object"}: {outline.short * 1000:.0f} x {outline.long * 1000:.0f} x '
        f'{(outline.top - outline.bottom) * 1000:.0f} mm at ({outline.centre[0]:.3f}, '
        f'{outline.centre[1]:.3f}, {outline.bottom:.3f}) m, {len(around)} things around it',
    )
    cell.keep_clear(grounded.surface, outline.centre, around)
    settings = settings_of(cell.config)
    plan = plan_pick(cell.arm, grounded.candidates, settings, cell.report)
    cell.show.grasp(plan.grasp)
    return Job(
        plan.segments,
        lambda: run_pick(cell.arm, plan, settings, cell.report),
        Change(before=outline, held=True),
    )


def plan_pick(
    arm: Arm, candidates: Sequence[GraspCandidate], settings: PickSettings, report: Report
) -> PickPlan:
    """Plan the best grasp that can be planned to its end.

    Raises:
        MotionError: with the code of the best candidate when none can.
    """

    def attempt(grasp: GraspCandidate) -> PickPlan:
        above = raised(grasp.T_base_tcp, settings.approach_height_m)
        lifted = raised(grasp.T_base_tcp, settings.lift_height_m)
        approach = arm.plan_pose(above, opening_m=grasp.opening_m)
        descent = arm.plan_line(np.array([above, grasp.T_base_tcp]), approach)
        lift = arm.plan_line(np.array([grasp.T_base_tcp, lifted]), descent)
        return PickPlan(grasp, approach, descent, lift)

    return first_that_works(attempt, candidates, 'grasp', report)


def run_pick(arm: Arm, plan: PickPlan, settings: PickSettings, report: Report) -> Verdict:
    """Carry out a pick; the verdict is what the gripper feels after the lift.

    Raises:
        MotionError: GRASP_EMPTY when the gripper closed on nothing; it is opened and the arm
            withdrawn first.
    """
    report('approach', f'opening the gripper to {plan.grasp.opening_m * 1000:.0f} mm')
    arm.move_gripper(plan.grasp.opening_m)
    report('approach', 'moving above the object')
    arm.execute(plan.approach)
    report('approach', 'descending')
    arm.execute(plan.descent)
    report('grasp', 'closing the gripper')
    opening = arm.move_gripper(0.0)
    if opening < settings.empty_m:
        report('release', 'nothing was caught: opening the gripper and withdrawing')
        arm.move_gripper(plan.grasp.opening_m)
        arm.execute(plan.lift)
        raise MotionError(
            OutcomeCode.GRASP_EMPTY,
            f'the gripper closed to {opening * 1000:.1f} mm without catching anything; '
            'the object may have moved: ask again',
        )
    report('lift', f'holding {opening * 1000:.0f} mm: lifting')
    arm.execute(plan.lift)
    still = arm.gripper_opening()
    if still is None:
        return Verdict.UNKNOWN
    return Verdict.VERIFIED if still >= settings.empty_m else Verdict.REFUTED
