"""Heights of a path over what stands beneath it."""

import numpy as np
from vla_r1_planner.clearance import above, SLOPE
from vla_r1_planner.neighbours import cuboid, Thing
from vla_r1_planner.support import Plane

TABLE = Plane(np.array([0.0, 0.0, 1.0]), 0.01, 0.001)
PATH = np.column_stack([np.linspace(0.3, 0.7, 81), np.zeros(81)])


def block(x, y, height, half=0.02):
    grid = np.linspace(-half, half, 21)
    xy = np.stack(np.meshgrid(x + grid, y + grid), axis=-1).reshape(-1, 2)
    points = np.column_stack([xy, np.full(len(xy), 0.01 + height)])
    return Thing(points, cuboid(points, TABLE))


def heights(*things):
    path = above(PATH, TABLE, things, radius_m=0.05, clearance_m=0.03)
    np.testing.assert_array_equal(path[:, :2], PATH)
    return path[:, 2] - 0.01


def test_over_the_bare_surface_the_clearance_is_kept():
    np.testing.assert_allclose(heights(), 0.03)


def test_what_is_within_reach_is_cleared_by_its_height_and_what_is_not_is_ignored():
    over = heights(block(0.5, 0.0, 0.08))
    beside = np.abs(PATH[:, 0] - 0.5) < 0.07
    np.testing.assert_allclose(over[beside], 0.11)
    np.testing.assert_allclose(heights(block(0.5, 0.08, 0.08)), 0.03)


def test_the_path_rises_before_and_sinks_after_with_a_limited_slope():
    over = heights(block(0.5, 0.0, 0.08))
    assert over[0] == over[-1] == 0.03
    slope = np.abs(np.diff(over)) / np.diff(PATH[:, 0])
    assert slope.max() <= SLOPE + 1e-9


def test_the_highest_thing_decides():
    both = heights(block(0.5, 0.0, 0.04), block(0.52, 0.03, 0.09))
    assert both.max() == np.float64(both[np.abs(PATH[:, 0] - 0.52).argmin()])
    np.testing.assert_allclose(both.max(), 0.12)
