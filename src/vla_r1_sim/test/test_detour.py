"""Ways around discs: clear of all, and no longer than needed."""

import itertools

import numpy as np
import pytest
from vla_r1_sim.detour import shortest_way

START, GOAL = np.array([0.0, 0.0]), np.array([1.0, 0.0])


def length(way):
    return np.linalg.norm(np.diff(way, axis=0), axis=1).sum()


def distances(way, disc):
    samples = np.vstack([np.linspace(a, b, 200) for a, b in itertools.pairwise(way)])
    return np.linalg.norm(samples - disc[:2], axis=1)


def test_a_free_way_is_straight():
    way = shortest_way(START, GOAL, np.array([[0.5, 0.3, 0.2]]))
    np.testing.assert_array_equal(way, [START, GOAL])
    np.testing.assert_array_equal(shortest_way(START, GOAL, np.empty((0, 3))), [START, GOAL])


@pytest.mark.parametrize('seed', range(20))
def test_the_way_stays_outside_all_discs(seed):
    rng = np.random.default_rng(seed)
    discs = np.column_stack(
        [rng.uniform(0.25, 0.75, (4, 2)) - (0, 0.5), rng.uniform(0.05, 0.2, 4)]
    )
    way = shortest_way(START, GOAL, discs)
    for disc in discs:
        assert distances(way, disc).min() > disc[2] - 1e-6


def test_the_way_takes_the_shorter_side():
    way = shortest_way(START, GOAL, np.array([[0.5, -0.1, 0.2]]))
    assert way[1:-1, 1].min() > 0  # the disc reaches farther down
    exact = 1.02067  # two tangents and an arc, for a disc of 0.2 whose middle is 0.1 aside
    assert exact * 0.999 < length(way) < 1.02 * exact


def test_an_end_inside_a_disc_can_be_left():
    way = shortest_way(START, GOAL, np.array([[0.95, 0.0, 0.1]]))
    np.testing.assert_array_equal(way[-1], GOAL)


def test_an_enclosed_goal_is_an_error():
    angles = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    ring = np.column_stack([1 + 0.2 * np.cos(angles), 0.2 * np.sin(angles), np.full(8, 0.1)])
    with pytest.raises(ValueError, match='no way around'):
        shortest_way(START, GOAL, ring)
