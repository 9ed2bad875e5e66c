"""The reasoner node: an instruction and the newest image in, a thought and an answer out.

Every request, good or bad, ends in exactly one `reasoning` message. All outputs carry the header
of the image they are about, unchanged.
"""

import time
import traceback
import uuid

import numpy as np
from numpy.typing import NDArray
from rclpy.action import ActionServer, CancelResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup, ReentrantCallbackGroup
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.time import Time
from sensor_msgs.msg import Image
from std_msgs.msg import Header, String
from vision_msgs.msg import Detection2DArray
from vla_r1_core.errors import ReasonCode, ReasoningError
from vla_r1_core.ros import declare_config, run, subscribe_camera
from vla_r1_core.types import Task

from vla_r1_msgs.action import Reason
from vla_r1_msgs.msg import Affordance, Reasoning, Trajectory
from vla_r1_msgs.srv import LoadModel
from vla_r1_perception import convert
from vla_r1_perception.backends import make_reasoner
from vla_r1_perception.config import ReasonerConfig
from vla_r1_perception.overlay import draw_overlay
from vla_r1_perception.reasoner import Reasoner
from vla_r1_perception.reply import ask, choose_task, Reply
from vla_r1_perception.request import Request, Worker

_POLL_S = 0.01


class ReasonerNode(LifecycleNode):
    """Lifecycle: configure loads the model, activate lets it answer."""

    def __init__(self) -> None:
        super().__init__('reasoner')
        self._config = declare_config(self, ReasonerConfig)
        self._reasoner: Reasoner | None = None
        self._active = False
        self._image: Image | None = None
        self._worker = Worker(self._serve)

        self._reasoning_pub = self.create_publisher(Reasoning, 'reasoning', 10)
        self._partial_pub = self.create_publisher(String, 'reasoning/partial', 10)
        self._affordance_pub = self.create_publisher(Affordance, 'affordance', 10)
        self._trajectory_pub = self.create_publisher(Trajectory, 'trajectory', 10)
        self._detections_pub = self.create_publisher(Detection2DArray, 'detections', 10)
        self._overlay_pub = self.create_publisher(Image, 'overlay', 1)
        subscribe_camera(
            self,
            Image,
            'image',
            self._on_image,
            callback_group=MutuallyExclusiveCallbackGroup(),
        )
        self.create_subscription(String, 'instruction', self._on_instruction, 10)
        self.create_service(
            LoadModel,
            'load_model',
            self._on_load_model,
            callback_group=MutuallyExclusiveCallbackGroup(),
        )
        self._action = ActionServer(
            self,
            Reason,
            'reason',
            execute_callback=self._on_goal,
            cancel_callback=lambda goal: CancelResponse.ACCEPT,
            callback_group=ReentrantCallbackGroup(),
        )
        if self._config.autostart and self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the model."""
        try:
            self._reasoner = self.load_reasoner(self._config.model)
        except ReasoningError as error:
            self.get_logger().error(str(error))
            return TransitionCallbackReturn.FAILURE
        self.get_logger().info(f'loaded {self._reasoner.name}')
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Begin to answer."""
        self._active = True
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Cancel what runs, refuse what comes."""
        self._active = False
        self._worker.stop_all('the reasoner was deactivated')
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free the model."""
        self._reasoner = None
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop answering and free the model."""
        self._active = False
        self._worker.stop_all('the reasoner is shutting down')
        self._reasoner = None
        return super().on_shutdown(state)

    def destroy_node(self) -> None:
        """End the worker thread, then the node."""
        self._worker.close()
        self._action.destroy()
        super().destroy_node()

    def load_reasoner(self, model: str) -> Reasoner:
        """Return a loaded reasoner; raises ReasoningError MODEL_NOT_LOADED."""
        return make_reasoner(self._config, model)

    def _on_image(self, image: Image) -> None:
        self._image = image

    def _on_instruction(self, message: String) -> None:
        self._worker.submit(
            Request(
                request_id=uuid.uuid4().hex,
                instruction=message.data,
                task=Task.AUTO,
                timeout_s=self._config.answer_timeout_s,
                on_progress=self._publish_partial,
            )
        )

    def _on_goal(self, goal: ServerGoalHandle) -> Reason.Result:
        def on_progress(text: str, tokens: int) -> None:
            self._publish_partial(text, tokens)
            goal.publish_feedback(Reason.Feedback(text=text, tokens=tokens))

        request = Request(
            request_id=goal.request.request_id or uuid.uuid4().hex,
            instruction=goal.request.instruction,
            task=goal.request.task,
            timeout_s=self._config.answer_timeout_s,
            on_progress=on_progress,
            is_canceled=lambda: goal.is_cancel_requested,
        )
        self._worker.submit(request)
        request.done.wait()
        if request.result is None:
            why = 'the reasoner was shut down, or has a bug: see its log'
            return Reason.Result(reasoning=Reasoning(error_code=ReasonCode.UNKNOWN, error_msg=why))
        if request.result.reasoning.error_code == ReasonCode.NONE:
            goal.succeed()
        elif goal.is_cancel_requested:
            goal.canceled()
        else:
            goal.abort()
        return request.result

    def _on_load_model(
        self, request: LoadModel.Request, response: LoadModel.Response
    ) -> LoadModel.Response:
        """Swap the model; a request that runs keeps the old one, and so does a failure."""
        if self._reasoner is None:
            response.message = 'the reasoner is not configured; configure it first'
            return response
        try:
            self._reasoner = self.load_reasoner(request.model or self._config.model)
        except ReasoningError as error:
            response.message = f'{error}; {self._reasoner.name} goes on answering'
        else:
            response.success = True
        response.weights_sha256 = self._reasoner.weights_sha256
        return response

    def _publish_partial(self, text: str, tokens: int) -> None:
        self._partial_pub.publish(String(data=text))

    def _serve(self, request: Request) -> None:
        """Answer one request and publish everything about it; runs in the worker thread."""
        try:
            self._answer(request)
        except Exception:  # noqa: BLE001 - a dead worker would leave the node deaf
            if self.context.ok():
                self.get_logger().error(traceback.format_exc())
        finally:
            request.done.set()  # who waits for it must not wait for ever

    def _answer(self, request: Request) -> None:
        reasoner = self._reasoner
        reply, image, rgb = self._reply(request, reasoner)
        if reply.error and reply.error.__cause__ and self.context.ok():
            self.get_logger().error(
                ''.join(traceback.format_exception(reply.error.__cause__)).rstrip()
            )
        header = image.header if image else Header()
        result = Reason.Result(
            reasoning=convert.reasoning_msg(request, reply, header, reasoner, self._config.seed)
        )
        if reply.parsed and reply.parsed.box:
            result.affordances.append(convert.affordance_msg(request.request_id, reply, image))
        if reply.parsed and reply.parsed.trajectory:
            result.trajectories.append(convert.trajectory_msg(request.request_id, reply, image))
        self._publish(result)
        request.result = result
        request.done.set()
        if self._config.overlay and reply.answer:  # last, so that it delays no answer
            self._overlay_pub.publish(convert.rgb_to_image(draw_overlay(rgb, reply), header))

    def _reply(
        self, request: Request, reasoner: Reasoner | None
    ) -> tuple[Reply, Image | None, NDArray[np.uint8] | None]:
        """Check everything that the model needs, and ask it."""
        task = Task.AUTO
        try:
            request.raise_if_stopped()
            if reasoner is None or not self._active:
                raise ReasoningError(
                    ReasonCode.MODEL_NOT_LOADED,
                    'the reasoner is not active; configure and activate it (see its log)',
                )
            task = choose_task(request, self._config.max_instruction_chars)
            image = self._wait_for_image(request)
            rgb = convert.image_to_rgb(image)
        except ReasoningError as error:
            return Reply(task, error=error), self._image, None
        return ask(reasoner, rgb, request, task, self._config.seed), image, rgb

    def _wait_for_image(self, request: Request) -> Image:
        """Return a fresh image; a camera that has just been started gets a moment to deliver."""
        end = time.monotonic() + self._config.image_wait_s
        while True:
            request.raise_if_stopped()
            try:
                return self._fresh()
            except ReasoningError:
                if time.monotonic() > end:
                    raise
            time.sleep(_POLL_S)

    def _fresh(self) -> Image:
        """Return the newest image if it is young enough to be answered about."""
        image = self._image
        if image is None:
            raise ReasoningError(
                ReasonCode.NO_IMAGE,
                f'no image has arrived on {self.resolve_topic_name("image")}; '
                'start the camera or remap the topic',
            )
        age = (self.get_clock().now() - Time.from_msg(image.header.stamp)).nanoseconds * 1e-9
        limit = self._config.max_image_age_s
        if age > limit:
            raise ReasoningError(
                ReasonCode.STALE_IMAGE,
                f'the newest image is {age:.1f} s old, the limit is {limit:g} s '
                '(max_image_age_s); is the camera still running?',
            )
        if age < -limit:
            raise ReasoningError(
                ReasonCode.STALE_IMAGE,
                f'the newest image is {-age:.1f} s ahead of the clock; check use_sim_time and '
                'that the clocks of camera and computer agree',
            )
        return image

    def _publish(self, result: Reason.Result) -> None:
        self._reasoning_pub.publish(result.reasoning)
        for affordance in result.affordances:
            self._affordance_pub.publish(affordance)
            self._detections_pub.publish(convert.detections_msg(affordance))
        for trajectory in result.trajectories:
            self._trajectory_pub.publish(trajectory)


def main() -> None:
    """Run the node."""
    run(ReasonerNode)
