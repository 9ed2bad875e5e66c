"""One instruction from words to motion: ask, ground and plan its task, leave to move, move."""

from collections.abc import Callable
from dataclasses import dataclass, field
import uuid

import numpy as np
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from vla_r1_core.errors import OutcomeCode, ReasonCode, ReasoningError

from vla_r1_msgs.action import ExecuteInstruction, Reason
from vla_r1_msgs.msg import Affordance, Outcome, Reasoning, Trajectory
from vla_r1_planner.approval import Approval
from vla_r1_planner.calls_node import call_action, GoalClient
from vla_r1_planner.config import gripper_of, PlannerConfig
from vla_r1_planner.convert import box_from_msg, trace_from_msg
from vla_r1_planner.display_node import Display
from vla_r1_planner.drive_node import Recorder
from vla_r1_planner.motion import Job
from vla_r1_planner.moveit_node import MoveItArm
from vla_r1_planner.pick import prepare_pick
from vla_r1_planner.reach import prepare_reach
from vla_r1_planner.requests import Stop
from vla_r1_planner.scene_node import SceneInput
from vla_r1_planner.task import Cell

Stage = ExecuteInstruction.Feedback


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
        self._config = config
        self._scene = SceneInput(node, config)
        self._arm = MoveItArm(node, config, self._scene)
        self._display = Display(node, config.planning_frame, gripper_of(config))
        self._recorder = Recorder(node, config, self._scene, self._display)
        self._reason = GoalClient(node, Reason, 'reason', callback_group=ReentrantCallbackGroup())
        self.approval = Approval()

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
        job = self._prepare(request, answer, outcome)
        if self._may_move(request, job, outcome):
            with self._recorder.driving(outcome):
                outcome.verified = int(job.run())

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

    def _prepare(
        self, request: Instruction, answer: Affordance | Trajectory, outcome: Outcome
    ) -> Job:
        """Ground and plan the task that the answer is for."""
        view = self._scene.view_at(answer.header, request.stop)
        tool = self._scene.tool_pose()
        cell = Cell(self._config, self._arm, view, tool, self._display, request.report)
        if isinstance(answer, Affordance):
            outcome.task = Reasoning.AFFORDANCE
            return prepare_pick(cell, box_from_msg(answer), answer.label)
        outcome.task = Reasoning.TRAJECTORY
        return prepare_reach(cell, trace_from_msg(answer))

    def _may_move(self, request: Instruction, job: Job, outcome: Outcome) -> bool:
        """Publish the plan, and say whether it may be carried out.

        Raises:
            MotionError: NOT_APPROVED.
        """
        poses = np.concatenate([segment.tool_poses for segment in job.segments])
        outcome.planned = self._display.plan(poses)
        outcome.planning_time = sum(segment.planning_time_s for segment in job.segments)
        if request.plan_only or self._config.execute == 'never':
            return False
        if self._config.execute == 'confirm':
            request.report(Stage.CONFIRM, 'look at planned_path, then call the service `approve`')
            self.approval.wait(self._config.approve_timeout_s, request.stop)
        return True
