"""A cell around tasks on analytic scenes, with the helpers that their tests share."""

import numpy as np
from vla_r1_core.types import Trajectory2D
from vla_r1_planner.config import PlannerConfig
from vla_r1_planner.grasp import pointing_down
from vla_r1_planner.task import Cell

CONFIG = PlannerConfig()
TIP = CONFIG.tip_beyond_tcp_m
HOME = pointing_down(np.array([0.3, 0.0, 0.45]), 0.0)


class Nobody:
    """Shows nothing to nobody."""

    def __getattr__(self, name):
        return lambda *args: None


def cell_of(view, arm):
    return Cell(CONFIG, arm, view, HOME, Nobody(), lambda stage, text: None)


def trace_of(scene, *points):
    return Trajectory2D(tuple(scene.pixel(xyz) for xyz in points))


def tips(segment):
    """Where the fingertips go: (N, 3)."""
    return segment.tool_poses[:, :3, 3] + TIP * segment.tool_poses[:, :3, 2]
