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
from vla_r1_planner.grounding import GroundedBox, GroundedTrace, Workspace
from vla_r1_planner.motion import Arm, Report
from vla_r1_planner.neighbours import Capsule
from vla_r1_planner.support import Plane

Array = NDArray[np.float64]

HAND_LENGTH_M, HAND_RADIUS_M = 0.25, 0.09  # a gripper and its wrist, generously


class Show(Protocol):
    """Somebody who shows people what the task has in mind."""

    def box(self, grounded: GroundedBox, label: str, around: Sequence[Footprint]) -> None:
        """Show an object and what stands around it."""

    def grasp(self, grasp: GraspCandidate) -> None:
        """Show the grasp that is going to be used."""

    def trace(self, grounded: GroundedTrace) -> None:
        """Show a trace on the surfaces."""


@dataclass(frozen=True)
class Cell:
    """Everything around a task.

    Attributes:
        tool: (4, 4), the tool's pose in the base frame when the task is planned.
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

    def robot_parts(self) -> tuple[Capsule, Capsule]:
        """The parts of the robot that can be as low as things on the table."""
        forward, origin = self.tool[:3, 2], np.zeros(3)
        tip = self.tool[:3, 3] + self.config.tip_beyond_tcp_m * forward
        hand = Capsule(tip, tip - HAND_LENGTH_M * forward, HAND_RADIUS_M)
        base = Capsule(origin, np.array([0.0, 0.0, 1.0]), self.config.base_radius_m)
        return hand, base

    def keep_clear(self, surface: Plane, centre: Array, around: Sequence[Footprint]) -> None:
        """Tell the arm what to keep away from: the support surface around a place, and things."""
        reach = 2 * self.config.support_reach_m
        top = float(surface.z_at(centre)) - self.config.support_margin_m
        cuboids = {f'neighbour_{i}': cuboid for i, cuboid in enumerate(around)}
        cuboids['support'] = Footprint(centre, 0.0, reach, reach, top - 0.02, top)
        self.arm.set_scene(cuboids)
