"""ShareRobot's labels (https://github.com/FlagOpen/ShareRobot) → rows.

Boxes and points are in pixels of the original image; a box's x and y are its top-left corner.
"""

from typing import Any

from vla_r1_core.prompt import build_prompt
from vla_r1_core.types import Box, ParsedAnswer, Task, Trajectory2D

from vla_r1_training.formats.dataset import Row
from vla_r1_training.labels.stated import payload_of

_DECIMALS = 4


def read_label(entry: Any) -> Row:
    """Return a label as a row, without its image.

    Raises:
        ValueError: it is neither an affordance nor a trajectory, or leaves the image.
    """
    try:
        meta = entry['meta_data']
        width, height = meta['original_width'], meta['original_height']
        instruction = entry['instruction']
    except (KeyError, TypeError) as error:
        raise ValueError(f'it has no {error}') from error
    if 'affordance' in entry:
        box = entry['affordance']
        values = [box['x'], box['y'], box['x'] + box['width'], box['y'] + box['height']]
        left, top, right, bottom = (
            _within(value / size) for value, size in zip(values, (width, height) * 2, strict=True)
        )
        found = Box.from_corners(left, top, right, bottom)
        rounded = Box(
            *(round(v, _DECIMALS) for v in (found.x, found.y, found.width, found.height))
        )
        answer = ParsedAnswer(Task.AFFORDANCE, 'known', box=rounded)
    elif 'points' in entry:
        points = tuple(
            (round(_within(x / width), _DECIMALS), round(_within(y / height), _DECIMALS))
            for x, y in entry['points']
        )
        answer = ParsedAnswer(Task.TRAJECTORY, 'known', trajectory=Trajectory2D(points))
    else:
        raise ValueError('it has neither affordance nor points')
    return {
        'id': str(entry.get('id', '')),
        'bag': str(meta.get('original_dataset', '')),
        'instruction': instruction,
        'task': answer.task.name.lower(),
        'prompt': build_prompt(instruction, answer.task),
        'ground_truth': payload_of(answer),
        'label_source': 'sharerobot',
    }


def _within(value: float) -> float:
    """Return a coordinate; people draw over the edge, but not far."""
    if not -0.05 <= value <= 1.05:
        raise ValueError('it leaves the image')
    return min(max(value, 0.0), 1.0)
