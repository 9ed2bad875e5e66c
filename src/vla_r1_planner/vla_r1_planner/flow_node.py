"""One instruction from words to motion: ask, ground and plan its task, leave to move, move."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
import uuid

import numpy as np
from rclpy.node import Node
from vla_r1_core.errors import MotionError, OutcomeCode, ReasonCode, ReasoningError
from vla_r1_core.prompt import Intent

from vla_r1_msgs.action import ExecuteInstruction, Reason
from vla_r1_msgs.msg import Affordance, Outcome, Reasoning, Trajectory
from vla_r1_planner.approval import Approval
from vla_r1_planner.arm_node import GuardedArm
from vla_r1_planner.button_node import Button
from vla_r1_planner.calls_node import call_action, Calls
from vla_r1_planner.config import gripper_of, PlannerConfig
from vla_r1_planner.convert import box_from_msg, trace_from_msg
from vla_r1_planner.display_node import Backstage, Display
from vla_r1_planner.drive_node import Recorder
from vla_r1_planner.guard_node import Guard
from vla_r1_planner.intents import GOAL_SUFFIX, Intents
from vla_r1_planner.motion import Job
from vla_r1_planner.moveit_node import MoveItArm
from vla_r1_planner.pick import prepare_pick
from vla_r1_planner.place import prepare_place
from vla_r1_planner.push import prepare_push
from vla_r1_planner.reach import prepare_reach
from vla_r1_planner.requests import Stop
from vla_r1_planner.scene_node import SceneInput
from vla_r1_planner.task import Cell
from vla_r1_planner.witness_node import Witness

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


@dataclass(frozen=True)
class Told:
    """An answer of the reasoner, and what it is about.

    Attributes:
        cell: with the depth and the tool's pose of the moment of the answer's picture.
    """

    answer: Affordance | Trajectory
    cell: Cell


class Flow:
    """Carries instructions out, one at a time."""

    def __init__(self, node: Node, config: PlannerConfig) -> None:
        arm_class = _arm_class(config)  # may be missing: before anything is started
        self._config = config
        self._scene = SceneInput(node, config)
        self._guard = Guard(node, config, self._scene)
        self._witness = Witness(node, self._scene)
        self._calls = Calls(node)
        self._arm = arm_class(node, self._calls, config, self._scene, self._guard)
        self._display = Display(node, config.planning_frame, gripper_of(config))
        self._show = Backstage(self._display, node.get_logger().warning)
        self._recorder = Recorder(node, self._scene, self._display)
        self._reason = self._calls.action(Reason, 'reason')
        self.approval = Approval()
        self.intents = Intents()
        self._button = Button(node, 'approval', config.planning_frame, self.approval.grant)

    def close(self) -> None:
        """Take no more messages."""
        self._arm.close()
        self._show.close()
        self._calls.close()
        self._scene.close()

    def use_camera(self, name: str) -> None:
        """Look through another camera; not while a request runs."""
        self._scene.use_camera(name)

    def run(self, request: Instruction, outcome: Outcome) -> None:
        """Carry a request out and fill in what came of it.

        Raises:
            VlaR1Error: with the reason why it ended early.
        """
        request.stop.check()
        self._arm.begin(request.stop)
        self._show.clear()
        answer = request.answer or self._ask(request, request.task, request.request_id, outcome)
        outcome.header = answer.header
        told = [self._placed(request, answer)]
        asked = self.intents.of(request.request_id, request.instruction)
        intent = intent_of(asked, answer)
        if intent is Intent.PLACE:
            goal_id = request.request_id + GOAL_SUFFIX
            goal = self._ask(request, Reasoning.TRAJECTORY, goal_id, outcome)
            told.append(self._placed(request, goal))
            outcome.header = answer.header  # of the older picture
        self._scene.check_joint_states(request.stop)
        cell, job = self._prepare(request, intent, told, outcome)
        if not self._may_move(request, job, outcome):
            return
        joints = job.segments[0].trajectory.joint_trajectory.joint_names
        watched = self._guard.moving(joints, request.stop, camera=job.camera)
        with self._recorder.driving(outcome), watched:
            job.run()
        outcome.verified = int(self._witness.judge(cell, job, request.stop))

    def _ask(
        self, request: Instruction, task: int, request_id: str, outcome: Outcome
    ) -> Affordance | Trajectory:
        """Ask the reasoner for an answer of this task."""
        what = 'asking the reasoner'
        request.report(
            Stage.REASON, what if task != Reasoning.TRAJECTORY else f'{what} for a trace'
        )
        self._scene.keep_depth()
        goal = Reason.Goal(instruction=request.instruction, task=task, request_id=request_id)
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
        self.intents.note(request_id, request.instruction, reasoning.context)
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

    def _placed(self, request: Instruction, answer: Affordance | Trajectory) -> Told:
        """Return an answer with the depth of its picture, which is not kept for long."""
        request.report(Stage.GROUND, 'looking up depth and transforms at the image stamp')
        view = self._scene.view_at(answer.header, request.stop)
        tool = self._scene.tool_pose(answer.header.stamp)
        cell = Cell(self._config, self._arm, view, tool, self._show, request.report)
        return Told(answer, cell)

    def _prepare(
        self, request: Instruction, intent: Intent, told: Sequence[Told], outcome: Outcome
    ) -> tuple[Cell, Job]:
        """Ground and plan the task that the answers are for."""
        answer, cell = told[0].answer, told[0].cell
        if isinstance(answer, Affordance):
            outcome.task = Reasoning.AFFORDANCE
            box = box_from_msg(answer)
            if len(told) == 1:
                return cell, prepare_pick(cell, box, answer.label)
            trace = trace_from_msg(told[1].answer)
            return cell, prepare_place(cell, box, answer.label, told[1].cell, trace)
        outcome.task = Reasoning.TRAJECTORY
        prepare = prepare_push if intent is Intent.PUSH else prepare_reach
        return cell, prepare(cell, trace_from_msg(answer))

    def _may_move(self, request: Instruction, job: Job, outcome: Outcome) -> bool:
        """Publish the plan, and say whether it may be carried out.

        Raises:
            MotionError: NOT_APPROVED or START_MOVED.
            GroundingError: SCENE_TOO_OLD.
        """
        poses = np.concatenate([segment.outline for segment in job.segments])
        outcome.planned = self._display.plan(poses)
        outcome.planning_time = sum(segment.planning_time_s for segment in job.segments)
        if request.plan_only or self._config.execute == 'never':
            return False
        if self._config.execute == 'confirm':
            request.report(
                Stage.CONFIRM,
                'look at planned_path, then call the service `approve` or click the ball in RViz',
            )
            with self._button.shown('approve', poses[-1][:3, 3]):
                self.approval.wait(self._config.approve_timeout_s, request.stop)
        first = job.segments[0].trajectory.joint_trajectory
        self._guard.check_start(outcome.header, first)
        return True


def _arm_class(config: PlannerConfig) -> Callable[..., GuardedArm]:
    """Return the arm that the parameters ask for.

    Raises:
        MotionError: MOVE_GROUP_UNAVAILABLE when moveit_py is asked for and not installed.
    """
    if config.moveit == 'move_group':
        return MoveItArm
    try:
        from vla_r1_planner.moveit_py_node import MoveItPyArm
    except ImportError as error:
        raise MotionError(
            OutcomeCode.MOVE_GROUP_UNAVAILABLE,
            "moveit: moveit_py needs MoveIt's Python binding, which cannot be imported "
            f'({error}); apt install ros-jazzy-moveit-py, or set moveit: move_group and run one',
        ) from error
    return MoveItPyArm


def intent_of(asked: Intent, answer: Affordance | Trajectory) -> Intent:
    """Return what the words ask for, if it can be done with the answer, or what can.

    Answers by topic may come without words, and a client may ask for a task of its choice.
    """
    if isinstance(answer, Affordance):
        return Intent.PLACE if asked is Intent.PLACE else Intent.PICK
    return Intent.PUSH if asked is Intent.PUSH else Intent.REACH
