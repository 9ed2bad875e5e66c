"""From one encoding to another: colours with OpenCV, depths with its rounding and limits."""

import cv2
import numpy as np

from cv_bridge.encodings import Encoding
from cv_bridge.errors import CvBridgeError

_PLAIN_COLOURS = ('GRAY', 'RGB', 'BGR', 'RGBA', 'BGRA')


def convert(image: np.ndarray, source: Encoding, target: Encoding) -> np.ndarray:
    """A new image in the target encoding.

    Args:
        image: (height, width) or (height, width, channels) in the source encoding.
        source: What it is.
        target: What it shall be.

    Raises:
        CvBridgeError: The conversion makes no sense or does not exist.
    """
    recoloured = image if source.name == target.name else _recolour(image, source, target)
    if recoloured.dtype != target.dtype:
        return _rescale(recoloured, target.dtype)
    return image.copy() if recoloured is image else recoloured


def _recolour(image: np.ndarray, source: Encoding, target: Encoding) -> np.ndarray:
    """The target's colours, still with the source's depth."""
    if source.colour is None and target.colour:
        raise CvBridgeError(
            f'{source.name} holds plain numbers, so it cannot become the colours of {target.name}'
        )
    if target.colour is None:
        if source.channels != target.channels:
            raise CvBridgeError(
                f'{source.name} has {source.channels} channels, '
                f'and {target.name} has {target.channels}'
            )
        return image
    if source.colour == target.colour in _PLAIN_COLOURS:
        return image
    try:
        return cv2.cvtColor(image, _conversion_code(source, target))
    except cv2.error as error:
        raise CvBridgeError(str(error)) from error


def _conversion_code(source: Encoding, target: Encoding) -> int:
    if source.colour in ('UYVY', 'YUY2'):
        name = f'COLOR_YUV2{target.colour}_{source.colour}'
    else:
        name = f'COLOR_{source.colour}2{target.colour}'
    bayer_with_alpha = source.colour.startswith('Bayer') and target.channels == 4
    if bayer_with_alpha or target.colour not in _PLAIN_COLOURS or not hasattr(cv2, name):
        raise CvBridgeError(f'There is no conversion from {source.name} to {target.name}')
    return getattr(cv2, name)


def _rescale(image: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Other numbers: 8 and 16 bits span the full range of each other, all else keeps its value.

    Integers are rounded and limited to their range. As in OpenCV, what no int32 can hold (NaN,
    infinity) becomes the lowest value: 0 in a depth image, which means no depth.
    """
    bits = (8 * image.dtype.itemsize, 8 * dtype.itemsize)
    scale = {(8, 16): 257.0, (16, 8): 1.0 / 257.0}.get(bits, 1.0)
    values = image.astype(np.float64) * scale
    if dtype.kind == 'f':
        return values.astype(dtype)
    lowest, highest = np.iinfo(dtype).min, np.iinfo(dtype).max
    values[~(np.abs(values) < 2**31)] = lowest
    return np.clip(np.rint(values), lowest, highest).astype(dtype)
