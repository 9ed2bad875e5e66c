"""What a ROS image encoding says about its pixels."""

from dataclasses import dataclass
import re

import numpy as np

from cv_bridge.errors import CvBridgeError

# In the order of OpenCV's depth codes.
DEPTHS = {
    '8U': 'uint8',
    '8S': 'int8',
    '16U': 'uint16',
    '16S': 'int16',
    '32S': 'int32',
    '32F': 'float32',
    '64F': 'float64',
}

# 32FC1, 8UC3, and the short form 16U for one channel.
_GENERIC = re.compile(r'(8U|8S|16U|16S|32S|32F|64F)(?:C(\d+))?')

# As OpenCV writes them in conversion codes: Bayer by the second row's second and third pixel.
_BAYER = {'rggb': 'BayerBG', 'bggr': 'BayerRG', 'gbrg': 'BayerGR', 'grbg': 'BayerGB'}


@dataclass(frozen=True)
class Encoding:
    """Meaning of one `sensor_msgs/Image.encoding`.

    Attributes:
        name: As in the message.
        dtype: Of one channel.
        channels: Per pixel.
        colour: OpenCV's name of the colour model (`GRAY`, `RGB`, `BayerBG`, `UYVY` ...), None for
            plain numbers such as depth.
    """

    name: str
    dtype: np.dtype
    channels: int
    colour: str | None


def _colour_encodings() -> dict[str, Encoding]:
    table = {}
    for bits in (8, 16):
        dtype = np.dtype(f'uint{bits}')
        for name, channels, colour in (
            ('mono', 1, 'GRAY'),
            ('rgb', 3, 'RGB'),
            ('bgr', 3, 'BGR'),
            ('rgba', 4, 'RGBA'),
            ('bgra', 4, 'BGRA'),
            *((f'bayer_{pattern}', 1, colour) for pattern, colour in _BAYER.items()),
        ):
            table[f'{name}{bits}'] = Encoding(f'{name}{bits}', dtype, channels, colour)
    for name, colour in (('yuv422', 'UYVY'), ('yuv422_yuy2', 'YUY2')):
        table[name] = Encoding(name, np.dtype(np.uint8), 2, colour)
    return table


_COLOURS = _colour_encodings()


def parse(encoding: str) -> Encoding:
    """Meaning of an encoding.

    Raises:
        CvBridgeError: No such encoding, or one that `cv_bridge` does not convert (`nv12`).
    """
    if encoding in _COLOURS:
        return _COLOURS[encoding]
    generic = _GENERIC.fullmatch(encoding)
    if generic is None:
        raise CvBridgeError(
            f'Unknown image encoding "{encoding}"; use one of {", ".join(_COLOURS)}, '
            'or a plain type such as 32FC1'
        )
    depth, channels = generic.groups(default='1')
    return Encoding(encoding, np.dtype(DEPTHS[depth]), int(channels), None)


def plain_name(dtype: np.dtype, channels: int) -> str:
    """The encoding of bare numbers, such as 8UC3.

    Raises:
        CvBridgeError: OpenCV has no such numbers.
    """
    for depth, name in DEPTHS.items():
        if name == dtype.name:
            return f'{depth}C{channels}'
    raise CvBridgeError(
        f'No image encoding has {dtype.name} pixels; use one of {", ".join(DEPTHS.values())}'
    )
