"""Box and depth to grasps, on analytic scenes whose truth is known."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from vla_r1_core.errors import GroundingError, OutcomeCode
from vla_r1_core.types import Box
from vla_r1_planner.depth import DepthView
from vla_r1_planner.grasp import Gripper
from vla_r1_planner.grounding import ground_box, Workspace
from vla_r1_planner.neighbours import Cylinder

GRIPPER = Gripper(0.09, 0.015, 0.065, 0.012, 0.003, 0.004)
WORKSPACE = Workspace((0.1, -0.6, -0.05), (0.9, 0.6, 0.8))


def best(view, box, **kwargs):
    return ground_box(view, box, GRIPPER, WORKSPACE, **kwargs).candidates[0]


def angle_between_lines(a, b):
    return abs((a - b + np.pi / 2) % np.pi - np.pi / 2)


def yaw_of(grasp):
    x = grasp.T_base_tcp[:3, 0]
    return np.arctan2(x[1], x[0])


def code_of(call):
    with pytest.raises(GroundingError) as error:
        call()
    assert len(str(error.value)) > 20
    return error.value.code


@pytest.mark.parametrize('yaw', [0.0, 0.4, 0.785, 1.3, -0.6])
@pytest.mark.parametrize('xy', [(0.5, 0.0), (0.4, -0.25), (0.6, 0.2)])
def test_a_box_is_grasped_across_its_short_side_at_its_middle(scene, tight_box, xy, yaw):
    view, (mask,) = scene.box(xy, (0.04, 0.09, 0.06), yaw).render()
    grasp = best(view, tight_box(mask))
    np.testing.assert_allclose(grasp.T_base_tcp[:2, 3], xy, atol=0.003)
    assert grasp.T_base_tcp[2, 3] == pytest.approx(0.03, abs=0.003)
    assert angle_between_lines(yaw_of(grasp), yaw) < np.radians(4)
    assert grasp.width_m == pytest.approx(0.04, abs=0.005)
    assert grasp.opening_m == pytest.approx(grasp.width_m + 0.024)


def test_the_tool_looks_straight_down_first_and_then_tilted_about_the_fingers(scene, tight_box):
    view, (mask,) = scene.box((0.5, 0.0), (0.04, 0.04, 0.04), 0.3).render()
    candidates = ground_box(view, tight_box(mask), GRIPPER, WORKSPACE).candidates
    down = [grasp.T_base_tcp[2, 2] for grasp in candidates]
    np.testing.assert_allclose(down, [-1.0] * 4 + [-np.cos(np.radians(25))] * 8)
    for grasp in candidates:
        rotation = grasp.T_base_tcp[:3, :3]
        assert rotation[2, 0] == pytest.approx(0.0, abs=1e-12)  # the opening stays level
        np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(rotation) == pytest.approx(1.0)


@pytest.mark.parametrize('eye', [(1.05, 0.1, 0.65), (0.9, -0.5, 0.45), (0.52, 0.02, 1.0)])
def test_the_hidden_back_of_a_ball_is_filled_in(scene, tight_box, eye):
    view, (mask,) = replace(scene, eye=eye).ball((0.5, 0.05), 0.025).render()
    grasp = best(view, tight_box(mask))
    np.testing.assert_allclose(grasp.T_base_tcp[:3, 3], (0.5, 0.05, 0.025), atol=0.003)
    assert grasp.width_m == pytest.approx(0.05, abs=0.006)


def test_an_upright_cylinder_is_grasped_at_its_axis(scene, tight_box):
    view, (mask,) = scene.cylinder((0.45, -0.1), 0.022, 0.07).render()
    grasp = best(view, tight_box(mask))
    np.testing.assert_allclose(grasp.T_base_tcp[:3, 3], (0.45, -0.1, 0.035), atol=0.003)
    assert grasp.width_m == pytest.approx(0.044, abs=0.005)


def test_fingertips_stay_above_the_surface_under_a_low_object(scene, tight_box):
    view, (mask,) = scene.box((0.5, 0.0), (0.03, 0.05, 0.009)).render()
    grasp = best(view, tight_box(mask))
    assert grasp.T_base_tcp[2, 3] - GRIPPER.tip_beyond_tcp_m == pytest.approx(0.004, abs=0.001)


@pytest.mark.parametrize('height', [0.009, 0.04, 0.18])
def test_a_tilted_hand_keeps_off_the_surface_and_off_the_object(scene, tight_box, height):
    view, (mask,) = scene.box((0.5, 0.0), (0.03, 0.05, height)).render()
    half_width, half_depth = 0.011, 0.025
    for grasp in ground_box(view, tight_box(mask), GRIPPER, WORKSPACE).candidates[2:]:
        pose = grasp.T_base_tcp
        edges = [(0.0, y, GRIPPER.tip_beyond_tcp_m, 1.0) for y in (-half_width, half_width)]
        assert min((pose @ edge)[2] for edge in edges) > 0.002
        top = np.array([(0.5, y, height, 1.0) for y in (-half_depth, half_depth)])
        assert (np.linalg.inv(pose) @ top.T)[2].min() > -GRIPPER.palm_behind_tcp_m


def test_the_palm_stays_above_a_tall_object(scene, tight_box):
    view, (mask,) = scene.cylinder((0.5, 0.0), 0.02, 0.18).render()
    assert best(view, tight_box(mask)).T_base_tcp[2, 3] == pytest.approx(0.119, abs=0.003)


def test_a_table_at_another_height_changes_nothing_but_the_height(scene, tight_box):
    view, (mask,) = replace(scene, table=-0.03).box((0.5, 0.0), (0.04, 0.04, 0.04)).render()
    assert best(view, tight_box(mask)).T_base_tcp[2, 3] == pytest.approx(-0.01, abs=0.002)


def test_noise_holes_and_nan_move_the_grasp_by_millimetres_only(scene, tight_box):
    view, (mask,) = scene.box((0.5, 0.0), (0.04, 0.06, 0.05), 0.5).render(noise=0.0015)
    depth = view.depth.copy()
    rng = np.random.default_rng(3)
    depth[rng.random(depth.shape) < 0.2] = np.nan
    depth[rng.random(depth.shape) < 0.05] = 0.0
    rows, _ = np.nonzero(mask)
    depth[int(rows.mean()) - 2 : int(rows.mean()) + 2] = np.inf  # a hole right across the object
    grasp = best(replace(view, depth=depth), tight_box(mask))
    np.testing.assert_allclose(grasp.T_base_tcp[:3, 3], (0.5, 0.0, 0.025), atol=0.005)
    assert angle_between_lines(yaw_of(grasp), 0.5) < np.radians(12)
    assert grasp.width_m == pytest.approx(0.04, abs=0.009)


def test_mixed_pixels_behind_the_object_do_not_widen_it(scene, tight_box):
    view, (mask,) = scene.box((0.5, 0.0), (0.04, 0.04, 0.04)).render()
    depth = view.depth.copy()
    edge = mask ^ np.roll(mask, -1, axis=0)
    depth[edge] = (depth + np.roll(depth, -3, axis=0))[edge] / 2
    grasp = best(replace(view, depth=depth), tight_box(mask))
    assert grasp.width_m == pytest.approx(0.04, abs=0.006)


def test_a_neighbour_that_reaches_into_the_box_is_not_grasped(scene, tight_box):
    scene = scene.box((0.5, 0.0), (0.04, 0.04, 0.04)).box((0.5, 0.07), (0.06, 0.06, 0.1))
    view, (mask, _) = scene.render()
    box = tight_box(mask)
    loose = Box(box.x, box.y, box.width * 1.7, box.height * 1.5)
    grasp = best(view, loose)
    np.testing.assert_allclose(grasp.T_base_tcp[:2, 3], (0.5, 0.0), atol=0.004)


def test_an_object_in_front_of_another_is_cut_off_from_it(scene, tight_box):
    scene = scene.box((0.5, 0.02), (0.04, 0.04, 0.04)).box((0.43, 0.0), (0.05, 0.12, 0.12))
    view, (mask, _) = scene.render()
    grasp = best(view, tight_box(mask))
    np.testing.assert_allclose(grasp.T_base_tcp[:2, 3], (0.5, 0.02), atol=0.004)


@pytest.mark.parametrize('shift', [(-0.2, 0.0), (0.2, 0.1), (0.0, -0.2)])
def test_a_box_that_is_off_by_a_fifth_still_finds_the_whole_object(scene, tight_box, shift):
    view, (mask,) = scene.box((0.5, 0.0), (0.04, 0.07, 0.05), 0.2).render()
    box = tight_box(mask)
    off = replace(box, x=box.x + shift[0] * box.width, y=box.y + shift[1] * box.height)
    np.testing.assert_allclose(best(view, off).T_base_tcp[:2, 3], (0.5, 0.0), atol=0.01)


@pytest.mark.parametrize('size', [(640, 480), (1280, 720), (320, 240)])
def test_distortion_and_image_size_are_honoured(scene, camera_with, tight_box, size):
    camera = camera_with(*size, distortion=(-0.12, 0.05, 0.001, -0.002, 0.0))
    scene = replace(scene, camera=camera).box((0.35, 0.3), (0.04, 0.06, 0.05), 0.3)
    view, (mask,) = scene.render()
    right = best(view, tight_box(mask)).T_base_tcp[:2, 3]
    np.testing.assert_allclose(right, (0.35, 0.3), atol=0.005)
    straight = replace(view, camera=camera_with(*size))
    wrong = best(straight, tight_box(mask)).T_base_tcp[:2, 3]
    assert np.linalg.norm(wrong - (0.35, 0.3)) > 0.005


def test_candidates_are_ranked_and_turn_the_wrist_as_little_as_possible(scene, tight_box):
    view, (mask,) = scene.box((0.5, 0.0), (0.04, 0.06, 0.05)).render()
    for tool_yaw in (0.0, 3.0):
        grounded = ground_box(view, tight_box(mask), GRIPPER, WORKSPACE, tool_yaw)
        scores = [grasp.score for grasp in grounded.candidates]
        assert scores == sorted(scores, reverse=True)
        assert len(scores) == 12
        assert np.cos(yaw_of(grounded.candidates[0]) - tool_yaw) > 0.9


def test_the_same_input_gives_the_same_grasp(scene, tight_box):
    view, (mask,) = scene.box((0.5, 0.0), (0.04, 0.06, 0.05), 0.3).render(noise=0.001)
    first, second = (best(view, tight_box(mask)).T_base_tcp for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_an_object_wider_than_the_gripper_is_refused(scene, tight_box):
    view, (mask,) = scene.box((0.5, 0.0), (0.12, 0.1, 0.05)).render()
    assert code_of(lambda: best(view, tight_box(mask))) == OutcomeCode.OBJECT_TOO_WIDE


def test_a_bare_table_has_no_object_points(scene):
    view, _ = scene.render()
    call = code_of(lambda: best(view, Box(0.5, 0.5, 0.1, 0.1)))
    assert call == OutcomeCode.NO_OBJECT_POINTS


@pytest.mark.parametrize('value', [np.nan, np.inf, 0.0, -1.0])
def test_depth_without_one_valid_pixel_is_refused(scene, value):
    view, _ = scene.render()
    blind = replace(view, depth=np.full_like(view.depth, value))
    code = code_of(lambda: best(blind, Box(0.5, 0.5, 0.1, 0.1)))
    assert code == OutcomeCode.NO_VALID_DEPTH


def test_an_object_without_one_valid_pixel_is_refused(scene, tight_box):
    view, (mask,) = scene.box((0.5, 0.0), (0.04, 0.06, 0.05)).render()
    depth = view.depth.copy()
    box = tight_box(mask)
    depth[mask] = np.nan
    rows, cols = np.nonzero(mask)
    depth[rows.min() : rows.max() + 1, cols.min() : cols.max() + 1] = np.nan
    assert code_of(lambda: best(replace(view, depth=depth), box)) == OutcomeCode.NO_VALID_DEPTH


def test_a_wall_is_no_support_surface(scene, tight_box):
    view, (mask,) = scene.box((0.5, 0.0), (0.04, 0.06, 0.05)).render()
    tipped = view.T_base_camera.copy()
    tipped[:3, :3] = [[0, 0, 1], [-1, 0, 0], [0, -1, 0]]
    code = code_of(lambda: best(replace(view, T_base_camera=tipped), tight_box(mask)))
    assert code == OutcomeCode.NO_OBJECT_POINTS


def test_an_object_outside_the_workspace_is_refused(scene, tight_box):
    view, (mask,) = scene.box((0.5, 0.0), (0.04, 0.06, 0.05)).render()
    near = Workspace((0.1, -0.6, -0.05), (0.45, 0.6, 0.8))
    code = code_of(lambda: ground_box(view, tight_box(mask), GRIPPER, near))
    assert code == OutcomeCode.OUT_OF_WORKSPACE


def test_unregistered_depth_is_refused(scene):
    view, _ = scene.render()
    code = code_of(lambda: DepthView(view.depth[::2, ::2], view.camera, view.T_base_camera))
    assert code == OutcomeCode.DEPTH_SIZE_MISMATCH


def test_what_is_mostly_the_robot_is_refused_and_what_stands_beside_it_is_not(scene, tight_box):
    view, (mask,) = scene.box((0.5, 0.0), (0.04, 0.06, 0.05)).render()
    for x, is_robot in ((0.45, True), (0.40, False)):
        robot = Cylinder(np.array([x, 0.0, 0.0]), np.array([x, 0.0, 1.0]), 0.09)
        call = partial(best, view, tight_box(mask), robot=robot)
        if is_robot:
            assert code_of(call) == OutcomeCode.NO_OBJECT_POINTS
        else:
            np.testing.assert_allclose(call().T_base_tcp[:2, 3], (0.5, 0.0), atol=0.003)


def test_a_box_outside_the_image_is_refused(scene):
    view, _ = scene.render()
    code = code_of(lambda: best(view, Box(1.4, 0.5, 0.1, 0.1)))
    assert code == OutcomeCode.NO_OBJECT_POINTS
