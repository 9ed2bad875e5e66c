"""A picture that is seen otherwise has its truth where its colours are."""

import numpy as np
import pytest
from vla_r1_core.types import Box, Task
from vla_r1_training.nano.views import Views
from vla_r1_training.scenes.augment import augment, bleach
from vla_r1_training.scenes.examples import Asked, Scenes
from vla_r1_training.scenes.thoughts import Seen

WIDTH, HEIGHT = 336, 252
RED = Box(0.3, 0.4, 0.1, 0.12)
TRACE = ((0.9, 0.1), (0.3, 0.4))


@pytest.fixture
def picture():
    """Return a red box and a white line's two ends on grey."""
    pixels = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    x, y, w, h = RED.to_px(WIDTH, HEIGHT)
    left, top = round(x - w / 2), round(y - h / 2)
    pixels[top : round(y + h / 2), left : round(x + w / 2)] = (200, 20, 20)
    return pixels


def asked():
    things = (Seen('red cube', RED),)
    return Asked(0, 'reach the red cube', Task.TRAJECTORY, 'reach red cube', things,
                 'red cube', '', TRACE)  # fmt: skip


def red_edges(pixels):
    """Return left, top, right and bottom of what is red [px]."""
    red = pixels[..., 0].astype(int) - pixels[..., 1] > 60
    rows, columns = np.flatnonzero(red.any(1)), np.flatnonzero(red.any(0))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])


def test_a_view_that_is_kept_has_its_truth_there_too(picture):
    seen = []
    views = Views(Scenes(picture[None], [[asked()]]), 8, 0, lambda some: seen.extend(some) or some)
    rng = np.random.default_rng(0)
    questions, kept = views.see(rng, [0] * 60, [asked()] * 60)
    assert len(seen) == 8
    for question, pixels in zip(questions, kept, strict=True):
        x, y, w, h = question.things[0].box.to_px(WIDTH, HEIGHT)
        edges = [x - w / 2, y - h / 2, x + w / 2, y + h / 2]
        np.testing.assert_allclose(red_edges(pixels), edges, atol=1.5)


def test_the_box_is_where_the_colour_is_and_nothing_leaves_the_picture(picture):
    rng = np.random.default_rng(0)
    count = 200
    questions, seen = augment(rng, [asked()] * count, np.stack([picture] * count))
    sizes = []
    for question, pixels in zip(questions, seen, strict=True):
        assert pixels.shape == picture.shape
        found = red_edges(pixels)
        x, y, w, h = question.things[0].box.to_px(WIDTH, HEIGHT)
        edges = [x - w / 2, y - h / 2, x + w / 2, y + h / 2]
        np.testing.assert_allclose(found, edges, atol=1.5)
        assert np.min([*question.trace, edges[:2]]) > -1e-9  # rounded
        assert np.max(question.trace) < 1 + 1e-9
        assert edges[2] < WIDTH + 1e-6 and edges[3] < HEIGHT + 1e-6
        assert question.trace[1] == pytest.approx((question.things[0].box.x, y / HEIGHT))
        sizes.append(w / WIDTH)
    assert min(sizes) < 0.9 * RED.width and max(sizes) > 1.2 * RED.width


def test_light_varies(picture):
    rng = np.random.default_rng(1)
    _, seen = augment(rng, [asked()] * 20, np.stack([picture] * 20))
    greys = seen[:, -1, -1].astype(float)
    assert greys.std() > 5
    assert (greys[:, 0] - greys[:, 2]).std() > 3


def test_some_pictures_lose_their_colours_and_others_keep_a_part_of_them():
    rng = np.random.default_rng(2)
    one = np.full((8, 8, 3), (200, 20, 20), np.uint8)
    like = np.tile([0, 2, 1], (400, 1))
    seen, looks = bleach(rng, np.stack([one] * 400), like, share=0.25)
    gray = (looks == -1).all(1)
    assert (looks[~gray] == like[~gray]).all()
    spread = seen.max((1, 2, 3)).astype(int) - seen.min((1, 2, 3))
    assert 0.2 < gray.mean() < 0.3
    assert (spread[gray] <= 1).all() and (spread[~gray] >= 0.29 * 180).all()
    assert 0.2 < np.mean((spread > 1) & (spread < 180)) < 0.3
    luma = 0.299 * 200 + 0.701 * 20
    np.testing.assert_allclose(seen @ [0.299, 0.587, 0.114], luma, atol=1.5)


def test_no_share_leaves_every_picture_as_it_is(picture):
    like = np.tile(np.arange(3), (9, 1))
    seen, looks = bleach(np.random.default_rng(0), np.stack([picture] * 9), like, share=0.0)
    assert (looks == like).all() and (seen == picture).all()
