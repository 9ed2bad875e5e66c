"""Messages to core values and back."""

from cv_bridge import CvBridge, CvBridgeError
import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from vision_msgs.msg import (
    BoundingBox2D,
    Detection2D,
    Detection2DArray,
    ObjectHypothesisWithPose,
    Point2D,
)
from vla_r1_core.errors import ReasonCode, ReasoningError
from vla_r1_core.types import Box

from vla_r1_msgs.msg import Affordance, Reasoning, Trajectory
from vla_r1_perception.reasoner import Reasoner
from vla_r1_perception.reply import Reply
from vla_r1_perception.request import Request

_BRIDGE = CvBridge()


def image_to_rgb(image: Image) -> NDArray[np.uint8]:
    """Return (H, W, 3) uint8 RGB, without a copy where the encoding allows it.

    Raises:
        ReasoningError: UNSUPPORTED_IMAGE.
    """
    try:
        if image.encoding in ('16UC1', '32FC1', 'mono16'):
            raise CvBridgeError('a depth image is no colour image')
        rgb = _BRIDGE.imgmsg_to_cv2(image, desired_encoding='rgb8')
        if rgb.size == 0:
            raise CvBridgeError('the image is empty')
    except (CvBridgeError, TypeError, ValueError) as error:  # cv_bridge raises all of these
        raise ReasoningError(
            ReasonCode.UNSUPPORTED_IMAGE,
            f'cannot read the {image.width} x {image.height} image with encoding '
            f'{image.encoding!r}: {error}; publish rgb8 or bgr8 on the image topic',
        ) from error
    return rgb


def rgb_to_image(rgb: NDArray[np.uint8], header: Header) -> Image:
    """Return an rgb8 message with this header."""
    height, width = rgb.shape[:2]
    # Bytes, because filling the field from an array takes a hundred times as long.
    return Image(
        header=header,
        height=height,
        width=width,
        encoding='rgb8',
        step=3 * width,
        data=rgb.tobytes(),
    )


def reasoning_msg(
    request: Request, reply: Reply, header: Header, reasoner: Reasoner | None, seed: int
) -> Reasoning:
    """Return the record of one request, answered or not."""
    message = Reasoning(
        header=header,
        request_id=request.request_id,
        instruction=request.instruction,
        task=int(reply.task),
        text=request.text,
        seed=seed,
        latency=reply.latency_s,
    )
    if reasoner:
        message.model = reasoner.name
        message.weights_sha256 = reasoner.weights_sha256
    if reply.answer:
        message.prompt = reply.answer.prompt
        message.text = reply.answer.text
        message.prompt_tokens = reply.answer.prompt_tokens
        message.completion_tokens = reply.answer.completion_tokens
    if reply.parsed:
        message.thought = reply.parsed.thought
        message.well_formed = True
    if reply.error:
        message.error_code = int(reply.error.code)
        message.error_msg = str(reply.error)
    return message


def affordance_msg(request_id: str, reply: Reply, source: Image) -> Affordance:
    """Return the reply's box in pixels of the source image."""
    return Affordance(
        header=source.header,
        request_id=request_id,
        label=reply.answer.label,
        bbox=_bbox(reply.parsed.box, source),
        score=reply.answer.score,
        image_width=source.width,
        image_height=source.height,
    )


def trajectory_msg(request_id: str, reply: Reply, source: Image) -> Trajectory:
    """Return the reply's trace in pixels of the source image."""
    points = reply.parsed.trajectory.to_px(source.width, source.height)
    return Trajectory(
        header=source.header,
        request_id=request_id,
        waypoints=[Point2D(x=x, y=y) for x, y in points],
        score=reply.answer.score,
        image_width=source.width,
        image_height=source.height,
    )


def detections_msg(affordance: Affordance) -> Detection2DArray:
    """Return the box as a standard detection."""
    result = ObjectHypothesisWithPose()
    result.hypothesis.class_id = affordance.label
    result.hypothesis.score = affordance.score
    detection = Detection2D(
        header=affordance.header,
        results=[result],
        bbox=affordance.bbox,
        id=affordance.request_id,
    )
    return Detection2DArray(header=affordance.header, detections=[detection])


def _bbox(box: Box, source: Image) -> BoundingBox2D:
    x, y, width, height = box.to_px(source.width, source.height)
    bbox = BoundingBox2D(size_x=width, size_y=height)
    bbox.center.position.x = x
    bbox.center.position.y = y
    return bbox
