"""Pick: grasp the object in a box from above and lift it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from vla_r1_core.errors import MotionError, OutcomeCode
from vla_r1_core.types import Box

from vla_r1_planner.config import PlannerConfig
from vla_r1_planner.footprint import Footprint
from vla_r1_planner.grasp import GraspCandidate
from vla_r1_planner.grounding import ground_box
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
    withdrawn,
)
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
    held: Held
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
    grounded = ground_box(
        cell.view, box, cell.gripper, cell.workspace, cell.tool_yaw, cell.robot_base
    )
    outline = grounded.outline
    things = cell.around(grounded.surface, outline.centre[None], [outline])
    cell.show.box(grounded, label)
    cell.report(
        'ground',
        f'{label or "object"}: {outline.short * 1000:.0f} x {outline.long * 1000:.0f} x '
        f'{(outline.top - outline.bottom) * 1000:.0f} mm at ({outline.centre[0]:.3f}, '
        f'{outline.centre[1]:.3f}, {outline.bottom:.3f}) m, {len(things)} things around it',
    )
    cell.arm.let_go()  # the gripper opens before anything else
    cell.keep_clear(grounded.surface, outline.centre, things)
    settings = settings_of(cell.config)
    plan = plan_pick(cell.arm, grounded.candidates, outline, settings, cell.report)
    cell.show.grasp(plan.grasp)
    return Job(
        plan.segments,
        lambda: run_pick(cell.arm, plan, settings, cell.report),
        Change(before=outline, held=True),
    )


def plan_pick(
    arm: Arm,
    candidates: Sequence[GraspCandidate],
    object_: Footprint,
    settings: PickSettings,
    report: Report,
) -> PickPlan:
    """Plan the best grasp of an object that can be planned to its end.

    Raises:
        MotionError: with the code of the best candidate when none can.
    """
    return first_that_works(
        lambda grasp: plan_grasp(arm, grasp, object_, settings), candidates, 'grasp', report
    )


def plan_grasp(
    arm: Arm, grasp: GraspCandidate, object_: Footprint, settings: PickSettings
) -> PickPlan:
    """Plan one grasp of an object to its end."""
    above = withdrawn(grasp.T_base_tcp, settings.approach_height_m)
    lifted = raised(grasp.T_base_tcp, settings.lift_height_m)
    approach = arm.plan_pose(above, opening_m=grasp.opening_m)
    descent = arm.plan_line(np.array([above, grasp.T_base_tcp]), approach)
    lift = arm.plan_line(np.array([grasp.T_base_tcp, lifted]), descent)
    return PickPlan(grasp, Held.by(grasp.T_base_tcp, object_), approach, descent, lift)


def run_pick(arm: Arm, plan: PickPlan, settings: PickSettings, report: Report) -> Verdict:
    """Carry out a pick; the verdict is what the gripper feels after the lift.

    Raises:
        MotionError: GRASP_EMPTY when the gripper closed on nothing; it is opened and the arm
            withdrawn first.
    """
    take_hold(arm, plan, settings, report)
    return still_holding(arm, settings)


def take_hold(arm: Arm, plan: PickPlan, settings: PickSettings, report: Report) -> None:
    """Grasp and lift.

    Raises:
        MotionError: GRASP_EMPTY, as `run_pick`.
    """
    report('approach', f'opening the gripper to {plan.grasp.opening_m * 1000:.0f} mm')
    arm.move_gripper(plan.grasp.opening_m)
    arm.let_go()
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
    arm.hold(plan.held)
    report('lift', f'holding {opening * 1000:.0f} mm: lifting')
    arm.execute(plan.lift)


def still_holding(arm: Arm, settings: PickSettings) -> Verdict:
    """Return what the gripper feels."""
    still = arm.gripper_opening()
    if still is None:
        return Verdict.UNKNOWN
    return Verdict.VERIFIED if still >= settings.empty_m else Verdict.REFUTED
