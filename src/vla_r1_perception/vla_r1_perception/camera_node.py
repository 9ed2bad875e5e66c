"""The newest image of the camera, and whether it is young enough to be answered about."""

from functools import partial
import threading
import time

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.clock import JumpThreshold, TimeJump
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.time import Time
from sensor_msgs.msg import CompressedImage, Image
from vla_r1_core.errors import ReasonCode, ReasoningError
from vla_r1_core.sensor_node import SensorSubscription

from vla_r1_perception.config import ReasonerConfig
from vla_r1_perception.health import Health
from vla_r1_perception.request import Request
from vla_r1_perception.unheard_node import unheard

_POLL_S = 0.01


class Camera:
    """Keeps the newest image, as it came: only what is asked about is decoded.

    Args:
        node: that subscribes.
        transport: 'raw', or 'compressed' with image_transport's name for its topic.
        health: counts the images.
        name: with which the topic begins; '': with nothing.

    Attributes:
        newest: None until one has arrived.
    """

    def __init__(self, node: Node, transport: str, health: Health, name: str = '') -> None:
        self.newest: Image | CompressedImage | None = None
        self._overtaken: Image | CompressedImage | None = None  # the newest as time jumped back
        self._node = node
        self._kind = CompressedImage if transport == 'compressed' else Image
        self._health = health
        self._change = threading.Lock()  # held while one camera takes the place of another
        self._topic = ''
        self._subscription: SensorSubscription | None = None  # `use` makes it
        backward = JumpThreshold(
            min_forward=None, min_backward=Duration(nanoseconds=-1), on_clock_change=False
        )
        self._jumps = node.get_clock().create_jump_callback(
            backward, post_callback=self._on_jump_back
        )
        self.use(name)

    def use(self, name: str) -> None:
        """Look through another camera from now on; the image of the one before is forgotten."""
        # The name is made from the remapped one, as image_transport does.
        topic = self._node.resolve_topic_name(f'{name}/image' if name else 'image')
        if self._kind is CompressedImage:
            topic += '/compressed'
        with self._change:
            if self._subscription is not None:
                self._subscription.close()
            self._topic = topic
            self.newest = self._overtaken = None
            self._subscription = SensorSubscription(
                self._node,
                self._kind,
                topic,
                partial(self._on_image, topic),
                callback_group=MutuallyExclusiveCallbackGroup(),
                on_lost=self._health.images_lost,
            )

    @property
    def age_s(self) -> float | None:
        """Return the age of the newest image [s], negative if it is from the future."""
        image = self.newest
        return None if image is None else self._age_s(image)

    def wait(self, request: Request, config: ReasonerConfig) -> Image | CompressedImage:
        """Return a fresh image; a camera that has just been started gets a moment to deliver.

        Raises:
            ReasoningError: NO_IMAGE, STALE_IMAGE, CAMERA_MISMATCH, or why the request must stop.
        """
        end = time.monotonic() + config.image_wait_s
        while True:
            request.raise_if_stopped()
            try:
                return self._fresh(config.max_image_age_s)
            except ReasoningError as error:
                if time.monotonic() > end:
                    raise self._explained(error) from None
            time.sleep(_POLL_S)

    def fault(self, limit: float) -> ReasoningError | None:
        """Return why no image is at most so old [s], as a request is told; None if one is."""
        try:
            self._fresh(limit)
        except ReasoningError as error:
            return self._explained(error)
        return None

    def _on_image(self, topic: str, image: Image | CompressedImage) -> None:
        with self._change:
            if topic == self._topic:
                self.newest = image
        self._health.image_came()

    def _on_jump_back(self, _: TimeJump) -> None:
        self._overtaken = self.newest

    def _explained(self, error: ReasoningError) -> ReasoningError:
        """Return the error, or a better one where images are sent but cannot be heard."""
        kind = f'sensor_msgs/msg/{self._kind.__name__}'
        with self._change:
            why = unheard(self._node, self._topic, kind, self._subscription)
        return ReasoningError(ReasonCode.CAMERA_MISMATCH, why) if why else error

    def _age_s(self, image: Image | CompressedImage) -> float:
        age = self._node.get_clock().now() - Time.from_msg(image.header.stamp)
        return age.nanoseconds * 1e-9

    def _fresh(self, limit: float) -> Image | CompressedImage:
        """Return the newest image if it is at most so old [s]."""
        image = self.newest
        if image is None:
            raise ReasoningError(
                ReasonCode.NO_IMAGE,
                f'no image has arrived on {self._topic}; start the camera, remap the topic image, '
                'or set camera (its name) or image_transport (raw, compressed)',
            )
        if image is self._overtaken:
            raise ReasoningError(
                ReasonCode.STALE_IMAGE,
                'time has jumped back since the newest image came (is a bag played in a loop?); '
                'the next one will do',
            )
        age = self._age_s(image)
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
