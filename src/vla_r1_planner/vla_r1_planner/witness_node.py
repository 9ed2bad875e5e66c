"""Looks again after a motion: waits for a fresh picture and judges it."""

from dataclasses import replace

from rclpy.node import Node
from vla_r1_core.errors import GroundingError

from vla_r1_msgs.action import ExecuteInstruction
from vla_r1_planner.motion import Job, Verdict
from vla_r1_planner.requests import Stop
from vla_r1_planner.scene_node import SceneInput
from vla_r1_planner.task import Cell
from vla_r1_planner.verify import verify

VERIFY = ExecuteInstruction.Feedback.VERIFY


class Witness:
    """Says whether a task came about."""

    def __init__(self, node: Node, scene: SceneInput) -> None:
        self._node = node
        self._scene = scene

    def judge(self, cell: Cell, job: Job, stop: Stop) -> Verdict:
        """Return the verdict about a job that was planned in a cell and has just been run."""
        if job.change.before is None:
            return Verdict.UNKNOWN
        cell.report(VERIFY, 'looking again')
        try:
            after = self._scene.view_after(self._node.get_clock().now(), stop)
            parts = replace(cell, tool=self._scene.tool_pose()).robot_parts()
        except GroundingError as error:
            cell.report(VERIFY, f'unknown: {error}')
            return Verdict.UNKNOWN
        found = verify(
            job.change,
            cell.view,
            after,
            opening_m=cell.arm.gripper_opening(),
            empty_m=cell.config.gripper_empty_m,
            robot=parts,
        )
        cell.report(VERIFY, f'{found.verdict.name.lower()}: {found.reason}')
        return found.verdict
