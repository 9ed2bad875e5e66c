"""From the box around an object in the image to ways to grasp it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from vla_r1_core.errors import GroundingError, OutcomeCode
from vla_r1_core.types import Box

from vla_r1_planner.depth import cut, DepthView, window_px
from vla_r1_planner.footprint import Footprint, footprint
from vla_r1_planner.grasp import GraspCandidate, grasps, Gripper
from vla_r1_planner.neighbours import Solid
from vla_r1_planner.objects import Blob, blobs, target_blob
from vla_r1_planner.support import fit_support, Plane

Array = NDArray[np.float64]

GROW = 0.6  # the surface is looked for in the box grown by this part of its size
PAD_PX = 24
OBJECT_GROW = 0.15  # models' boxes are a little off: the object may stick out this far
ROBOT_SHARE = 0.5  # of an object's points that belong to the robot: it is the robot


@dataclass(frozen=True)
class Workspace:
    """Where the tool may go: an upright box in the base frame, lower and upper corner [m]."""

    low: tuple[float, float, float]
    high: tuple[float, float, float]

    def holds(self, points: Array) -> NDArray[np.bool_]:
        """(N,) where points (N, 3) [m] in the base frame lie inside."""
        return np.asarray(((points >= self.low) & (points <= self.high)).all(axis=1))

    def check(self, points: Array) -> None:
        """Raise OUT_OF_WORKSPACE when a point of (N, 3) [m] in the base frame lies outside."""
        outside = ~self.holds(points)
        if outside.any():
            x, y, z = points[outside][0]
            raise GroundingError(
                OutcomeCode.OUT_OF_WORKSPACE,
                f'({x:.2f}, {y:.2f}, {z:.2f}) m lies outside the workspace '
                f'{self.low} to {self.high} m; move the object or widen the bounds',
            )


@dataclass(frozen=True)
class GroundedBox:
    """An object, the surface that it stands on, and how to grasp it.

    Attributes:
        points: (N, 3) [m] of the object, in the base frame.
        surface: the support surface.
        outline: the cuboid around the object.
        candidates: best first, at least one.
    """

    points: Array
    surface: Plane
    outline: Footprint
    candidates: tuple[GraspCandidate, ...]


def ground_box(
    view: DepthView,
    box: Box,
    gripper: Gripper,
    workspace: Workspace,
    tool_yaw: float = 0.0,
    robot: Solid | None = None,
) -> GroundedBox:
    """Return how to grasp the object in a box.

    Args:
        view: that the box was found in.
        box: around the object.
        gripper: that shall grasp it.
        workspace: of the tool.
        tool_yaw: [rad], the tool's present yaw.
        robot: what is in it belongs to the robot. (The hand does not: it may be just above.)

    Raises:
        GroundingError: NO_VALID_DEPTH, NO_OBJECT_POINTS, OBJECT_TOO_WIDE or OUT_OF_WORKSPACE.
    """
    patch = cut(view, window_px(box, view.camera, grow=GROW, pad_px=PAD_PX))
    tight = window_px(box, view.camera)
    surface = fit_support(patch.points[~patch.inside(tight)])
    loose = patch.inside(window_px(box, view.camera, grow=OBJECT_GROW, pad_px=2))
    near = (blob.mask & loose for blob in blobs(patch, surface))
    found = [Blob(mask, patch.points[mask]) for mask in near if mask.any()]
    target = target_blob(patch, found, tight)
    if robot is not None and robot.holds(target.points).mean() > ROBOT_SHARE:
        raise GroundingError(
            OutcomeCode.NO_OBJECT_POINTS,
            'the box shows the robot itself; ask the model again, or lower base_radius_m',
        )
    outline = footprint(view, target.points, surface)
    candidates = grasps(outline, gripper, tool_yaw)
    workspace.check(np.array([grasp.T_base_tcp[:3, 3] for grasp in candidates]))
    return GroundedBox(target.points, surface, outline, tuple(candidates))
