"""One instruction from words to motion: reason, ground, plan, ask for leave, move, report."""

from collections.abc import Callable
from dataclasses import dataclass, field
import threading
import time
import uuid

from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Path
import numpy as np
from numpy.typing import NDArray
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup, ReentrantCallbackGroup
from rclpy.node import Node
from vla_r1_core.errors import GroundingError, MotionError, OutcomeCode, ReasonCode, ReasoningError

from vla_r1_msgs.action import ExecuteInstruction, Reason
from vla_r1_msgs.msg import Affordance, Outcome, Reasoning, Trajectory
from vla_r1_planner.calls_node import call_action, GoalClient
from vla_r1_planner.config import gripper_of, PlannerConfig, workspace_of
from vla_r1_planner.convert import box_from_msg, pose_msg, trace_from_msg
from vla_r1_planner.display_node import Display
from vla_r1_planner.footprint import Footprint
from vla_r1_planner.grasp import pointing_down
from vla_r1_planner.grounding import ground_box, ground_trace
from vla_r1_planner.motion import (
    FollowPlan,
    PickPlan,
    PickSettings,
    plan_follow,
    plan_pick,
    run_follow,
    run_pick,
)
from vla_r1_planner.moveit_node import MoveItArm
from vla_r1_planner.neighbours import Capsule, neighbours
from vla_r1_planner.requests import Stop
from vla_r1_planner.scene_node import SceneInput
from vla_r1_planner.support import Plane

Array = NDArray[np.float64]
Stage = ExecuteInstruction.Feedback

RECORD_PERIOD_S = 0.05
ARRIVED_M = 0.01
HAND_LENGTH_M, HAND_RADIUS_M = 0.25, 0.09  # a gripper and its wrist, generously


@dataclass
class Instruction:
    """A request on its way, and the reasoner's answer when it came by topic.

    Attributes:
        report: called with (stage, text) for a person to read.
    """

    instruction: str
    task: int
    plan_only: bool
    report: Callable[[str, str], None]
    begin: Callable[['Instruction'], None]
    answer: Affordance | Trajectory | None = None
    request_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    stop: Stop = field(default_factory=Stop)

    def start(self) -> None:
        """Begin to run in another thread."""
        self.begin(self)


class Flow:
    """Carries instructions out, one at a time."""

    def __init__(self, node: Node, config: PlannerConfig) -> None:
        c = self._config = config
        self._gripper = gripper_of(config)
        self._workspace = workspace_of(config)
        self._pick = PickSettings(
            c.approach_height_m, c.lift_height_m, c.gripper_max_opening_m, c.gripper_empty_m
        )
        self._scene = SceneInput(node, config)
        self._arm = MoveItArm(node, config, self._scene)
        self._display = Display(node, c.planning_frame, self._gripper)
        self._reason = GoalClient(node, Reason, 'reason', callback_group=ReentrantCallbackGroup())
        self._approval = threading.Event()
        self._awaiting_approval = False
        self._driven: Path | None = None
        node.create_timer(
            RECORD_PERIOD_S, self._record, callback_group=MutuallyExclusiveCallbackGroup()
        )

    def approve(self) -> bool:
        """Let the plan that waits for approval move; False when none waits."""
        if self._awaiting_approval:
            self._approval.set()
        return self._awaiting_approval

    def run(self, request: Instruction, outcome: Outcome) -> None:
        """Carry a request out and fill in what came of it.

        Raises:
            VlaR1Error: with the reason why it ended early.
        """
        request.stop.check()
        self._arm.begin(request.stop)
        self._display.clear()
        answer = request.answer or self._ask(request, outcome)
        outcome.header = answer.header
        request.report(Stage.GROUND, 'looking up depth and transforms at the image stamp')
        self._scene.check_joint_states(request.stop)
        if isinstance(answer, Affordance):
            outcome.task = Reasoning.AFFORDANCE
            self._pick_up(request, answer, outcome)
        else:
            outcome.task = Reasoning.TRAJECTORY
            self._follow(request, answer, outcome)

    def _ask(self, request: Instruction, outcome: Outcome) -> Affordance | Trajectory:
        """Ask the reasoner."""
        request.report(Stage.REASON, 'asking the reasoner')
        goal = Reason.Goal(
            instruction=request.instruction, task=request.task, request_id=request.request_id
        )
        result = call_action(
            self._reason,
            'reason',
            goal,
            accept_timeout_s=self._config.server_timeout_s,
            timeout_s=self._config.reason_timeout_s,
            code=OutcomeCode.REASONER_UNAVAILABLE,
            stop=request.stop,
        )
        reasoning = result.reasoning
        outcome.header, outcome.task = reasoning.header, reasoning.task
        if reasoning.error_code != Reasoning.NONE:
            raise ReasoningError(ReasonCode(reasoning.error_code), reasoning.error_msg)
        answers = [*result.affordances, *result.trajectories]
        if not answers:
            raise ReasoningError(
                ReasonCode.MALFORMED_ANSWER,
                'the reasoner answered without a box or a trace; look at `reasoning`',
            )
        return answers[0]

    def _pick_up(self, request: Instruction, answer: Affordance, outcome: Outcome) -> None:
        view = self._scene.view_at(answer.header, request.stop)
        grounded = ground_box(
            view, box_from_msg(answer), self._gripper, self._workspace, self._tool_yaw()
        )
        around = neighbours(
            view,
            grounded.surface,
            grounded.outline,
            self._config.neighbour_radius_m,
            self._robot_parts(),
        )
        self._display.box(grounded, answer.label, around)
        outline = grounded.outline
        request.report(
            Stage.GROUND,
            f'{answer.label or "object"}: {outline.short * 1000:.0f} x '
            f'{outline.long * 1000:.0f} x {(outline.top - outline.bottom) * 1000:.0f} mm at '
            f'({outline.centre[0]:.3f}, {outline.centre[1]:.3f}, {outline.bottom:.3f}) m, '
            f'{len(around)} things around it',
        )
        self._set_scene(grounded.surface, outline.centre, around)
        plan = plan_pick(self._arm, grounded.candidates, self._pick, request.report)
        self._display.grasp(plan.grasp)
        if self._may_move(request, plan, outcome):
            with _Driving(self, outcome):
                outcome.verified = int(run_pick(self._arm, plan, self._pick, request.report))

    def _follow(self, request: Instruction, answer: Trajectory, outcome: Outcome) -> None:
        view = self._scene.view_at(answer.header, request.stop)
        clearance = self._config.trace_clearance_m + self._config.tip_beyond_tcp_m
        yaw = self._tool_yaw()
        grounded = ground_trace(
            view, trace_from_msg(answer), self._workspace, clearance_m=clearance, tool_yaw=yaw
        )
        self._display.trace(grounded)
        path = grounded.trace
        skipped = f', {len(path.skipped)} in the air before them left out' if path.skipped else ''
        request.report(Stage.GROUND, f'{len(path.points)} waypoints{skipped}')
        self._set_scene(path.surface, path.points[:, :2].mean(axis=0), [])
        ways = [_turned(grounded.tool_poses, yaw + turn) for turn in np.radians((0, 90, -90, 180))]
        plan = plan_follow(self._arm, ways, request.report)
        if self._may_move(request, plan, outcome):
            with _Driving(self, outcome):
                run_follow(self._arm, plan, request.report)

    def _tool_yaw(self) -> float:
        """The tool's present yaw [rad]: the direction in which it opens."""
        x = self._scene.tool_pose()[:3, 0]
        return float(np.arctan2(x[1], x[0]))

    def _robot_parts(self) -> tuple[Capsule, Capsule]:
        """The parts of the robot that can be as low as things on the table."""
        tool, origin = self._scene.tool_pose(), np.zeros(3)
        tip = tool[:3, 3] + self._config.tip_beyond_tcp_m * tool[:3, 2]
        hand = Capsule(tip, tip - HAND_LENGTH_M * tool[:3, 2], HAND_RADIUS_M)
        base = Capsule(origin, np.array([0.0, 0.0, 1.0]), self._config.base_radius_m)
        return hand, base

    def _set_scene(self, surface: Plane, centre: Array, around: list[Footprint]) -> None:
        """Tell move_group what to keep away from; the target is left out, it is to be touched."""
        reach = 2 * self._config.support_reach_m
        top = float(surface.z_at(centre)) - self._config.support_margin_m
        cuboids = {f'neighbour_{i}': cuboid for i, cuboid in enumerate(around)}
        cuboids['support'] = Footprint(centre, 0.0, reach, reach, top - 0.02, top)
        self._arm.set_scene(cuboids)

    def _may_move(
        self, request: Instruction, plan: PickPlan | FollowPlan, outcome: Outcome
    ) -> bool:
        """Publish the plan, and say whether it may be carried out.

        Raises:
            MotionError: NOT_APPROVED.
        """
        poses = np.concatenate([segment.tool_poses for segment in plan.segments])
        outcome.planned = self._display.plan(poses)
        outcome.planning_time = sum(segment.planning_time_s for segment in plan.segments)
        if request.plan_only or self._config.execute == 'never':
            return False
        if self._config.execute == 'confirm':
            self._wait_for_approval(request)
        return True

    def _wait_for_approval(self, request: Instruction) -> None:
        request.report(Stage.CONFIRM, 'look at planned_path, then call the service `approve`')
        self._approval.clear()
        self._awaiting_approval = True
        request.stop.add_hook(self._approval.set)
        approved = self._approval.wait(self._config.approve_timeout_s)
        self._awaiting_approval = False
        request.stop.remove_hook(self._approval.set)
        request.stop.check()
        if not approved:
            raise MotionError(
                OutcomeCode.NOT_APPROVED,
                f'nobody called `approve` within {self._config.approve_timeout_s:g} s; '
                'ask again, or set execute to auto',
            )

    def _let_tf_catch_up(self, end: PoseStamped) -> None:
        """Wait until TF tells of the motion's end too; it may lag behind the controller."""
        goal = np.array([end.pose.position.x, end.pose.position.y, end.pose.position.z])
        deadline = time.monotonic() + self._config.tf_timeout_s
        while time.monotonic() < deadline:
            self._record()
            if np.linalg.norm(self._scene.tool_pose()[:3, 3] - goal) < ARRIVED_M:
                return
            time.sleep(RECORD_PERIOD_S)

    def _record(self) -> None:
        """Note where the tool is, while it is driven."""
        driven = self._driven
        if driven is None:
            return
        try:
            pose = pose_msg(self._scene.tool_pose())
        except GroundingError:
            return  # a gap in TF is a gap in the record, not a reason to stop the arm
        driven.poses.append(PoseStamped(header=self._display.header(), pose=pose))


class _Driving:
    """Records the tool's way and the time while the arm moves, also when it fails."""

    def __init__(self, flow: Flow, outcome: Outcome) -> None:
        self._flow = flow
        self._outcome = outcome

    def __enter__(self) -> None:
        self._start = time.monotonic()
        self._flow._driven = Path(header=self._flow._display.header())

    def __exit__(self, failure: type | None, *_: object) -> None:
        self._outcome.execution_time = time.monotonic() - self._start
        if failure is None:
            self._flow._let_tf_catch_up(self._outcome.planned.poses[-1])
        self._outcome.executed = self._flow._driven
        self._flow._driven = None


def _turned(poses: Array, yaw: float) -> Array:
    return np.array([pointing_down(pose[:3, 3], yaw) for pose in poses])
