"""Turned hues show every shape in other colours, but never a pair that training does not show."""

import colorsys

import numpy as np
import pytest
from vla_r1_sim.vocabulary import COLORS, SHAPES
from vla_r1_training.nano.batches import strangely_colored
from vla_r1_training.scenes.hues import turn_hues
from vla_r1_training.scenes.splits import UNSEEN

SHOWN = np.array([[(c, s) not in UNSEEN for s in SHAPES] for c in COLORS])


def picture(color):
    """Return a picture that is all of one colour."""
    return np.full((4, 4, 3), np.round(255 * np.array(COLORS[color])), np.uint8)


def apart(pixel):
    """Return how far, in turns, each colour of the palette is from a pixel's hue."""
    hues = {name: colorsys.rgb_to_hsv(*rgb)[0] for name, rgb in COLORS.items()}
    hue = colorsys.rgb_to_hsv(*(pixel / 255))[0]
    return {name: abs((hue - own + 0.5) % 1 - 0.5) for name, own in hues.items()}


@pytest.mark.parametrize('shape', SHAPES)
def test_a_shape_is_seen_in_other_colours_but_in_none_that_is_unseen(shape):
    rng = np.random.default_rng(0)
    for color in (c for c in COLORS if (c, shape) not in UNSEEN):
        pictures = np.stack([picture(color)] * 100)
        names = [[f'{color} {shape}', 'bowl']] * 100
        seen, looks = turn_hues(rng, pictures, names, SHOWN, share=1.0)
        assert strangely_colored(looks).all() and (seen[:, 0, 0] != pictures[0, 0, 0]).any(1).all()
        far = [apart(pixel) for pixel in seen[:, 0, 0]]
        became = {min(each, key=each.get) for each in far}
        told = np.array(list(COLORS))[looks[:, list(COLORS).index(color)]]
        over = [each[name] - min(each.values()) for each, name in zip(far, told, strict=True)]
        assert max(over) < 2 / 256  # a picture's hues are whole parts of 256 of a turn
        assert len(became) >= 3
        assert not became & {c for c, s in UNSEEN if s == shape}


def test_the_share_is_turned_and_nothing_else():
    pictures = np.stack([picture('green')] * 400)
    seen, looks = turn_hues(
        np.random.default_rng(1), pictures, [['green cube']] * 400, SHOWN, share=0.25
    )
    turned = strangely_colored(looks)
    assert 0.2 < turned.mean() < 0.3
    assert ((seen != pictures).any((1, 2, 3)) == turned).all()


def test_where_every_angle_would_show_an_unseen_pair_the_picture_stays():
    nothing = np.zeros_like(SHOWN)
    pictures = np.stack([picture('green')] * 9)
    seen, looks = turn_hues(
        np.random.default_rng(2), pictures, [['green cube']] * 9, nothing, share=1.0
    )
    assert not strangely_colored(looks).any() and (seen == pictures).all()
