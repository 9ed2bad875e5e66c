"""Image messages → colour pictures and metric depth."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vla_r1_training.bags.episode import Picture

_TO_BGR = {
    'mono8': cv2.COLOR_GRAY2BGR,
    '8UC1': cv2.COLOR_GRAY2BGR,
    'rgb8': cv2.COLOR_RGB2BGR,
    'rgba8': cv2.COLOR_RGBA2BGR,
    'bgra8': cv2.COLOR_BGRA2BGR,
    # OpenCV names a mosaic by its second row.
    'bayer_rggb8': cv2.COLOR_BayerBG2BGR,
    'bayer_bggr8': cv2.COLOR_BayerRG2BGR,
    'bayer_gbrg8': cv2.COLOR_BayerGR2BGR,
    'bayer_grbg8': cv2.COLOR_BayerGB2BGR,
    'uyvy': cv2.COLOR_YUV2BGR_UYVY,
    'yuv422': cv2.COLOR_YUV2BGR_UYVY,
    'yuyv': cv2.COLOR_YUV2BGR_YUYV,
    'yuv422_yuy2': cv2.COLOR_YUV2BGR_YUYV,
}
_BYTES = {
    **dict.fromkeys(('mono8', '8UC1'), 1),
    **dict.fromkeys(('rgb8', 'bgr8', '8UC3'), 3),
    **dict.fromkeys(('rgba8', 'bgra8'), 4),
    **dict.fromkeys(('bayer_rggb8', 'bayer_bggr8', 'bayer_gbrg8', 'bayer_grbg8'), 1),
    **dict.fromkeys(('uyvy', 'yuv422', 'yuyv', 'yuv422_yuy2'), 2),
}
DEPTH_ENCODINGS = ('16UC1', 'mono16', '32FC1')
_DEPTH_HEADER_BYTES = 12  # of compressed_depth_image_transport: format, two parameters
_PNG_LEVEL = 1  # a third of the time of the default, a tenth larger


class ImageError(ValueError):
    """An image cannot be read; the text says why."""


def is_depth(message: Any) -> bool:
    """Return whether an Image or CompressedImage holds depth."""
    if hasattr(message, 'encoding'):
        return message.encoding in DEPTH_ENCODINGS
    return 'compressedDepth' in message.format or message.format.startswith(DEPTH_ENCODINGS)


def read_picture(message: Any, encoding: str) -> Picture:
    """Return an Image or CompressedImage as a picture; JPEG and PNG stay as they are.

    Args:
        message: of sensor_msgs.
        encoding: of what was not compressed: 'png' or 'jpeg'.

    Raises:
        ImageError: the encoding is not known, or the data are damaged.
    """
    if not hasattr(message, 'encoding'):
        data = bytes(message.data)
        decoded = _decoded(data, cv2.IMREAD_COLOR)
        if decoded is None:
            raise ImageError(f'a compressed image ({message.format!r}) cannot be decoded')
        return Picture(data, decoded.shape[1], decoded.shape[0])
    pixels = _bgr(message)
    suffix, options = '.png', [cv2.IMWRITE_PNG_COMPRESSION, _PNG_LEVEL]
    if encoding == 'jpeg':
        suffix, options = '.jpg', [cv2.IMWRITE_JPEG_QUALITY, 95]
    return Picture(bytes(cv2.imencode(suffix, pixels, options)[1]), message.width, message.height)


def rgb_of(picture: Picture) -> NDArray[np.uint8]:
    """Return the pixels (height, width, 3) of a picture."""
    pixels = _decoded(picture.data, cv2.IMREAD_COLOR)
    assert pixels is not None  # pictures are made by `read_picture`
    return np.ascontiguousarray(pixels[..., ::-1])


def read_depth(message: Any) -> NDArray[np.float32]:
    """Return depth (height, width) [m], NaN where there is none.

    Raises:
        ImageError: the encoding is not known, or the data are damaged.
    """
    if hasattr(message, 'encoding'):
        size = 4 if message.encoding == '32FC1' else 2
        raw = _rows(message, size).view('<f4' if size == 4 else '<u2')
        raw = raw.byteswap() if message.is_bigendian else raw
    else:
        raw = _unpacked_depth(message)
    depth = raw.astype(np.float32) * (0.001 if raw.dtype.kind == 'u' else 1.0)
    depth[~(np.isfinite(depth) & (depth > 0.0))] = np.nan
    return depth


def encode_depth(depth: NDArray[np.float32]) -> bytes:
    """Return depth (height, width) [m] as a PNG of 16 bit [mm], 0 for none; REP-118."""
    with np.errstate(invalid='ignore'):
        mm = np.round(depth * 1000.0)
    mm = np.where((mm > 0) & (mm < 65536), mm, 0).astype(np.uint16)
    return bytes(cv2.imencode('.png', mm, [cv2.IMWRITE_PNG_COMPRESSION, _PNG_LEVEL])[1])


def _decoded(data: bytes, flags: int) -> NDArray[Any] | None:
    return cv2.imdecode(np.frombuffer(data, np.uint8), flags) if data else None


def _bgr(message: Any) -> NDArray[np.uint8]:
    size = _BYTES.get(message.encoding)
    if size is None:
        raise ImageError(
            f'images of encoding {message.encoding!r} are not supported; {", ".join(_BYTES)} are'
        )
    pixels = _rows(message, size)
    if size > 1:
        pixels = pixels.reshape(message.height, message.width, size)
    code = _TO_BGR.get(message.encoding)
    return pixels if code is None else cv2.cvtColor(pixels, code)


def _rows(message: Any, size: int) -> NDArray[np.uint8]:
    """Return an image's bytes (height, width * size), without what pads its rows."""
    needed = message.width * size
    if len(message.data) < message.step * message.height or message.step < needed:
        raise ImageError(
            f'an image of {message.width} x {message.height} has {len(message.data)} bytes only'
        )
    rows = np.asarray(message.data)[: message.step * message.height]
    return np.ascontiguousarray(rows.reshape(message.height, message.step)[:, :needed])


def _unpacked_depth(message: Any) -> NDArray[Any]:
    data = bytes(message.data)
    packed = 'compressedDepth' in message.format
    body = data[_DEPTH_HEADER_BYTES if packed else 0 :]
    raw = _decoded(body, cv2.IMREAD_UNCHANGED)
    if raw is None or raw.ndim != 2:
        raise ImageError(f'compressed depth ({message.format!r}) cannot be decoded; PNG can')
    if packed and message.format.startswith('32FC1'):  # inverse depth, quantized
        a, b = np.frombuffer(data[4:_DEPTH_HEADER_BYTES], '<f4')
        with np.errstate(divide='ignore'):
            return np.where(raw > 0, a / (raw - b), 0.0).astype(np.float32)
    return raw
