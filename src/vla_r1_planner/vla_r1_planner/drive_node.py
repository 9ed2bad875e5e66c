"""The record of a motion: where the tool went and how long it took."""

from collections.abc import Iterator
from contextlib import contextmanager
import time

from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Path
import numpy as np
from rclpy.node import Node
from vla_r1_core.errors import GroundingError

from vla_r1_msgs.msg import Outcome
from vla_r1_planner.convert import pose_msg
from vla_r1_planner.display_node import Display
from vla_r1_planner.scene_node import SceneInput
from vla_r1_planner.ticks import every

RECORD_PERIOD_S = 0.05
ARRIVED_M = 0.005
CATCH_UP_S = 2.0  # a busy machine is late with TF


class Recorder:
    """Notes the tool's way into an outcome while the arm is driven."""

    def __init__(self, node: Node, scene: SceneInput, display: Display) -> None:
        self._node = node
        self._scene = scene
        self._display = display

    @contextmanager
    def driving(self, outcome: Outcome) -> Iterator[None]:
        """Fill in the executed path and its time, also on failure."""
        path, start = Path(header=self._display.header()), time.monotonic()
        succeeded = False
        try:
            with every(RECORD_PERIOD_S, lambda: self._note(path), self._failed):
                yield
            succeeded = True
        finally:
            outcome.execution_time = time.monotonic() - start
            outcome.executed = path
            if succeeded:
                self._let_tf_catch_up(path, outcome.planned.poses[-1])

    def _let_tf_catch_up(self, path: Path, end: PoseStamped) -> None:
        """Wait until TF tells of the motion's end too; it may lag behind the controller."""
        goal = np.array([end.pose.position.x, end.pose.position.y, end.pose.position.z])
        deadline = time.monotonic() + CATCH_UP_S
        while time.monotonic() < deadline:
            arrived = np.linalg.norm(self._scene.tool_pose()[:3, 3] - goal) < ARRIVED_M
            self._note(path)
            if arrived:
                return
            time.sleep(RECORD_PERIOD_S)

    def _note(self, path: Path) -> None:
        try:
            pose = pose_msg(self._scene.tool_pose())
        except GroundingError:
            return  # a gap in TF is a gap in the record, not a reason to stop the arm
        path.poses.append(PoseStamped(header=self._display.header(), pose=pose))

    def _failed(self, error: Exception) -> None:
        self._node.get_logger().error(f'the rest of the path is not recorded: {error!r}')
