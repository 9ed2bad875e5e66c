"""Did the world change as asked? Judged by a picture taken after the motion.

A place that the arm or something else hides, or that has no depth, gives no verdict.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vla_r1_planner.depth import DepthView
from vla_r1_planner.footprint import Footprint, rectangle
from vla_r1_planner.motion import Change, Verdict
from vla_r1_planner.neighbours import Cylinder
from vla_r1_planner.sight import appeared, look, MIN_PIXELS, Sight

Array = NDArray[np.float64]

GOAL_RADIUS_M = 0.05  # how far from its goal an object's middle may lie
SIZES = (0.4, 1.6)  # of what appeared, over the object's size


@dataclass(frozen=True)
class Finding:
    """A verdict and the sentence that gives the reason."""

    verdict: Verdict
    reason: str


def verify(
    change: Change,
    before: DepthView,
    after: DepthView,
    *,
    opening_m: float | None,
    empty_m: float,
    robot: Sequence[Cylinder] = (),
) -> Finding:
    """Say whether a change has come about.

    Args:
        change: what was asked for.
        before: what the task was planned with.
        after: a picture that was taken after the motion.
        opening_m: [m] of the gripper now, None when it cannot be told.
        empty_m: [m], less open it holds nothing.
        robot: its parts that the camera may see.
    """
    if change.before is None:
        return Finding(Verdict.UNKNOWN, 'nothing was to be moved')
    sight = look(after, change.before, robot)
    if change.goal is None:
        return _held(sight, opening_m, empty_m)
    moved = float(np.linalg.norm(change.goal[:2] - change.before.centre))
    if sight is Sight.FILLED and moved > change.before.long:
        return Finding(Verdict.REFUTED, 'something still stands where the object stood')
    return _arrived(change.before, change.goal, before, after, robot)


def _held(sight: Sight, opening_m: float | None, empty_m: float) -> Finding:
    if opening_m is not None and opening_m < empty_m:
        return Finding(Verdict.REFUTED, 'the gripper is closed: nothing is held')
    if sight is Sight.FILLED:
        return Finding(Verdict.REFUTED, 'something still stands where the object stood')
    if sight is Sight.UNCLEAR:
        return Finding(Verdict.UNKNOWN, "the object's place is hidden")
    if opening_m is None:
        return Finding(Verdict.UNKNOWN, 'the object is gone, but is it held?')
    return Finding(
        Verdict.VERIFIED,
        f'the object is gone from its place and the gripper holds {opening_m * 1000:.0f} mm',
    )


def _arrived(
    outline: Footprint,
    goal: Array,
    before: DepthView,
    after: DepthView,
    robot: Sequence[Cylinder],
) -> Finding:
    height = outline.top - outline.bottom
    floor, side = float(goal[2]), 2 * GOAL_RADIUS_M + outline.long
    region = Footprint(goal[:2], 0.0, side, side, floor, floor + 1.5 * height)
    new = appeared(region, before, after, robot)
    if len(new) >= MIN_PIXELS:
        centre, _, _, long = rectangle(new[:, :2])
        off = float(np.linalg.norm(centre - goal[:2]))
        fits = SIZES[0] * outline.short <= long <= SIZES[1] * outline.long
        if fits and off <= GOAL_RADIUS_M:
            return Finding(
                Verdict.VERIFIED,
                f"something of the object's size appeared {off * 1000:.0f} mm from its goal",
            )
    there = replace(outline, centre=goal[:2], bottom=floor, top=floor + height)
    if look(after, there, robot) is Sight.UNCLEAR:
        return Finding(Verdict.UNKNOWN, 'the goal is hidden')
    return Finding(Verdict.REFUTED, "nothing of the object's size appeared at its goal")
