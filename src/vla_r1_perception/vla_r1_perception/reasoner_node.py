"""The reasoner node: an instruction and the newest image in, a thought and an answer out.

Every request, good or bad, ends in exactly one `reasoning` message. All outputs carry the header
of the image they are about, unchanged.
"""

import time
import traceback
import uuid

import numpy as np
from numpy.typing import NDArray
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header, String
from vla_r1_core.errors import ReasonCode, ReasoningError
from vla_r1_core.ros import declare_config, follow_config, run
from vla_r1_core.types import Task

from vla_r1_msgs.action import Reason
from vla_r1_msgs.srv import LoadModel
from vla_r1_perception import convert
from vla_r1_perception.backends import make_reasoner
from vla_r1_perception.camera_node import Camera
from vla_r1_perception.config import ReasonerConfig
from vla_r1_perception.conversation import Conversation, intent_of
from vla_r1_perception.goals_node import BUG, Goals
from vla_r1_perception.health import Health, Now, Report
from vla_r1_perception.health_node import Heartbeat
from vla_r1_perception.model_thread import InThread, ModelThread
from vla_r1_perception.outputs_node import Outputs
from vla_r1_perception.reasoner import Reasoner
from vla_r1_perception.reply import ask, choose_task, exchange_of, Reply
from vla_r1_perception.request import Request
from vla_r1_perception.worker import Worker

_POLL_S = 0.02


class ReasonerNode(LifecycleNode):
    """Lifecycle: configure loads the model, activate lets it answer."""

    def __init__(self) -> None:
        super().__init__('reasoner')
        self._config = declare_config(self, ReasonerConfig)
        self._reasoner: Reasoner | None = None
        self._active = self._was_active = self._loading = False
        self._health = Health()
        self._conversation = Conversation()
        self._model_thread = ModelThread()
        self._worker = Worker(self._serve)

        self._outputs = Outputs(self)
        camera = self._config.camera
        self._camera = Camera(self, self._config.image_transport, self._health, camera)
        self.create_subscription(String, 'instruction', self._on_instruction, 10)
        self.create_service(
            LoadModel,
            'load_model',
            self._on_load_model,
            callback_group=MutuallyExclusiveCallbackGroup(),
        )
        self._goals = Goals(
            self,
            self._submit,
            lambda: self._config.answer_timeout_s,
            self._outputs.publish_partial,
        )
        follow_config(
            self,
            lambda: self._config,
            self._use_config,
            is_unconfigured=lambda: self._state == 'unconfigured',
        )
        heartbeat = Heartbeat(self, 'answers', self._report)
        heartbeat.beat()  # the next one comes when the model is loaded
        if self._config.autostart and self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the model."""
        self._loading = True
        try:
            self._reasoner = self._load(self._config.model)
        except ReasoningError as error:
            self.get_logger().error(str(error))
            self._health.not_loaded(error)
            bug = error.code == ReasonCode.UNKNOWN
            return TransitionCallbackReturn.ERROR if bug else TransitionCallbackReturn.FAILURE
        finally:
            self._loading = False
        self._health.loaded()
        self._conversation.clear()
        self.get_logger().info(f'loaded {self._reasoner.name}')
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Begin to answer."""
        self._active = self._was_active = True
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

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Go back to the beginning: whatever is mended by then, configure finds."""
        self._active = False
        self._worker.stop_all('the reasoner failed to change its state; see its log')
        self._reasoner = None
        return super().on_error(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop answering and free the model."""
        self._active = False
        self._worker.stop_all('the reasoner is shutting down')
        self._reasoner = None
        return super().on_shutdown(state)

    def destroy_node(self) -> None:
        """End the worker thread, then the node."""
        self._worker.close()
        self._goals.close()
        super().destroy_node()

    @property
    def _state(self) -> str:
        return str(self._state_machine.current_state[1])

    def load_reasoner(self, model: str) -> Reasoner:
        """Return a loaded reasoner; raises ReasoningError MODEL_NOT_LOADED."""
        return make_reasoner(self._config, model)

    def _load(self, model: str) -> Reasoner:
        """Return a loaded reasoner; raises ReasoningError, UNKNOWN for a bug."""
        try:
            return self.load_reasoner(model)
        except ReasoningError:
            raise
        except Exception as error:  # nobody else would tell, and a service would end the node
            self.get_logger().error(traceback.format_exc())
            why = f'{type(error).__name__} while the model was loaded: {error}; see the log'
            raise ReasoningError(ReasonCode.UNKNOWN, why) from error

    def _use_config(self, config: ReasonerConfig) -> None:
        if config.camera != self._config.camera:
            self._camera.use(config.camera)
        self._config = config

    def _on_instruction(self, message: String) -> None:
        self._submit(
            Request(
                request_id=uuid.uuid4().hex,
                instruction=message.data,
                task=Task.AUTO,
                timeout_s=self._config.answer_timeout_s,
                on_progress=self._outputs.publish_partial,
            )
        )

    def _submit(self, request: Request) -> None:
        if self._config.when_busy == 'queue':
            self._worker.submit_queued(request, self._config.queue_size)
        else:
            self._worker.submit_newest(request)

    def _on_load_model(
        self, request: LoadModel.Request, response: LoadModel.Response
    ) -> LoadModel.Response:
        """Swap the model; a request that runs keeps the old one, and so does a failure."""
        if self._reasoner is None:
            response.message = 'the reasoner is not configured; configure it first'
            return response
        try:
            self._reasoner = self._load(request.model or self._config.model)
        except ReasoningError as error:
            response.message = f'{error}; {self._reasoner.name} goes on answering'
        else:
            response.success = True
        response.weights_sha256 = self._reasoner.weights_sha256
        return response

    def _serve(self, request: Request) -> None:
        """Answer one request and publish everything about it; runs in a thread of the worker."""
        try:
            request.on_begin()
            self._answer(request)
        except Exception:  # noqa: BLE001 - a dead worker would leave the node deaf
            if self.context.ok():
                self.get_logger().error(traceback.format_exc())
                self._health.failed(ReasoningError(ReasonCode.UNKNOWN, BUG))
        finally:
            request.done.set()  # who waits for it must not wait for ever

    def _answer(self, request: Request) -> None:
        config = self._config
        reasoner = self._ready(request, config)  # both for all of this request
        reply, image, rgb = self._reply(request, reasoner, config)
        if reply.error and reply.error.__cause__ and self.context.ok():
            self.get_logger().error(
                ''.join(traceback.format_exception(reply.error.__cause__)).rstrip()
            )
        header = image.header if image else Header()
        result = Reason.Result(
            reasoning=convert.reasoning_msg(request, reply, header, reasoner, config)
        )
        said = None if reply.error else reply.parsed  # what nobody is sure of, nobody acts on
        if said:
            height, width = rgb.shape[:2]
            about = (request.request_id, reply, header, width, height)
            if said.box:
                result.affordances.append(convert.affordance_msg(*about))
            if said.trajectory:
                result.trajectories.append(convert.trajectory_msg(*about))
        self._outputs.publish(result)
        self._health.ended(reply, request.first_token_s)
        request.result = result
        request.done.set()
        if config.overlay and reply.answer:  # last, so that it delays no answer
            self._outputs.publish_overlay(rgb, reply, header)

    def _ready(self, request: Request, config: ReasonerConfig) -> Reasoner | None:
        """Return the model; who asks while it is being loaded for the first time waits for it."""
        end = 0.0
        while not (self._active or self._was_active or request.should_stop()):
            if self._loading or not end:
                end = time.monotonic() + config.image_wait_s
            if time.monotonic() > end:
                break
            time.sleep(_POLL_S)
        return self._reasoner

    def _report(self) -> Report:
        reasoner = self._reasoner
        return self._health.report(
            Now(
                state=self._state,
                backend=self._config.backend,
                model=reasoner.name if reasoner else '',
                weights_sha256=reasoner.weights_sha256 if reasoner else '',
                waiting=self._worker.waiting,
                thinking_s=self._worker.running_s,
                image_age_s=self._camera.age_s,
                camera_fault=self._camera.fault(self._config.max_image_age_s),
            )
        )

    def _reply(
        self, request: Request, reasoner: Reasoner | None, config: ReasonerConfig
    ) -> tuple[Reply, Image | CompressedImage | None, NDArray[np.uint8] | None]:
        """Check everything that the model needs, and ask it."""
        task = Task.AUTO
        try:
            request.raise_if_stopped()
            if reasoner is None or not self._active:
                raise ReasoningError(
                    ReasonCode.MODEL_NOT_LOADED,
                    'the reasoner is not active; configure and activate it (see its log)',
                )
            turns = self._conversation.before(request.instruction, request.task, config.context)
            task = choose_task(request, config.max_instruction_chars, intent_of(turns))
            image = self._camera.wait(request, config)
            rgb = convert.to_rgb(image)
        except ReasoningError as error:
            return Reply(task, error=error), self._camera.newest, None
        model = InThread(reasoner, config, self._model_thread)
        reply = ask(
            model,
            rgb,
            request,
            task,
            seed=config.seed,
            min_score=config.min_score,
            context=[turn.exchange(task) for turn in turns],
        )
        self._conversation.note(exchange_of(request, reply))
        return reply, image, rgb


def main() -> None:
    """Run the node."""
    run(ReasonerNode)
