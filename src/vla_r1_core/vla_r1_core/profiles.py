"""The known families of models, and those that a user declares in YAML.

The formats are the families' published ones; the sources stand with them. The prompts are our own
words around these formats: a model that was trained on one fixed sentence may answer better to
it, which is what a YAML file is for.
"""

from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml

from vla_r1_core.profile import Profile
from vla_r1_core.prompt import build_prompt, IMAGE_MARKER
from vla_r1_core.types import Task

_TASK = 'You control a robot arm. Its task: "{instruction}". '
_TOUCH = _TASK + 'Which part of the picture will the gripper take hold of? '
_PATH = _TASK + 'Along which way will the gripper move? '
_THINK = 'Think first, then answer: <think>your thoughts</think>'
_TOUCHED_POINTS = _TASK + 'Which points of the picture will the gripper take hold of? '
_IF_ABSENT = ' If the object is not in the picture, answer [].'
_QWEN_BOX = _TOUCH + 'Answer with its box in JSON: [{"bbox_2d": [x1, y1, x2, y2], "label": "..."}]'
_QWEN_PATH = (
    _PATH + 'Answer with up to 10 points in their order in JSON: [{"point_2d": [x, y]}, ...]'
)
_TUPLES = 'Answer with a list of tuples, [(x1, y1), (x2, y2), ...], each number between 0 and 1.'

_FAMILIES = (
    # arXiv 2510.01623; see output.py and prompt.py.
    Profile(
        name='vla_r1',
        grammar='vla_r1',
        box='center',
        brackets='[]',
        thought_tags='think',
        answer_tags='output',
        absent='null',
        image_first=False,
        affordance_prompt=build_prompt('{instruction}', Task.AFFORDANCE).removesuffix(
            IMAGE_MARKER
        ),
        trajectory_prompt=build_prompt('{instruction}', Task.TRAJECTORY).removesuffix(
            IMAGE_MARKER
        ),
    ),
    # arXiv 2502.13923 and its cookbook: pixels of what the model sees.
    Profile(
        name='qwen2.5-vl',
        grammar='json',
        unit='smart_px',
        box_key='bbox_2d',
        point_key='point_2d',
        affordance_prompt=f'{_QWEN_BOX} in pixels.{_IF_ABSENT}',
        trajectory_prompt=f'{_QWEN_PATH} in pixels.{_IF_ABSENT}',
    ),
    # The cookbook of Qwen3-VL: the same keys, on a scale that no size changes.
    Profile(
        name='qwen3-vl',
        grammar='json',
        scale=1000.0,
        box_key='bbox_2d',
        point_key='point_2d',
        affordance_prompt=f'{_QWEN_BOX}, each number from 0 to 1000.{_IF_ABSENT}',
        trajectory_prompt=f'{_QWEN_PATH}, each number from 0 to 1000.{_IF_ABSENT}',
    ),
    # arXiv 2502.21257.
    Profile(
        name='robobrain1',
        digits=3,
        brackets='[]',
        affordance_prompt=_TOUCH + 'Answer with its bounding box [x1, y1, x2, y2].',
        trajectory_prompt=_PATH + 'Answer with up to 10 key points, [[x1, y1], [x2, y2], ...].',
    ),
    # arXiv 2507.02029: pixels of the image that is sent.
    Profile(
        name='robobrain2.0',
        unit='px',
        thought_tags='think',
        answer_tags='answer',
        affordance_prompt=(
            f'{_TOUCH}{_THINK}<answer>[x1, y1, x2, y2]</answer>, its bounding box in pixels.'
        ),
        trajectory_prompt=(
            f'{_PATH}{_THINK}<answer>[(x1, y1), (x2, y2), ...]</answer>, up to 10 key points in '
            'pixels.'
        ),
    ),
    # arXiv 2601.14352: depth [m] may follow x and y.
    Profile(
        name='robobrain2.5',
        scale=1000.0,
        depth=True,
        affordance_prompt=(
            _TOUCH + 'Answer with its bounding box [x1, y1, x2, y2], each number from 0 to 1000.'
        ),
        trajectory_prompt=(
            _PATH + 'Answer with up to 10 key points and their depths in metres, '
            '[(x1, y1, d1), (x2, y2, d2), ...], x and y from 0 to 1000.'
        ),
    ),
    # arXiv 2508.13998: it points; a trace has 8 points.
    Profile(
        name='embodied-r1',
        unit='px',
        box='points',
        brackets='[]',
        thought_tags='think',
        answer_tags='answer point',
        affordance_prompt=(
            f'{_TOUCHED_POINTS}{_THINK}<answer><point>[[x1, y1], [x2, y2], ...]</point></answer>'
        ),
        trajectory_prompt=(
            f'{_PATH}Mark it by 8 points in their order. {_THINK}'
            '<answer><point>[[x1, y1], [x2, y2], ..., [x8, y8]]</point></answer>'
        ),
    ),
    # arXiv 2506.04308; RoboPoint's syntax (arXiv 2406.10721) is the same.
    Profile(
        name='roborefer',
        box='points',
        digits=3,
        affordance_prompt=f'{_TOUCHED_POINTS}{_TUPLES}',
        trajectory_prompt=f'{_PATH}{_TUPLES}',
    ),
    # arXiv 2409.17146: percent; an absent object is said in words.
    Profile(
        name='molmo',
        grammar='xml',
        scale=100.0,
        box='points',
        digits=1,
        absent='There are none.',
        affordance_prompt='Point to where a gripper takes hold for this: {instruction}',
        trajectory_prompt='Point to where a gripper moves, in order, for this: {instruction}',
    ),
    # arXiv 2508.07917: depth tokens, a trace and actions in sentences; 255 is the far edge.
    Profile(
        name='molmoact',
        scale=255.0,
        brackets='[]',
        lead='The trajectory of the end effector is',
        trajectory_prompt=(
            'The task is {instruction}. What should the robot do? Say step by step what the depth '
            'map of the image is, and what the trajectory of the end effector is, then the action.'
        ),
    ),
    # ai.google.dev/gemini-api/docs/robotics-spatial: y first, and often fenced.
    Profile(
        name='gemini-er',
        grammar='json',
        scale=1000.0,
        axes='yx',
        box_key='box_2d',
        point_key='point',
        affordance_prompt=(
            f'{_TOUCH}Answer in JSON: [{{"box_2d": [ymin, xmin, ymax, xmax], "label": "..."}}], '
            f'normalized to 0-1000.{_IF_ABSENT}'
        ),
        trajectory_prompt=(
            f'{_PATH}Answer with up to 15 points in JSON, labelled by their order: '
            f'[{{"point": [y, x], "label": "0"}}, ...], normalized to 0-1000.{_IF_ABSENT}'
        ),
    ),
    # arXiv 2502.05485: traces with gripper events.
    Profile(
        name='hamster',
        digits=2,
        event_tag='action',
        answer_tags='ans',
        trajectory_prompt=(
            f'{_PATH}Answer with a list of points between 0 and 1 and of gripper actions: '
            '<ans>[(x1, y1), (x2, y2), <action>Close Gripper</action>, ...]</ans>'
        ),
    ),
    # arXiv 2508.06206: pixels of the image resized to a square.
    Profile(
        name='affordance-r1',
        grammar='json',
        unit='square_px',
        side=840,
        box_key='bbox_2d',
        point_key='point_2d',
        thought_tags='think rethink',
        answer_tags='answer',
        affordance_prompt=(
            f'{_TOUCH}{_THINK}<rethink>your second thoughts</rethink><answer>[{{"bbox_2d": '
            '[x1, y1, x2, y2], "point_2d": [x, y], "affordance": "grasp"}]</answer>'
        ),
    ),
)
PROFILES = {profile.name: profile for profile in _FAMILIES}
"""The known families by name."""


def load_profile(name: str) -> Profile:
    """Return a known family, or the one that a YAML file (.yaml, .yml) declares.

    The file has `Profile`'s fields; those left out have their defaults, and `name` the file's.

    Raises:
        ValueError: there is none, or the file does not declare one; the message names the choices.
    """
    if name in PROFILES:
        return PROFILES[name]
    path = Path(name)
    if path.suffix not in ('.yaml', '.yml'):
        raise ValueError(
            f'there is no profile {name!r}; choose one of {", ".join(PROFILES)}, '
            'or the path of a YAML file'
        )
    try:
        values = yaml.safe_load(path.read_text(encoding='utf-8'))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise ValueError(f'{path} cannot be read: {error}') from error
    if not isinstance(values, dict):
        raise ValueError(f'{path} must consist of lines such as "grammar: json"')
    known = {f.name: f.default for f in fields(Profile)}
    unknown = [str(key) for key in values if key not in known]
    if unknown:
        raise ValueError(
            f'{path}: there is no {", ".join(unknown)}; choose from {", ".join(known)}'
        )
    try:
        return Profile(
            **{'name': path.stem, **{k: _typed(k, v, known[k]) for k, v in values.items()}}
        )
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from error


def _typed(key: str, value: Any, default: Any) -> Any:
    """Return the value, if it is of the field's type."""
    if type(default) is float and type(value) is int:
        return float(value)
    if type(value) is not type(default):
        raise ValueError(f'{key} is {value!r}; it must be of type {type(default).__name__}')
    return value
