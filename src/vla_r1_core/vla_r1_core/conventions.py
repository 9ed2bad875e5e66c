"""What a model's numbers mean: how the image was resized, and what four numbers say of a box.

Coordinates are parts of the image in [0, 1], x right, y down, as in `types.py`.
"""

from collections.abc import Sequence
import math

from vla_r1_core.errors import AnswerError
from vla_r1_core.output import EDGE_TOLERANCE
from vla_r1_core.types import Box

BOXES = ('corners', 'center', 'top_left')


def smart_resize(
    width: int, height: int, factor: int, min_pixels: int, max_pixels: int
) -> tuple[int, int]:
    """Return width and height [px] of an image as Qwen2.5-VL's image processor resizes it.

    Both are the nearest multiples of `factor`; when their area leaves the bounds, the image is
    scaled into them, each side rounded inwards. The formula is that of `smart_resize` in
    Hugging Face transformers, and in the authors' qwen-vl-utils.
    """
    new_width = round(width / factor) * factor
    new_height = round(height / factor) * factor
    if new_width * new_height > max_pixels:
        shrink = math.sqrt(width * height / max_pixels)
        new_width = max(factor, math.floor(width / shrink / factor) * factor)
        new_height = max(factor, math.floor(height / shrink / factor) * factor)
    elif new_width * new_height < min_pixels:
        grow = math.sqrt(min_pixels / (width * height))
        new_width = math.ceil(width * grow / factor) * factor
        new_height = math.ceil(height * grow / factor) * factor
    return new_width, new_height


def read_box(parts: Sequence[float], convention: str) -> Box:
    """Return the box that four parts of the image say, x before y.

    Raises:
        AnswerError: it is empty, or leaves the image.
    """
    a, b, c, d = parts
    if convention == 'center':
        a, b, c, d = a - c / 2, b - d / 2, a + c / 2, b + d / 2
    elif convention == 'top_left':
        c, d = a + c, b + d
    x0, y0, x1, y1 = (inside(edge) for edge in (a, b, c, d))
    if x0 >= x1 or y0 >= y1:
        raise AnswerError('the box is empty: its right and lower edges must lie beyond the others')
    return Box.from_corners(x0, y0, x1, y1)


def write_box(box: Box, convention: str) -> tuple[float, ...]:
    """Return the four numbers for which `read_box` gives this box."""
    x0, y0, x1, y1 = box.corners
    if convention == 'center':
        return box.x, box.y, box.width, box.height
    return (x0, y0, box.width, box.height) if convention == 'top_left' else (x0, y0, x1, y1)


def box_around(
    points: Sequence[tuple[float, float]], least_width: float, least_height: float
) -> Box:
    """Return the box around points, grown about its middle to the least size, cut at the edges."""
    edges = []
    for values, least in zip(zip(*points, strict=True), (least_width, least_height), strict=True):
        low, high = min(values), max(values)
        grow = max(0.0, least - (high - low)) / 2
        edges.append((max(low - grow, 0.0), min(high + grow, 1.0)))
    (x0, x1), (y0, y1) = edges
    return Box.from_corners(x0, y0, x1, y1)


def inside(value: float) -> float:
    """Return a coordinate cut at the image's edge.

    Raises:
        AnswerError: it lies further beyond the edge than rounding explains.
    """
    if not -EDGE_TOLERANCE <= value <= 1.0 + EDGE_TOLERANCE:
        raise AnswerError(f'a coordinate leaves the image: {value:.4g} of its size')
    return min(max(value, 0.0), 1.0)
