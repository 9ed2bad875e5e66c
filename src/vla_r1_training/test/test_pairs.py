"""What training never shows is neither taught nor denied."""

import torch
from torch.nn import functional
from vla_r1_sim.vocabulary import COLORS, SHAPES
from vla_r1_training.nano.pairs import shown_pairs, without_unshown

RED, GREEN = (list(COLORS).index(name) for name in ('red', 'green'))
CUBE, BALL = (SHAPES.index(name) for name in ('cube', 'ball'))


def test_pairs_are_those_of_the_names():
    shown = shown_pairs(['red cube', 'green ball', 'red cube', 'bowl', 'tray'])
    assert shown.shape == (len(COLORS), len(SHAPES))
    assert {tuple(place) for place in shown.nonzero().tolist()} == {(RED, CUBE), (GREEN, BALL)}


def test_a_shape_that_was_never_shown_in_a_colour_gets_no_gradient():
    shown = torch.ones(len(COLORS), len(SHAPES), dtype=torch.bool)
    shown[GREEN, BALL] = False
    places = torch.arange(2, 2 + len(SHAPES))  # among ten tokens
    logits = torch.zeros(3, 10, requires_grad=True)
    given = torch.tensor([GREEN, RED, -1])
    right = places[[CUBE] * 3]
    cubes = functional.one_hot(right, 10).float()
    loss = functional.cross_entropy(without_unshown(logits, places, given, shown, right), cubes)
    loss.backward()
    assert torch.isfinite(loss)
    pushed = logits.grad[:, places[BALL]]
    assert pushed[0] == 0 and (pushed[1:] > 0).all()
    assert (logits.grad[:, places[CUBE]] < 0).all()
