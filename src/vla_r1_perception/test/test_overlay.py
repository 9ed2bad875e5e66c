"""The overlay shows the answer without hiding or touching the picture."""

import numpy as np
import pytest
from vla_r1_core.errors import ReasonCode, ReasoningError
from vla_r1_core.types import Answer, Box, ParsedAnswer, Task, Trajectory2D
from vla_r1_perception.overlay import draw_overlay
from vla_r1_perception.reply import Reply

GREY = 128
BOX = Box(0.5, 0.3, 0.2, 0.2)
TRACE = Trajectory2D(((0.1, 0.1), (0.4, 0.2), (0.7, 0.4)))


def reply(box=None, trace=None, thought='a cube', label='red cube', error=None):
    task = Task.TRAJECTORY if trace else Task.AFFORDANCE
    parsed = ParsedAnswer(task, thought, box, trace)
    return Reply(task, Answer('prompt', 'text', label), parsed, error=error)


def changed(size, drawn):
    picture = np.full((*size, 3), GREY, np.uint8)
    result = draw_overlay(picture, drawn)
    assert result.shape == picture.shape and result.dtype == np.uint8
    assert (picture == GREY).all()
    return (result != GREY).any(axis=2)


@pytest.mark.parametrize('size', [(480, 640), (720, 1280), (120, 160), (1080, 1920)])
def test_the_box_is_drawn_around_the_object_and_leaves_it_visible(size):
    mask = changed(size, reply(box=BOX))
    height, width = size
    inside = mask[int(0.23 * height) : int(0.37 * height), int(0.43 * width) : int(0.57 * width)]
    assert not inside.any()
    assert mask[int(0.3 * height), int(0.36 * width) : int(0.42 * width)].any()


@pytest.mark.parametrize('size', [(480, 640), (720, 1280)])
def test_every_waypoint_is_marked(size):
    mask = changed(size, reply(trace=TRACE))
    for x, y in TRACE.points:
        assert mask[round(y * size[0]), round(x * size[1])]


@pytest.mark.parametrize('rest', [(), ((0.1, 0.1),), ((0.1, 0.1), (0.105, 0.1))])
def test_a_trace_that_is_shorter_than_its_arrow_is_drawn(rest):
    assert changed((480, 640), reply(trace=Trajectory2D(((0.1, 0.1), *rest))))[48, 64]


def test_a_long_thought_takes_a_third_of_the_picture_at_most():
    mask = changed((480, 640), reply(thought='word ' * 5000))
    assert not mask[: int(0.67 * 480)].any() and mask[int(0.7 * 480) :].all(axis=None)


def test_a_box_at_the_edge_and_letters_without_a_glyph_are_drawn():
    edge = Box(0.02, 0.01, 0.04, 0.02)
    assert changed((480, 640), reply(box=edge, thought='立方体 🙂', label='Würfel')).any()


def test_an_error_is_written_in_the_picture():
    error = ReasoningError(ReasonCode.OBJECT_NOT_FOUND, 'the model sees no red cube')
    with_error = changed((480, 640), reply(error=error))
    assert with_error.sum() > changed((480, 640), reply()).sum()
