"""Answers and targets for the tests of rewards, and what an answer earns."""

import json

from hypothesis import strategies as st
from vla_r1_core.config import RewardConfig
from vla_r1_core.rewards import grade
from vla_r1_core.types import Box, ParsedAnswer, Task, Trajectory2D

PAPER = RewardConfig(mode='paper')
BOX = ParsedAnswer(Task.AFFORDANCE, 'a', box=Box(0.5, 0.4, 0.2, 0.1))
TRACE = ParsedAnswer(
    Task.TRAJECTORY, 'a', trajectory=Trajectory2D(((0.1, 0.2), (0.3, 0.5), (0.6, 0.5), (0.8, 0.2)))
)
NO_BOX, NO_TRACE = ParsedAnswer(Task.AFFORDANCE, 'a'), ParsedAnswer(Task.TRAJECTORY, 'a')
TARGETS = (BOX, TRACE, NO_BOX, NO_TRACE)


def says(payload, thought='a red cube'):
    text = payload if isinstance(payload, str) else json.dumps(payload)
    return f'<think>{thought}</think> so, the answer is <output>{text}</output>'


def box(x=0.5, y=0.4, width=0.2, height=0.1):
    return {'x': x, 'y': y, 'width': width, 'height': height}


def score(text, target, config=RewardConfig()):  # noqa: B008 (it is frozen)
    return float(grade([text], [target], config).score[0])


def points_of(target):
    return [list(point) for point in target.trajectory.points]


_COORDINATE, _SIZE = st.floats(0.0, 1.0), st.floats(0.01, 1.0)
BOXES = st.builds(box, _COORDINATE, _COORDINATE, _SIZE, _SIZE)
