"""Turned hues show every shape in other colours, but never a pair that training does not show."""

import colorsys

import numpy as np
import pytest
from vla_r1_core.types import Box, Task
from vla_r1_sim.vocabulary import COLORS, SHAPES
from vla_r1_training.nano.batches import strangely_colored
from vla_r1_training.scenes.examples import Asked
from vla_r1_training.scenes.hues import rename_colors, turn_hues
from vla_r1_training.scenes.splits import UNSEEN
from vla_r1_training.scenes.thoughts import Seen

ALIKE = 30 / 360
"""Turns; hues that are farther apart are other colours."""
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
        assert (seen[:, 0, 0] != pictures[0, 0, 0]).any(1).all()
        far = [apart(pixel) for pixel in seen[:, 0, 0]]
        told = looks[:, list(COLORS).index(color)]
        rounded = 4 / 256  # paler and darker, it has fewer hues
        for i, each in zip(told, far, strict=True):
            likely = each[list(COLORS)[i]] if i >= 0 else ALIKE
            assert likely - min(min(each.values()), ALIKE) < rounded
        became = {list(COLORS)[i] for i in told if i >= 0}
        assert len(became) >= 3 and -1 in told
        nearest = [min(each, key=each.get) for each in far]
        for each, name in zip(far, nearest, strict=True):
            assert (name, shape) not in UNSEEN or each[name] > ALIKE


def test_each_colour_is_painted_by_itself_and_the_table_is_not():
    wood, colors = np.array([186, 148, 112], np.uint8), list(COLORS)
    shown = np.ones_like(SHOWN)
    pictures = np.stack([np.vstack([*(picture(c) for c in colors), picture('red')])] * 200)
    pictures[:, -4:] = wood
    seen, looks = turn_hues(np.random.default_rng(3), pictures, [[]] * 200, shown, share=1.0)
    assert (seen[:, -4:] == wood).all()
    for row in range(len(colors)):
        assert len(np.unique(seen[:, 4 * row, 0], axis=0)) > 150
        assert set(looks[:, row].tolist()) == {-1, *range(len(colors))}
    pairs = [np.corrcoef(looks[:, 0], looks[:, i])[0, 1] for i in range(1, len(colors))]
    assert np.abs(pairs).max() < 0.25


def test_colours_are_named_anew_the_same_way_everywhere():
    box, names = Box(0.5, 0.5, 0.1, 0.1), ('red cube', 'blue ball', 'bowl')
    things = tuple(Seen(name, box) for name in names)
    asked = Asked(
        picture=0,
        instruction='Put the red cube, not the blue ball, in the bowl',
        task=Task.AFFORDANCE,
        request='place red cube',
        things=things,
        name='red cube',
        goal='bowl',
        trace=(),
    )
    looks, heard = np.array([5, 1, -1, 3, 4, 0]), set()
    for seed in range(200):
        named, looked = rename_colors(np.random.default_rng(seed), asked, looks)
        red, blue = (thing.name.split()[0] for thing in named.things[:2])
        assert red != blue and named.things[2] == things[2]
        assert named.instruction == f'Put the {red} cube, not the {blue} ball, in the bowl'
        assert named.request == f'place {red} cube' and named.name == f'{red} cube'
        colors = list(COLORS)
        for old, new in (('red', red), ('blue', blue)):
            assert looked[colors.index(new)] == looks[colors.index(old)]
        assert sorted(looked) == sorted(looks)
        heard |= {red}
    assert heard == set(COLORS)


def test_the_share_is_turned_and_nothing_else():
    pictures = np.stack([picture('green')] * 400)
    seen, looks = turn_hues(
        np.random.default_rng(1), pictures, [['green cube']] * 400, SHOWN, share=0.25
    )
    changed = (seen != pictures).any((1, 2, 3))
    assert 0.2 < changed.mean() < 0.3
    assert not strangely_colored(looks)[~changed].any()


def test_where_all_pairs_are_unseen_the_hue_is_of_no_colour():
    nothing = np.zeros_like(SHOWN)
    pictures = np.stack([picture('green')] * 9)
    seen, looks = turn_hues(
        np.random.default_rng(2), pictures, [['green cube']] * 9, nothing, share=1.0
    )
    assert (looks[:, list(COLORS).index('green')] == -1).all()
    assert min(min(apart(pixel).values()) for pixel in seen[:, 0, 0]) > ALIKE
