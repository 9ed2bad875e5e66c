"""The steps of a pick and of a traced motion, against any arm that can do four things.

Every segment is planned before anything moves, so that a motion that cannot be finished is not
begun. Nothing here waits for ROS; a stop arrives as a MotionError out of a call to the arm.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from vla_r1_core.errors import MotionError, OutcomeCode

from vla_r1_planner.grasp import GraspCandidate

Array = NDArray[np.float64]
Report = Callable[[str, str], None]
Choice = TypeVar('Choice')
Plan = TypeVar('Plan')

# With these another way to hold the object may still work.
WORTH_ANOTHER_TRY = {
    OutcomeCode.GOAL_UNREACHABLE,
    OutcomeCode.GOAL_IN_COLLISION,
    OutcomeCode.PLANNING_FAILED,
    OutcomeCode.CARTESIAN_INCOMPLETE,
}


class Verdict(IntEnum):
    """Did the world change as asked? The values are those of vla_r1_msgs/Outcome."""

    UNKNOWN = 0
    VERIFIED = 1
    REFUTED = 2


@dataclass(frozen=True)
class Segment:
    """A planned motion.

    Attributes:
        tool_poses: (N, 4, 4), the tool's way in the base frame.
        end: where it ends, for the plan of the next segment; the arm's own type.
        trajectory: what `Arm.execute` takes; the arm's own type.
        planning_time_s: [s] the planner took.
    """

    tool_poses: Array
    end: Any
    trajectory: Any
    planning_time_s: float


class Arm(Protocol):
    """An arm with a gripper; every call blocks and raises MotionError."""

    def plan_pose(self, T_base_tcp: Array, *, opening_m: float | None = None) -> Segment:
        """Plan from the present state to a tool pose (4, 4), with the gripper that far open."""

    def plan_line(self, tool_poses: Array, start: Segment) -> Segment:
        """Plan straight lines through tool poses (N, 4, 4), from the end of another segment."""

    def execute(self, segment: Segment) -> None:
        """Move along a segment; return when the arm has arrived."""

    def move_gripper(self, opening_m: float) -> float:
        """Move the fingers; return the opening [m] at which they came to rest."""

    def gripper_opening(self) -> float | None:
        """Return the opening [m] between the pads now, None when it cannot be told."""


@dataclass(frozen=True)
class PickSettings:
    """Distances of a pick, all [m]; a gripper less open than `empty_m` holds nothing."""

    approach_height_m: float
    lift_height_m: float
    max_opening_m: float
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


@dataclass(frozen=True)
class FollowPlan:
    """A traced motion, planned to its end."""

    approach: Segment
    follow: Segment

    @property
    def segments(self) -> tuple[Segment, ...]:
        """In the order of travel."""
        return self.approach, self.follow


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

    return _first_that_works(attempt, candidates, 'grasp', report)


def plan_follow(arm: Arm, ways: Sequence[Array], report: Report) -> FollowPlan:
    """Plan the first of several ways, each of tool poses (N, 4, 4), that can be planned.

    Raises:
        MotionError: with the code of the first way when none can.
    """

    def attempt(way: Array) -> FollowPlan:
        approach = arm.plan_pose(way[0])
        return FollowPlan(approach, arm.plan_line(way, approach))

    return _first_that_works(attempt, ways, 'orientation', report)


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


def run_follow(arm: Arm, plan: FollowPlan, report: Report) -> None:
    """Carry out a traced motion."""
    report('approach', 'moving above the start of the trace')
    arm.execute(plan.approach)
    report('follow', 'following the trace')
    arm.execute(plan.follow)


def raised(pose: Array, height_m: float) -> Array:
    """Return a pose (4, 4) moved straight up [m] in the base frame."""
    higher = pose.copy()
    higher[2, 3] += height_m
    return higher


def _first_that_works(
    attempt: Callable[[Choice], Plan], choices: Sequence[Choice], noun: str, report: Report
) -> Plan:
    first_error: MotionError | None = None
    for number, choice in enumerate(choices, 1):
        report('plan', f'planning {noun} {number} of {len(choices)}')
        try:
            return attempt(choice)
        except MotionError as error:
            if error.code not in WORTH_ANOTHER_TRY:
                raise
            first_error = first_error or error
    if first_error is None:
        raise ValueError(f'no {noun} to plan')
    message = f'none of {len(choices)} {noun}s can be planned; the best one: {first_error}'
    raise MotionError(first_error.code, message) from first_error
