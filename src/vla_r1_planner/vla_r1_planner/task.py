"""What a task works with: the arm, what was seen, and somebody to tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vla_r1_planner.config import gripper_of, PlannerConfig, workspace_of
from vla_r1_planner.depth import DepthView
from vla_r1_planner.footprint import Footprint
from vla_r1_planner.grasp import GraspCandidate, Gripper
from vla_r1_planner.grounding import GroundedBox, Workspace
from vla_r1_planner.motion import Arm, Report
from vla_r1_planner.neighbours import Cylinder, neighbours, Solid, Thing
from vla_r1_planner.support import Plane
from vla_r1_planner.trace import TracePath

Array = NDArray[np.float64]

HAND_LENGTH_M, HAND_RADIUS_M = 0.25, 0.09  # a gripper and its wrist, generously
NOISE_M = 0.01  # of the depth: the fingertips may seem to reach this much farther


class Show(Protocol):
    """Somebody who shows people what the task has in mind."""

    def box(self, grounded: GroundedBox, label: str) -> None:
        """Show an object and its best grasp."""

    def grasp(self, grasp: GraspCandidate) -> None:
        """Show the grasp that is going to be used."""

    def trace(self, path: TracePath) -> None:
        """Show a trace on the surfaces."""

    def goal(self, T_base_tcp: Array) -> None:
        """Show the tool pose (4, 4) that the task is about."""

    def obstacles(self, cuboids: Sequence[Footprint]) -> None:
        """Show what the arm keeps away from."""


@dataclass(frozen=True)
class Cell:
    """Everything around a task.

    Attributes:
        view: of the picture that was reasoned about.
        tool: (4, 4), the tool's pose in the base frame when that picture was taken.
    """

    config: PlannerConfig
    arm: Arm
    view: DepthView
    tool: Array
    show: Show
    report: Report

    @property
    def gripper(self) -> Gripper:
        """The gripper."""
        return gripper_of(self.config)

    @property
    def workspace(self) -> Workspace:
        """Where the tool may go."""
        return workspace_of(self.config)

    @property
    def tool_yaw(self) -> float:
        """The tool's present yaw [rad]: the direction in which it opens."""
        x = self.tool[:3, 0]
        return float(np.arctan2(x[1], x[0]))

    @property
    def robot_base(self) -> Cylinder:
        """The robot's foot and what stands on it."""
        low, high = np.array([[0.0, 0.0, -0.1], [0.0, 0.0, 1.0]])
        return Cylinder(low, high, self.config.base_radius_m)

    def robot_parts(self) -> tuple[Cylinder, Cylinder]:
        """The parts of the robot that can be as low as things on the table."""
        forward = self.tool[:3, 2]
        end = self.tool[:3, 3] + (self.config.tip_beyond_tcp_m + NOISE_M) * forward
        return Cylinder(end, end - HAND_LENGTH_M * forward, HAND_RADIUS_M), self.robot_base

    def around(self, surface: Plane, places: Array, known: Sequence[Solid] = ()) -> list[Thing]:
        """Return what stands around places (N, 2) [m], without what is known and the robot."""
        radius_m = self.config.neighbour_radius_m
        known = [*known, *self.robot_parts()]
        return neighbours(self.view, surface, places, radius_m, known)

    def keep_clear(self, surface: Plane, centre: Array, things: Sequence[Thing]) -> None:
        """Tell the arm what to keep away from: the support surface around a place, and things."""
        reach = 2 * self.config.support_reach_m
        top = float(surface.z_at(centre)) - self.config.support_margin_m
        cuboids = {f'neighbour_{i}': thing.outline for i, thing in enumerate(things)}
        self.show.obstacles(list(cuboids.values()))
        cuboids['support'] = Footprint(centre, 0.0, reach, reach, top - 0.02, top)
        self.arm.set_scene(cuboids)
