"""The action `reason`: each goal becomes a request, and each request's end the goal's."""

from collections.abc import Callable
import uuid

from rclpy.action import ActionServer, CancelResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.node import Node
from vla_r1_core.errors import ReasonCode

from vla_r1_msgs.action import Reason
from vla_r1_msgs.msg import Reasoning
from vla_r1_perception.request import Request

BUG = 'the reasoner was shut down, or has a bug: see its log'

OnProgress = Callable[[str, int], None]


class Goals:
    """Serves the action. A goal that waits for its turn holds no thread of the executor.

    Args:
        node: of the action.
        submit: takes over a request.
        timeout_s: returns how long an answer may take [s].
        on_progress: called with all text so far and its tokens, beside the goal's feedback.
    """

    def __init__(
        self,
        node: Node,
        submit: Callable[[Request], None],
        timeout_s: Callable[[], float],
        on_progress: OnProgress,
    ) -> None:
        self._submit = submit
        self._timeout_s = timeout_s
        self._on_progress = on_progress
        self._server = ActionServer(
            node,
            Reason,
            'reason',
            execute_callback=lambda goal: Reason.Result(),  # not used: each goal brings its own
            handle_accepted_callback=self._on_accepted,
            cancel_callback=lambda goal: CancelResponse.ACCEPT,
            callback_group=MutuallyExclusiveCallbackGroup(),  # so that goals keep their order
        )

    def close(self) -> None:
        """Take no more goals."""
        self._server.destroy()

    def _on_accepted(self, goal: ServerGoalHandle) -> None:
        def on_progress(text: str, tokens: int) -> None:
            self._on_progress(text, tokens)
            goal.publish_feedback(Reason.Feedback(text=text, tokens=tokens))

        request = Request(
            request_id=goal.request.request_id or uuid.uuid4().hex,
            instruction=goal.request.instruction,
            task=goal.request.task,
            timeout_s=self._timeout_s(),
            on_progress=on_progress,
            on_begin=lambda: goal.execute(lambda goal: _end(goal, request)),
            is_canceled=lambda: goal.is_cancel_requested,
        )
        self._submit(request)


def _end(goal: ServerGoalHandle, request: Request) -> Reason.Result:
    """Wait for the request's end, and make it the goal's."""
    request.done.wait()
    if request.result is None:
        return Reason.Result(reasoning=Reasoning(error_code=ReasonCode.UNKNOWN, error_msg=BUG))
    if request.result.reasoning.error_code == ReasonCode.NONE:
        goal.succeed()
    elif goal.is_cancel_requested:
        goal.canceled()
    else:
        goal.abort()
    return request.result
