"""The record of a motion: where the tool went and how long it took."""

import time

from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Path
import numpy as np
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.node import Node
from vla_r1_core.errors import GroundingError

from vla_r1_msgs.msg import Outcome
from vla_r1_planner.convert import pose_msg
from vla_r1_planner.display_node import Display
from vla_r1_planner.scene_node import SceneInput

RECORD_PERIOD_S = 0.05
ARRIVED_M = 0.005
CATCH_UP_S = 2.0  # a busy machine is late with TF


class Recorder:
    """Notes the tool's way into an outcome while it is told that the arm is driven."""

    def __init__(self, node: Node, scene: SceneInput, display: Display) -> None:
        self._scene = scene
        self._display = display
        self._driven: Path | None = None
        node.create_timer(
            RECORD_PERIOD_S, self._record, callback_group=MutuallyExclusiveCallbackGroup()
        )

    def driving(self, outcome: Outcome) -> '_Driving':
        """Return a context that fills in the executed path and its time, also on failure."""
        return _Driving(self, outcome)

    def begin(self) -> None:
        """Start a new path."""
        self._driven = Path(header=self._display.header())

    def finish(self, end: PoseStamped | None) -> Path:
        """Return the path, after TF has told of the motion's end, if it has one, too."""
        path = self._driven
        if end is not None:
            self._let_tf_catch_up(end)
        self._driven = None
        return path

    def _let_tf_catch_up(self, end: PoseStamped) -> None:
        """Wait until TF tells of the motion's end too; it may lag behind the controller."""
        goal = np.array([end.pose.position.x, end.pose.position.y, end.pose.position.z])
        deadline = time.monotonic() + CATCH_UP_S
        while time.monotonic() < deadline:
            arrived = np.linalg.norm(self._scene.tool_pose()[:3, 3] - goal) < ARRIVED_M
            self._record()
            if arrived:
                return
            time.sleep(RECORD_PERIOD_S)

    def _record(self) -> None:
        driven = self._driven
        if driven is None:
            return
        try:
            pose = pose_msg(self._scene.tool_pose())
        except GroundingError:
            return  # a gap in TF is a gap in the record, not a reason to stop the arm
        driven.poses.append(PoseStamped(header=self._display.header(), pose=pose))


class _Driving:
    def __init__(self, recorder: Recorder, outcome: Outcome) -> None:
        self._recorder = recorder
        self._outcome = outcome

    def __enter__(self) -> None:
        self._start = time.monotonic()
        self._recorder.begin()

    def __exit__(self, failure: type | None, *_: object) -> None:
        self._outcome.execution_time = time.monotonic() - self._start
        end = self._outcome.planned.poses[-1] if failure is None else None
        self._outcome.executed = self._recorder.finish(end)
