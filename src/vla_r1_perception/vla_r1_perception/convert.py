"""Messages to core values and back."""

from builtin_interfaces.msg import Time
import cv2
from cv_bridge import CvBridge, CvBridgeError
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage, Image
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
from vla_r1_perception.config import ReasonerConfig
from vla_r1_perception.health import Report
from vla_r1_perception.reasoner import Reasoner
from vla_r1_perception.reply import Reply
from vla_r1_perception.request import Request

_BRIDGE = CvBridge()
_JPEG_BEGIN, _JPEG_END = b'\xff\xd8', b'\xff\xd9'


def to_rgb(image: Image | CompressedImage) -> NDArray[np.uint8]:
    """Return (H, W, 3) uint8 RGB.

    Raises:
        ReasoningError: UNSUPPORTED_IMAGE.
    """
    return compressed_to_rgb(image) if isinstance(image, CompressedImage) else image_to_rgb(image)


def image_to_rgb(image: Image) -> NDArray[np.uint8]:
    """Return (H, W, 3) uint8 RGB, without a copy where the encoding allows it.

    Raises:
        ReasoningError: UNSUPPORTED_IMAGE.
    """
    try:
        if image.encoding in ('16UC1', '32FC1', 'mono16'):
            raise CvBridgeError('a depth image is no colour image')
        rgb: NDArray[np.uint8] = _BRIDGE.imgmsg_to_cv2(image, desired_encoding='rgb8')
        if rgb.size == 0:
            raise CvBridgeError('the image is empty')
    except (CvBridgeError, TypeError, ValueError) as error:  # cv_bridge raises all of these
        raise ReasoningError(
            ReasonCode.UNSUPPORTED_IMAGE,
            f'cannot read the {image.width} x {image.height} image with encoding '
            f'{image.encoding!r}: {error}; publish rgb8 or bgr8 on the image topic',
        ) from error
    return rgb


def compressed_to_rgb(image: CompressedImage) -> NDArray[np.uint8]:
    """Return (H, W, 3) uint8 RGB of a JPEG, a PNG or whatever else OpenCV reads.

    Raises:
        ReasoningError: UNSUPPORTED_IMAGE.
    """
    why, bgr = '', None
    data = bytes(image.data)
    if 'compressedDepth' in image.format:
        why = 'a depth image is no colour image'
    elif data.startswith(_JPEG_BEGIN) and not data.rstrip(b'\0').endswith(_JPEG_END):
        why = 'its end is missing'  # where OpenCV 4.6, which is Ubuntu 24.04's, makes something up
    else:
        # As the sensor saw it, whatever EXIF says: depth and camera_info know nothing of that.
        flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
        try:
            bgr = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
        except cv2.error as error:  # empty, or of absurd size
            why = error.err
    if bgr is None:
        raise ReasoningError(
            ReasonCode.UNSUPPORTED_IMAGE,
            f'cannot read the compressed image ({len(data)} bytes, format {image.format!r}): '
            f'{why or "it is broken"}; publish JPEG or PNG as image_transport does',
        )
    rgb: NDArray[np.uint8] = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
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
    request: Request,
    reply: Reply,
    header: Header,
    reasoner: Reasoner | None,
    config: ReasonerConfig,
) -> Reasoning:
    """Return the record of one request, answered or not."""
    message = Reasoning(
        header=header,
        request_id=request.request_id,
        instruction=request.instruction,
        task=int(reply.task),
        text=request.text,
        context=[exchange.request_id for exchange in reply.context],
        seed=config.seed,
        latency=reply.latency_s,
    )
    if reasoner:
        message.model = reasoner.name
        message.weights_sha256 = reasoner.weights_sha256
        message.profile = reasoner.profile.name
        if config.backend != 'scripted':  # which draws nothing
            message.temperature = config.drawn_at
            message.max_new_tokens = config.max_new_tokens
    if reply.answer:
        message.prompt = reply.answer.prompt
        message.text = reply.answer.text
        message.prompt_tokens = reply.answer.prompt_tokens
        message.completion_tokens = reply.answer.completion_tokens
        message.samples = 1 + len(reply.answer.others)
        message.score = reply.answer.score
    if reply.parsed:
        message.thought = reply.parsed.thought
        message.well_formed = True
    if reply.error:
        message.error_code = int(reply.error.code)
        message.error_msg = str(reply.error)
    return message


def affordance_msg(
    request_id: str, reply: Reply, header: Header, width: int, height: int
) -> Affordance:
    """Return the reply's box in pixels of the source image, which has this header and size."""
    assert reply.answer and reply.parsed and reply.parsed.box
    return Affordance(
        header=header,
        request_id=request_id,
        label=reply.answer.label,
        bbox=_bbox(reply.parsed.box, width, height),
        score=reply.answer.score,
        image_width=width,
        image_height=height,
    )


def trajectory_msg(
    request_id: str, reply: Reply, header: Header, width: int, height: int
) -> Trajectory:
    """Return the reply's trace in pixels of the source image, which has this header and size."""
    assert reply.answer and reply.parsed and reply.parsed.trajectory
    points = reply.parsed.trajectory.to_px(width, height)
    return Trajectory(
        header=header,
        request_id=request_id,
        waypoints=[Point2D(x=x, y=y) for x, y in points],
        score=reply.answer.score,
        image_width=width,
        image_height=height,
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


def diagnostics_msg(report: Report, name: str, hardware_id: str, stamp: Time) -> DiagnosticArray:
    """Return the report as the standard message."""
    status = DiagnosticStatus(
        level=bytes([report.level]),
        name=name,
        message=report.message,
        hardware_id=hardware_id,
        values=[KeyValue(key=key, value=value) for key, value in report.values],
    )
    return DiagnosticArray(header=Header(stamp=stamp), status=[status])


def _bbox(box: Box, image_width: int, image_height: int) -> BoundingBox2D:
    x, y, width, height = box.to_px(image_width, image_height)
    bbox = BoundingBox2D(size_x=width, size_y=height)
    bbox.center.position.x = x
    bbox.center.position.y = y
    return bbox
