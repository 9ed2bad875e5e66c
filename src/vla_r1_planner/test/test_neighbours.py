"""What stands beside the target, on analytic scenes."""

import numpy as np
import pytest
from vla_r1_planner.grasp import Gripper
from vla_r1_planner.grounding import ground_box, Workspace
from vla_r1_planner.neighbours import Cylinder, neighbours

GRIPPER = Gripper(0.09, 0.015, 0.065, 0.012, 0.003, 0.004)
WORKSPACE = Workspace((0.1, -0.6, -0.05), (0.9, 0.6, 0.8))


def around(scene, tight_box, radius=0.25, robot=()):
    view, masks = scene.render()
    grounded = ground_box(view, tight_box(masks[0]), GRIPPER, WORKSPACE)
    target = grounded.outline
    found = neighbours(view, grounded.surface, target.centre[None], radius, [target, *robot])
    return [thing.outline for thing in found]


def test_each_neighbour_becomes_a_cuboid_and_the_target_none(scene, tight_box):
    scene = scene.box((0.5, 0.0), (0.04, 0.04, 0.04))
    scene = scene.box((0.5, 0.12), (0.05, 0.05, 0.08)).cylinder((0.42, -0.1), 0.025, 0.06)
    found = sorted(around(scene, tight_box), key=lambda cuboid: -cuboid.centre[1])
    assert len(found) == 2
    np.testing.assert_allclose(found[0].centre, (0.5, 0.12), atol=0.01)
    assert found[0].top == pytest.approx(0.08, abs=0.005)
    assert found[0].bottom == pytest.approx(0.0, abs=0.003)
    np.testing.assert_allclose(found[1].centre, (0.42, -0.1), atol=0.015)


def test_what_is_far_away_is_left_out(scene, tight_box):
    scene = scene.box((0.5, 0.0), (0.04, 0.04, 0.04)).box((0.5, 0.3), (0.05, 0.05, 0.08))
    assert len(around(scene, tight_box)) == 0
    assert len(around(scene, tight_box, radius=0.35)) == 1


def test_a_neighbour_is_cut_off_from_the_target_that_it_stands_behind(scene, tight_box):
    scene = scene.box((0.5, 0.0), (0.04, 0.04, 0.04)).box((0.42, 0.0), (0.05, 0.1, 0.12))
    (found,) = around(scene, tight_box)
    assert found.centre[0] + found.short / 2 < 0.47


def test_what_hangs_in_the_air_is_the_arm(scene, tight_box):
    scene = scene.box((0.5, 0.0), (0.04, 0.04, 0.04))
    hanging = scene.ball((0.5, 0.1), 0.04)
    kind, centre, size, yaw = hanging.solids[-1]
    hanging.solids[-1] = (kind, centre + np.array([0.0, 0.0, 0.12]), size, yaw)
    assert len(around(hanging, tight_box)) == 0


def test_the_robots_own_parts_are_left_out(scene, tight_box):
    scene = scene.box((0.5, 0.0), (0.04, 0.04, 0.04)).cylinder((0.5, 0.12), 0.04, 0.2)
    part = Cylinder(np.array([0.5, 0.12, 0.0]), np.array([0.5, 0.12, 0.3]), 0.06)
    assert len(around(scene, tight_box)) == 1
    assert len(around(scene, tight_box, robot=[part])) == 0


def test_a_part_of_the_robot_ends_where_it_ends(scene, tight_box):
    scene = scene.box((0.5, 0.0), (0.04, 0.04, 0.04)).box((0.5, 0.12), (0.04, 0.04, 0.08))
    up = np.array([0.0, 0.0, 1.0])
    for bottom, left in ((0.0, 0), (0.1, 1)):
        part = Cylinder(np.array([0.5, 0.12, 0.0]) + bottom * up, np.array([0.5, 0.12, 0.4]), 0.1)
        assert len(around(scene, tight_box, robot=[part])) == left
