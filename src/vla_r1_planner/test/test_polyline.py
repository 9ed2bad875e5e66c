"""Lines with fewer corners, and lines of evenly spaced points."""

from itertools import pairwise

import numpy as np
import pytest
from vla_r1_planner.polyline import arc_length, later, resampled, straightened


def distance(points, line):
    """The largest distance of the points from a line of corners."""
    worst = 0.0
    for p in points:
        gaps = []
        for a, b in pairwise(line):
            share = np.clip((p - a) @ (b - a) / ((b - a) @ (b - a)), 0, 1)
            gaps.append(np.linalg.norm(a + share * (b - a) - p))
        worst = max(worst, min(gaps))
    return worst


@pytest.mark.parametrize('seed', range(20))
@pytest.mark.parametrize('deviation', [0.002, 0.01, 0.05])
def test_no_point_is_farther_from_the_straightened_line_than_the_deviation(seed, deviation):
    rng = np.random.default_rng(seed)
    points = np.cumsum(rng.normal(0.01, 0.02, (40, 3)), axis=0)
    line = straightened(points, deviation)
    np.testing.assert_array_equal(line[[0, -1]], points[[0, -1]])
    assert distance(points, line) <= deviation + 1e-12
    assert len(line) <= len(points)


def test_noise_within_the_deviation_leaves_no_corner_and_a_bend_leaves_one():
    along = np.linspace(0, 1, 30)
    noisy = np.column_stack([along, 0.004 * (-1.0) ** np.arange(30)])
    assert len(straightened(noisy, 0.01)) == 2
    bent = np.array([[0.0, 0.0], [0.5, 0.0], [1.0, 0.0], [1.0, 0.5], [1.0, 1.0]])
    np.testing.assert_array_equal(straightened(bent, 0.01), bent[[0, 2, 4]])


def test_a_line_that_returns_to_its_start_keeps_its_far_corner():
    loop = np.array([[0.0, 0.0], [0.3, 0.0], [0.0, 0.0]])
    assert len(straightened(loop, 0.01)) == 3


def test_resampled_points_are_evenly_spaced_and_keep_the_ends():
    line = np.array([[0.0, 0.0, 0.0], [0.1, 0.0, 0.0], [0.1, 0.23, 0.0]])
    points = resampled(line, 0.01)
    np.testing.assert_array_equal(points[[0, -1]], line[[0, -1]])
    steps = np.diff(arc_length(points))
    assert steps.max() <= 0.01 + 1e-12
    assert distance(points, line) < 1e-12


@pytest.mark.parametrize('share', [0.0, 0.3, 0.5, 0.75])
def test_a_line_joined_later_is_the_rest_of_it(share):
    line = np.array([[0.0, 0.0, 0.1], [0.2, 0.0, 0.1], [0.2, 0.2, 0.1]])
    rest = later(line, share)
    assert arc_length(rest)[-1] == pytest.approx((1 - share) * 0.4)
    np.testing.assert_array_equal(rest[-1], line[-1])
    assert distance(rest, line) < 1e-12
    assert len(rest) == (3 if share < 0.5 else 2)


def test_a_line_that_is_one_place_is_joined_there():
    np.testing.assert_array_equal(later(np.ones((4, 3)), 0.5)[[0, -1]], np.ones((2, 3)))
