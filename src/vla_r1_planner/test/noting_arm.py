"""An arm for tests that only takes notes."""

import numpy as np
from vla_r1_core.errors import MotionError
from vla_r1_planner.motion import Segment


class NotingArm:
    """Notes every call; fails where it is told to, and holds `caught_m` when it closes.

    Attributes:
        calls: what it was asked for, in order; scenes apart.
        lines: (name, what was held, the scene's cuboids) of every planned line.
    """

    def __init__(self, *, caught_m=0.04, after_lift_m=None, fail=None):
        self.calls = []
        self.lines = []
        self.scene = {}
        self.caught_m = caught_m
        self.after_lift_m = caught_m if after_lift_m is None else after_lift_m
        self.fail = fail or {}

    def _note(self, call):
        self.calls.append(call)
        code = self.fail.get(len(self.calls))
        if code is not None:
            raise MotionError(code, f'told to fail at call {len(self.calls)}')

    def plan_pose(self, T_base_tcp, *, opening_m=None):
        self._note('plan_pose')
        return Segment(np.array([T_base_tcp]), ('end', T_base_tcp), 'approach', 0.01)

    def plan_line(self, tool_poses, start, held=None):
        np.testing.assert_allclose(start.end[1], tool_poses[0], atol=1e-12)
        self._note('plan_line')
        rise = tool_poses[-1][2, 3] - tool_poses[0][2, 3]
        run = np.linalg.norm(tool_poses[-1][:2, 3] - tool_poses[0][:2, 3])
        name = 'follow' if run > 1e-6 else 'lift' if rise > 0 else 'descent'
        self.lines.append((name, held, self.scene))
        return Segment(tool_poses, ('end', tool_poses[-1]), name, 0.01)

    def execute(self, segment):
        self._note(segment.trajectory)

    def move_gripper(self, opening_m):
        self._note('close' if opening_m == 0.0 else f'open {opening_m:.3f}')
        return self.caught_m if opening_m == 0.0 else opening_m

    def hold(self, held):
        self._note('hold')

    def let_go(self):
        self._note('let go')

    def set_scene(self, cuboids):
        self.scene = dict(cuboids)

    def gripper_opening(self):
        return self.after_lift_m
