"""Grasps on the cuboid around an object, from above and tilted."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from vla_r1_core.errors import GroundingError, OutcomeCode

from vla_r1_planner.footprint import Footprint

Array = NDArray[np.float64]

TILTS = (0.0, np.radians(25.0), np.radians(-25.0))  # for what the arm cannot reach from above
TILT_COST = 1.0  # more than what the best and the worst grasp from above differ by
FINGER_HALF_WIDTH_M = 0.011


@dataclass(frozen=True)
class Gripper:
    """A parallel gripper; its tool frame `tcp` has z forward and x in the opening direction.

    Attributes:
        max_opening_m: [m] between the pads when fully open.
        tip_beyond_tcp_m: [m] from the tcp to the fingertips, along z.
        palm_behind_tcp_m: [m] from the tcp back to the palm.
        clearance_m: [m] wanted on each side between an open finger and the object.
        min_clearance_m: [m] on each side that must remain, or the object is too wide.
        tip_clearance_m: [m] between the fingertips and the surface.
    """

    max_opening_m: float
    tip_beyond_tcp_m: float
    palm_behind_tcp_m: float
    clearance_m: float
    min_clearance_m: float
    tip_clearance_m: float


@dataclass(frozen=True)
class GraspCandidate:
    """One way to take hold of an object.

    Attributes:
        T_base_tcp: (4, 4), the tool frame when the fingers close.
        opening_m: [m] between the pads before.
        width_m: [m] of the object between the pads.
        score: larger is better.
    """

    T_base_tcp: Array
    opening_m: float
    width_m: float
    score: float


def pointing_down(xyz: Array, yaw: float) -> Array:
    """Return the (4, 4) tool pose at xyz (3,) [m] that looks down and opens along yaw [rad]."""
    c, s = np.cos(yaw), np.sin(yaw)
    pose = np.eye(4)
    pose[:3, :3] = [[c, s, 0.0], [s, -c, 0.0], [0.0, 0.0, -1.0]]
    pose[:3, 3] = xyz
    return pose


def tilted(pose: Array, angle: float) -> Array:
    """Return a tool pose (4, 4) turned about its opening direction by an angle [rad]."""
    c, s = np.cos(angle), np.sin(angle)
    turn = np.eye(4)
    turn[1:3, 1:3] = [[c, -s], [s, c]]
    return np.asarray(pose @ turn)


def grasps(object_: Footprint, gripper: Gripper, tool_yaw: float) -> list[GraspCandidate]:
    """Return grasps, best first: from above, then tilted about the fingers.

    Narrow sides come first; of the two ways to hold the same sides, the one that turns the
    wrist less from tool_yaw [rad], the tool's present yaw.

    Raises:
        GroundingError: even the short side is wider than the gripper opens.
    """
    found = []
    short, long = object_.short, object_.long
    for width, depth, yaw in (
        (short, long, object_.yaw),
        (long, short, object_.yaw + np.pi / 2),
    ):
        if width + 2 * gripper.min_clearance_m > gripper.max_opening_m:
            continue
        opening = min(gripper.max_opening_m, width + 2 * gripper.clearance_m)
        for flip in (0.0, np.pi):
            turn = np.cos(yaw + flip - tool_yaw)
            score = 1.0 - width / gripper.max_opening_m + 0.05 * turn
            for tilt in TILTS:
                z = _tool_height(object_, depth, gripper, abs(tilt))
                pose = pointing_down(np.array([*object_.centre, z]), yaw + flip)
                cost = TILT_COST if tilt else 0.0
                found.append(GraspCandidate(tilted(pose, tilt), opening, width, score - cost))
    if not found:
        raise GroundingError(
            OutcomeCode.OBJECT_TOO_WIDE,
            f'the object is {object_.short * 1000:.0f} mm wide and the gripper opens '
            f'{gripper.max_opening_m * 1000:.0f} mm; choose a smaller object',
        )
    return sorted(found, key=lambda grasp: -grasp.score)


def _tool_height(object_: Footprint, depth: float, gripper: Gripper, tilt: float) -> float:
    """Base z [m] of the tcp: at mid-height, fingertips off the surface, palm off the object.

    Args:
        object_: to be grasped.
        depth: [m] of the object along the fingers' faces.
        gripper: that grasps it.
        tilt: [rad] from the vertical.
    """
    c, s = np.cos(tilt), np.sin(tilt)
    middle = (object_.bottom + object_.top) / 2
    lowest = gripper.tip_beyond_tcp_m * c + FINGER_HALF_WIDTH_M * s
    above_surface = object_.bottom + lowest + gripper.tip_clearance_m
    reach = (gripper.palm_behind_tcp_m - gripper.tip_clearance_m - depth / 2 * s) / c
    return float(max(middle, above_surface, object_.top - reach))
