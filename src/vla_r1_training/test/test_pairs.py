"""What training never shows is neither taught nor denied."""

import torch
from torch.nn import functional
from vla_r1_sim.vocabulary import COLORS, SHAPES
from vla_r1_training.nano.pairs import shown_pairs, unshown, without_unshown

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
    hidden = unshown(places, given, shown, right)
    loss = functional.cross_entropy(without_unshown(logits, places, hidden), cubes)
    loss.backward()
    assert torch.isfinite(loss)
    pushed = logits.grad[:, places[BALL]]
    assert pushed[0] == 0 and (pushed[1:] > 0).all()
    assert (logits.grad[:, places[CUBE]] < 0).all()


def test_it_may_be_likelier_than_what_is_right_only_by_so_much():
    shown = torch.ones(len(COLORS), len(SHAPES), dtype=torch.bool)
    shown[GREEN, BALL] = False
    places = torch.arange(len(SHAPES))
    above = torch.tensor([-1.0, 2.0, 5.0])
    logits = torch.zeros(3, len(SHAPES))
    logits[:, CUBE], logits[:, BALL] = 4.0, 4.0 + above
    logits.requires_grad_()
    right = torch.full((3,), CUBE)
    hidden = unshown(places, torch.full((3,), GREEN), shown, right)
    lower = without_unshown(logits, places, hidden, by=2.0)
    functional.cross_entropy(lower, right, reduction='sum').backward()
    little, half, much = logits.grad[:, BALL].tolist()
    assert 0 < little < 0.05
    assert 0.45 < half < 0.5  # as likely as what is right, but for the other shapes
    assert much > 0.9
