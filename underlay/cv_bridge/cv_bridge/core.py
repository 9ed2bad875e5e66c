"""`CvBridge`: ROS image messages to OpenCV arrays and back."""

import cv2
import numpy as np
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from cv_bridge.conversion import convert
from cv_bridge.encodings import DEPTHS, parse, plain_name
from cv_bridge.errors import CvBridgeError

_DEPTH_BITS = 3  # of an OpenCV type number; the rest is channels - 1


class CvBridge:
    """Converts between `sensor_msgs` images and OpenCV arrays."""

    def imgmsg_to_cv2(self, img_msg: Image, desired_encoding: str = 'passthrough') -> np.ndarray:
        """The pixels of a message.

        Args:
            img_msg: An image, of any byte order and row padding.
            desired_encoding: `passthrough` for the message's own, else the one to convert to
                (empty: the message's own, but a copy).

        Returns:
            (height, width) or (height, width, channels). With `passthrough` and rows without
            padding it is the message's own memory: what you write there, you write in the
            message. In all other cases it is a copy.

        Raises:
            CvBridgeError: Unknown encoding, impossible conversion or not enough data.
        """
        encoding = parse(img_msg.encoding)
        image = _pixels(img_msg, encoding.dtype, encoding.channels)
        if desired_encoding == 'passthrough':
            return image
        return convert(image, encoding, parse(desired_encoding or img_msg.encoding))

    def cv2_to_imgmsg(
        self, cvim: np.ndarray, encoding: str = 'passthrough', header: Header | None = None
    ) -> Image:
        """A message of an image.

        Args:
            cvim: (height, width) or (height, width, channels).
            encoding: What the pixels mean; they are not converted. `passthrough` says no more
                than their type (8UC3).
            header: Stamp and frame of the image.

        Raises:
            CvBridgeError: The encoding does not fit the array.
        """
        _check_array(cvim)
        height, width = cvim.shape[:2]
        channels = 1 if cvim.ndim < 3 else cvim.shape[2]
        plain = plain_name(cvim.dtype, channels)
        if encoding == 'passthrough':
            encoding = plain
        else:
            wanted = parse(encoding)
            if plain_name(wanted.dtype, wanted.channels) != plain:
                raise CvBridgeError(f'Encoding {encoding} does not fit an image of type {plain}')
        msg = Image(
            height=height,
            width=width,
            encoding=encoding,
            is_bigendian=cvim.dtype.byteorder == '>',
            step=width * channels * cvim.dtype.itemsize,
        )
        if header is not None:
            msg.header = header
        # Straight from memory: assigning an array would copy and check every byte by itself.
        msg.data.frombytes(np.ascontiguousarray(cvim).view(np.uint8).data)
        return msg

    def compressed_imgmsg_to_cv2(
        self, cmprs_img_msg: CompressedImage, desired_encoding: str = 'passthrough'
    ) -> np.ndarray:
        """The pixels of a compressed message.

        Args:
            cmprs_img_msg: JPEG, PNG or what else OpenCV reads.
            desired_encoding: `passthrough` for what the file holds (colours come as BGR), else
                a colour encoding to convert to.

        Raises:
            CvBridgeError: Not a picture, or an impossible conversion.
        """
        data = np.frombuffer(cmprs_img_msg.data, np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
        if image is None:
            raise CvBridgeError(f'OpenCV cannot read this "{cmprs_img_msg.format}" image')
        if desired_encoding == 'passthrough':
            return image
        if image.ndim == 2:
            image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
        source = 'bgra8' if image.shape[2] == 4 else 'bgr8'
        return convert(image, parse(source), parse(desired_encoding))

    def cv2_to_compressed_imgmsg(
        self, cvim: np.ndarray, dst_format: str = 'jpg'
    ) -> CompressedImage:
        """A compressed message of an image.

        Args:
            cvim: (height, width) or (height, width, channels), colours as BGR.
            dst_format: File name extension of the format: jpg, png, ...

        Raises:
            CvBridgeError: OpenCV cannot write this image in this format.
        """
        _check_array(cvim)
        try:
            _, encoded = cv2.imencode(f'.{dst_format}', cvim)
        except cv2.error as error:
            raise CvBridgeError(f'OpenCV cannot write {dst_format}: {error}') from error
        msg = CompressedImage(format=dst_format)
        msg.data.frombytes(encoded.data)
        return msg

    def encoding_to_dtype_with_channels(self, encoding: str) -> tuple[str, int]:
        """Name of the numpy type, and channels: `bgr8` is `('uint8', 3)`."""
        parsed = parse(encoding)
        return parsed.dtype.name, parsed.channels

    def encoding_to_cvtype2(self, encoding: str) -> int:
        """OpenCV's number of a type: `bgr8` is `cv2.CV_8UC3`."""
        parsed = parse(encoding)
        depth = list(DEPTHS.values()).index(parsed.dtype.name)
        return depth + ((parsed.channels - 1) << _DEPTH_BITS)

    def cvtype2_to_dtype_with_channels(self, cvtype: int) -> tuple[str, int]:
        """Name of the numpy type, and channels, of an OpenCV type number."""
        depth = cvtype & ((1 << _DEPTH_BITS) - 1)
        return list(DEPTHS.values())[depth], (cvtype >> _DEPTH_BITS) + 1

    def dtype_with_channels_to_cvtype2(self, dtype: np.dtype, n_channels: int) -> str:
        """Plain encoding of an array: uint8 with 3 channels is `8UC3`."""
        return plain_name(dtype, n_channels)


def _check_array(image: object) -> None:
    if not isinstance(image, np.ndarray):
        raise TypeError(f'An image is a numpy array, not {type(image).__name__}')


def _pixels(msg: Image, dtype: np.dtype, channels: int) -> np.ndarray:
    """The message's pixels in native byte order; its own memory where possible."""
    pixel = channels * dtype.itemsize
    if msg.step < msg.width * pixel or len(msg.data) < msg.height * msg.step:
        raise CvBridgeError(
            f'A {msg.width}x{msg.height} {msg.encoding} image with a step of {msg.step} bytes '
            f'(at least {msg.width * pixel}) needs {msg.height * msg.step} bytes of data, '
            f'and has {len(msg.data)}'
        )
    wire = dtype.newbyteorder('>' if msg.is_bigendian else '<')
    shape, strides = (msg.height, msg.width), (msg.step, pixel)
    if channels > 1:
        shape, strides = (*shape, channels), (*strides, dtype.itemsize)
    image = np.ndarray(shape, wire, buffer=msg.data, strides=strides)
    return np.ascontiguousarray(image.astype(dtype, copy=False))
