"""The planner node: takes instructions in, hands them to the flow, gives outcomes out."""

from collections import deque
import time
import traceback

from rclpy.action import ActionServer, CancelResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup, ReentrantCallbackGroup
from rclpy.node import Node
from std_srvs.srv import Trigger
from vla_r1_core.errors import OutcomeCode, VlaR1Error
from vla_r1_core.ros import declare_config, follow_config, run

from vla_r1_msgs.action import ExecuteInstruction
from vla_r1_msgs.msg import Affordance, Outcome, Reasoning, Trajectory
from vla_r1_planner.alive_node import give_sign_of_life
from vla_r1_planner.config import PlannerConfig
from vla_r1_planner.flow_node import Flow, Instruction
from vla_r1_planner.intents import GOAL_SUFFIX
from vla_r1_planner.requests import Stop, Turnstile

WORDS_WAIT_S = 1.0  # for the `reasoning` of an answer by topic
REMEMBERED = 100  # answers by topic and request ids of our own


class PlannerNode(Node):
    """Instructions by action, or answers of the reasoner by topic; the newest one wins."""

    def __init__(self) -> None:
        super().__init__('planner')
        self.config = declare_config(self, PlannerConfig)
        self._flow = Flow(self, self.config)
        self._turnstile: Turnstile[Instruction] = Turnstile()
        follow_config(self, lambda: self.config, self._use_config)
        self._goals: dict[bytes, Instruction] = {}
        self._stops: dict[bytes, Stop] = {}
        self._own: deque[str] = deque(maxlen=REMEMBERED)
        self._reasonings: deque[Reasoning] = deque(maxlen=REMEMBERED)
        self._outcome = self.create_publisher(Outcome, 'outcome', 10)
        group = ReentrantCallbackGroup()
        self._server = ActionServer(
            self,
            ExecuteInstruction,
            'execute_instruction',
            self._execute_goal,
            handle_accepted_callback=self._accepted,
            cancel_callback=self._cancel,
            callback_group=MutuallyExclusiveCallbackGroup(),  # so that goals keep their order
        )
        self.create_service(Trigger, 'approve', self._approve, callback_group=group)
        self.create_service(Trigger, 'stop', self._stop, callback_group=group)
        self._alive = give_sign_of_life(self)
        self.create_subscription(Reasoning, 'reasoning', self._on_reasoning, 10)
        self.create_subscription(Affordance, 'affordance', self._on_answer, 10)
        self.create_subscription(Trajectory, 'trajectory', self._on_answer, 10)

    def destroy_node(self) -> None:
        """Stop the arm before going down."""
        self._turnstile.stop_all(OutcomeCode.CANCELED, 'the planner was shut down')
        self._server.destroy()
        self._flow.close()
        super().destroy_node()

    def _use_config(self, config: PlannerConfig) -> None:
        if config.camera == self.config.camera:
            return
        if self._turnstile.busy:
            raise ValueError(
                'an instruction is being carried out with this camera; wait for its outcome, or '
                'call the service stop'
            )
        self._flow.use_camera(config.camera)
        self.config = config

    # By action

    def _accepted(self, goal_handle: ServerGoalHandle) -> None:
        def report(stage: str, text: str) -> None:
            self.get_logger().info(f'{stage}: {text}')
            if goal_handle.is_active:
                goal_handle.publish_feedback(ExecuteInstruction.Feedback(stage=stage, text=text))

        goal = goal_handle.request
        request = Instruction(
            goal.instruction,
            goal.task,
            goal.plan_only,
            report,
            lambda _: goal_handle.execute(),
            stop=self._stop_of(goal_handle),
        )
        self._own.append(request.request_id)
        self._goals[bytes(goal_handle.goal_id.uuid)] = request
        self._turnstile.enter(request)

    def _cancel(self, goal_handle: ServerGoalHandle) -> CancelResponse:
        self._stop_of(goal_handle).request(OutcomeCode.CANCELED, 'cancelled by the client')
        return CancelResponse.ACCEPT

    def _stop_of(self, goal_handle: ServerGoalHandle) -> Stop:
        """Return a goal's stop; a client's cancel may come before `_accepted` is called."""
        return self._stops.setdefault(bytes(goal_handle.goal_id.uuid), Stop())

    def _execute_goal(self, goal_handle: ServerGoalHandle) -> ExecuteInstruction.Result:
        key = bytes(goal_handle.goal_id.uuid)
        outcome = self._carry_out(self._goals[key])
        if outcome.error_code == Outcome.CANCELED:
            # rclpy notes the cancel only after our callback, which has already stopped the arm.
            deadline = time.monotonic() + 1.0
            while not goal_handle.is_cancel_requested and time.monotonic() < deadline:
                time.sleep(0.002)
        if outcome.error_code == Outcome.NONE:
            goal_handle.succeed()
        elif goal_handle.is_cancel_requested:
            goal_handle.canceled()
        else:
            goal_handle.abort()
        del self._goals[key], self._stops[key]
        return ExecuteInstruction.Result(outcome=outcome)

    # By topic

    def _on_reasoning(self, msg: Reasoning) -> None:
        if self._is_own(msg.request_id):
            return
        self._flow.intents.note(msg.request_id, msg.instruction, msg.context)
        self._reasonings.append(msg)
        if msg.error_code != Reasoning.NONE:
            outcome = Outcome(
                header=msg.header,
                request_id=msg.request_id,
                instruction=msg.instruction,
                task=msg.task,
                error_code=msg.error_code,
                error_msg=msg.error_msg,
            )
            self._outcome.publish(outcome)

    def _on_answer(self, msg: Affordance | Trajectory) -> None:
        if self._is_own(msg.request_id):
            return
        request = Instruction(
            instruction='',  # `reasoning` says it, but may come after the answer
            task=Reasoning.AUTO,
            plan_only=False,
            report=lambda stage, text: self.get_logger().info(f'{stage}: {text}'),
            begin=lambda request: self.executor.create_task(self._carry_out, request),
            answer=msg,
            request_id=msg.request_id,
        )
        self._turnstile.enter(request)

    def _is_own(self, request_id: str) -> bool:
        """Whether the planner itself asked, so that the answer comes to it by action."""
        return request_id in self._own or request_id.endswith(GOAL_SUFFIX)

    def _words_of(self, request: Instruction) -> str:
        """Return the instruction that an answer by topic is for; '' when nobody says it."""
        deadline = time.monotonic() + WORDS_WAIT_S
        while time.monotonic() < deadline and not request.stop.requested:
            for reasoning in list(self._reasonings):
                if reasoning.request_id == request.request_id:
                    return str(reasoning.instruction)
            time.sleep(0.01)
        return ''

    # Both

    def _carry_out(self, request: Instruction) -> Outcome:
        if request.answer is not None:
            request.instruction = self._words_of(request)
        outcome = Outcome(
            request_id=request.request_id,
            instruction=request.instruction,
            task=request.task,
            error_code=Outcome.UNKNOWN,
        )
        try:
            self._flow.run(request, outcome)
            outcome.error_code = Outcome.NONE
        except VlaR1Error as error:
            outcome.error_code, outcome.error_msg = int(error.code), str(error)
        except Exception as error:  # noqa: BLE001 - whatever happens, the client gets an answer
            self.get_logger().error(traceback.format_exc())
            outcome.error_msg = f'a bug in the planner, see its log: {error!r}'
        finally:
            self._turnstile.leave(request)
        if outcome.error_code != Outcome.NONE:
            self.get_logger().warning(f'error {outcome.error_code}: {outcome.error_msg}')
        self._outcome.publish(outcome)
        return outcome

    def _approve(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success = self._flow.approval.grant()
        response.message = 'moving' if response.success else 'no plan waits for approval'
        return response

    def _stop(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        stopped = self._turnstile.stop_all(
            OutcomeCode.STOPPED, 'stopped by the service `stop`; ask again when all is well'
        )
        response.success = True
        response.message = f'{stopped} instructions stopped' if stopped else 'nothing was running'
        return response


def main() -> None:
    """Run the planner until it is told to stop."""
    run(PlannerNode)
