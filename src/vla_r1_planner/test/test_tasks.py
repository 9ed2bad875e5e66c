"""Whole tasks on analytic scenes, from box and trace to the order of motions."""

from dataclasses import replace

from noting_arm import NotingArm
import numpy as np
import pytest
from vla_r1_core.errors import GroundingError, MotionError, OutcomeCode
from vla_r1_core.geometry import transform_points
from vla_r1_core.types import Trajectory2D
from vla_r1_planner.config import PlannerConfig
from vla_r1_planner.footprint import Footprint
from vla_r1_planner.grasp import pointing_down
from vla_r1_planner.pick import prepare_pick
from vla_r1_planner.place import prepare_place
from vla_r1_planner.polyline import resampled
from vla_r1_planner.push import prepare_push, push_way
from vla_r1_planner.reach import prepare_reach
from vla_r1_planner.task import Cell

CONFIG = PlannerConfig()
TIP = CONFIG.tip_beyond_tcp_m
HOME = pointing_down(np.array([0.3, 0.0, 0.45]), 0.0)


class Nobody:
    """Shows nothing to nobody."""

    def __getattr__(self, name):
        return lambda *args: None


def cell_of(view, arm):
    return Cell(CONFIG, arm, view, HOME, Nobody(), lambda stage, text: None)


def trace_of(scene, *points):
    return Trajectory2D(tuple(scene.pixel(xyz) for xyz in points))


def tips(segment):
    """Where the fingertips go: (N, 3)."""
    return segment.tool_poses[:, :3, 3] + TIP * segment.tool_poses[:, :3, 2]


def bowl(scene, xy, half=0.06, height=0.04, wall=0.006):
    """A square bowl without a floor of its own."""
    x, y = xy
    for sign in (-1, 1):
        scene = scene.box((x + sign * half, y), (wall, 2 * half + wall, height))
        scene = scene.box((x, y + sign * half), (2 * half + wall, wall, height))
    return scene


# Reach


def test_a_reach_keeps_clear_of_what_lies_on_the_way_and_ends_above_its_end(scene):
    scene = scene.box((0.5, 0.0), (0.05, 0.05, 0.12)).box((0.5, 0.25), (0.05, 0.05, 0.04))
    arm = NotingArm()
    trace = trace_of(scene, (0.5, -0.25, 0), (0.5, -0.15, 0), (0.5, 0.0, 0.12), (0.5, 0.25, 0.04))
    job = prepare_reach(cell_of(scene.render()[0], arm), trace)
    way = tips(job.segments[1])
    dense = resampled(way, 0.005)
    over = np.abs(dense[:, :2] - (0.5, 0.0)).max(axis=1) < 0.05
    assert over.any()
    assert dense[over, 2].min() > 0.12 + CONFIG.trace_clearance_m - 0.006
    np.testing.assert_allclose(way[-1], (0.5, 0.25, 0.04 + CONFIG.trace_clearance_m), atol=0.012)
    assert len(arm.scene) == 3  # both things and the surface


def test_a_reach_that_begins_at_the_tools_picture_begins_at_the_tool(scene):
    scene = scene.box((0.5, 0.25), (0.05, 0.05, 0.04))
    tip = np.array([0.45, -0.15, 0.3])
    tool = pointing_down(tip + np.array([0.0, 0.0, TIP]), 0.0)
    cell = replace(cell_of(scene.render()[0], NotingArm()), tool=tool)
    job = prepare_reach(cell, trace_of(scene, tip, (0.5, 0.25, 0.04)))
    way = tips(job.segments[1])
    np.testing.assert_allclose(way[0], tip, atol=0.01)
    np.testing.assert_allclose(way[-1], (0.5, 0.25, 0.04 + CONFIG.trace_clearance_m), atol=0.012)
    assert (np.diff(way[:, 2]) < 0.005).all()  # it comes down


# Push


def pushed(scene, *points, arm=None):
    arm = arm or NotingArm()
    job = prepare_push(cell_of(scene.render()[0], arm), trace_of(scene, *points))
    return job, arm


def test_a_push_comes_down_beside_the_object_and_goes_through_its_middle(scene):
    scene = scene.box((0.5, 0.0), (0.05, 0.05, 0.05))
    job, _ = pushed(scene, (0.5, -0.1, 0.025), (0.5, 0.15, 0.025))
    _, descent, touch, push, lift = job.segments
    start, contact, end = tips(touch)[0], tips(push)[0], tips(push)[-1]
    assert contact[1] == pytest.approx(-0.025 - 0.011, abs=0.004)
    np.testing.assert_allclose(start, (0.5, -0.1, 0.3 * 0.05), atol=0.006)
    np.testing.assert_allclose(end, (0.5, 0.15, 0.3 * 0.05), atol=0.006)
    np.testing.assert_array_equal(descent.tool_poses[-1], touch.tool_poses[0])
    assert tips(lift)[-1][2] - end[2] == pytest.approx(CONFIG.approach_height_m)
    np.testing.assert_allclose(job.change.goal, (0.5, 0.15 + 0.025 + 0.011, 0.0), atol=0.008)


def test_a_push_that_starts_on_the_object_is_begun_before_it(scene):
    scene = scene.box((0.5, 0.0), (0.05, 0.05, 0.05))
    job, _ = pushed(scene, (0.5, 0.0, 0.05), (0.5, 0.15, 0.025))
    assert tips(job.segments[2])[0][1] < -0.025 - 0.013


def test_a_thing_that_the_trace_only_grazes_is_not_the_one_to_push(scene):
    scene = scene.box((0.525, -0.11), (0.05, 0.05, 0.05)).box((0.5, 0.05), (0.05, 0.05, 0.05))
    job, _ = pushed(scene, (0.5, -0.11, 0.025), (0.5, 0.2, 0.025))
    np.testing.assert_allclose(job.change.before.centre, (0.5, 0.05), atol=0.005)


def test_a_push_ends_before_the_edge_of_the_table(scene):
    scene = scene.box((0.5, 0.0), (0.05, 0.05, 0.05))
    trace = trace_of(scene, (0.5, -0.1, 0.025), (0.5, 0.25, 0.025))
    view, _ = scene.render()
    v, u = np.mgrid[: view.camera.height, : view.camera.width]
    rays = np.column_stack([u.ravel(), v.ravel()])
    points = transform_points(
        view.T_base_camera, view.camera.deproject(rays, view.depth.ravel().astype(float))
    )
    beyond = (points[:, 1] > 0.15).reshape(view.depth.shape)
    view.depth[beyond] += 0.7
    job = prepare_push(cell_of(view, NotingArm()), trace)
    assert 0.05 < job.change.goal[1] < 0.15 - 0.025


def test_a_push_ends_before_the_robots_foot(scene):
    scene = scene.box((0.5, 0.0), (0.05, 0.05, 0.05))
    job, _ = pushed(scene, (0.6, 0.0, 0.025), (0.1, 0.0, 0.025))
    assert CONFIG.base_radius_m + 0.03 < job.change.goal[0] < CONFIG.base_radius_m + 0.06


def test_both_fingers_push_side_by_side_and_nothing_fits_between_them(scene):
    scene = scene.box((0.5, 0.0), (0.04, 0.08, 0.05), 0.5)
    job, arm = pushed(scene, (0.5, -0.1, 0.025), (0.5, 0.15, 0.025))
    opening = job.segments[3].tool_poses[0][:3, 0]
    assert abs(opening[0]) > 0.98  # across the push, which goes along y
    job.run()
    (opened,) = [call for call in arm.calls if call.startswith('open')]
    assert 0.01 < float(opened.split()[1]) < 0.03


def test_a_push_beside_the_middle_is_moved_onto_it(scene):
    scene = scene.box((0.5, 0.0), (0.05, 0.05, 0.05))
    job, _ = pushed(scene, (0.515, -0.1, 0.025), (0.515, 0.15, 0.025))
    np.testing.assert_allclose(tips(job.segments[2])[:, 0], 0.5, atol=0.005)


def test_only_the_pushed_object_may_be_touched(scene):
    scene = scene.box((0.5, 0.0), (0.05, 0.05, 0.05)).box((0.62, 0.1), (0.04, 0.04, 0.06))
    _, arm = pushed(scene, (0.5, -0.1, 0.025), (0.5, 0.15, 0.025))
    others = [cuboid for name, cuboid in arm.scene.items() if name != 'support']
    (other,) = others
    np.testing.assert_allclose(other.centre, (0.62, 0.1), atol=0.015)


def test_what_is_pushed_may_hit_nothing_on_its_way_either(scene):
    scene = scene.box((0.5, 0.0), (0.05, 0.05, 0.05))
    _, arm = pushed(scene, (0.5, -0.1, 0.025), (0.5, 0.15, 0.025))
    assert [held is not None for _, held, _ in arm.lines] == [False, False, True, False]


@pytest.mark.injects
def test_a_trace_that_ends_before_the_object_is_refused():
    outline = Footprint(np.array([0.5, 0.0]), 0.0, 0.05, 0.05, 0.0, 0.05)
    with pytest.raises(GroundingError) as error:
        push_way(np.array([[0.5, -0.2], [0.5, -0.045]]), outline, 0.018)
    assert error.value.code == OutcomeCode.TRACE_INVALID


def test_a_push_closes_comes_down_pushes_and_lifts(scene):
    scene = scene.box((0.5, 0.0), (0.05, 0.05, 0.05))
    job, arm = pushed(scene, (0.5, -0.1, 0.025), (0.5, 0.15, 0.025))
    arm.calls.clear()
    job.run()
    assert arm.calls == ['open 0.025', 'let go', 'approach', 'descent', 'follow', 'follow', 'lift']


def test_a_trace_through_nothing_is_refused(scene):
    with pytest.raises(GroundingError) as error:
        pushed(scene.box((0.5, 0.2), (0.05, 0.05, 0.05)), (0.5, -0.2, 0.0), (0.5, 0.0, 0.0))
    assert error.value.code == OutcomeCode.NO_OBJECT_POINTS


# Pick


def test_what_was_held_before_is_not_planned_with(cube, tight_box):
    arm = NotingArm()
    view, masks = cube.render()
    prepare_pick(cell_of(view, arm), tight_box(masks[0]), 'cube')
    assert arm.calls[0] == 'let go'
    assert 'plan_pose' in arm.calls


# Place


def placed(scene, tight_box, end, arm=None):
    """Carry the scene's first solid, a cube of 40 mm at (0.5, -0.15), to a place."""
    arm = arm or NotingArm()
    view, masks = scene.render()
    cell = cell_of(view, arm)
    trace = trace_of(scene, (0.5, -0.15, 0.04), end)
    return prepare_place(cell, tight_box(masks[0]), 'cube', cell, trace), arm


@pytest.fixture
def cube(scene):
    return scene.box((0.5, -0.15), (0.04, 0.04, 0.04))


def bottom(job, segment):
    """Where the middle of the held cube's bottom goes: its grip is at mid-height."""
    return segment.tool_poses[:, :3, 3] - (0.0, 0.0, job.segments[1].tool_poses[-1][2, 3])


def test_an_object_is_let_go_just_above_the_floor_in_the_middle_of_the_container(cube, tight_box):
    scene = bowl(cube, (0.5, 0.15))
    # The middle of its picture shows the inside of the far wall.
    job, _ = placed(scene, tight_box, (0.48, 0.15, 0.0))
    *_, carry, lower, retreat = job.segments
    np.testing.assert_allclose(bottom(job, lower)[-1][:2], (0.5, 0.15), atol=0.012)
    assert bottom(job, lower)[-1][2] == pytest.approx(CONFIG.release_clearance_m, abs=0.004)
    assert bottom(job, carry)[:, 2].max() > 0.04 + CONFIG.carry_clearance_m - 0.006
    assert bottom(job, carry)[-1][2] > 0.05
    assert retreat.tool_poses[-1][2, 3] > carry.tool_poses[-1][2, 3]


def test_what_lies_in_the_container_is_where_the_floor_is(cube, tight_box):
    scene = bowl(cube, (0.5, 0.15)).box((0.5, 0.15), (0.08, 0.08, 0.02))
    job, _ = placed(scene, tight_box, (0.5, 0.15, 0.02))
    height = bottom(job, job.segments[-2])[-1][2]
    assert height == pytest.approx(0.02 + CONFIG.release_clearance_m, abs=0.004)


def test_an_object_is_stacked_on_the_middle_of_another(cube, tight_box):
    scene = cube.box((0.5, 0.15), (0.06, 0.06, 0.05))
    job, _ = placed(scene, tight_box, (0.515, 0.16, 0.05))
    end = bottom(job, job.segments[-2])[-1]
    np.testing.assert_allclose(end, (0.5, 0.15, 0.055), atol=0.006)


def test_on_the_bare_surface_the_end_of_the_trace_decides(cube, tight_box):
    job, _ = placed(cube, tight_box, (0.45, 0.2, 0.0))
    end = bottom(job, job.segments[-2])[-1]
    np.testing.assert_allclose(end, (0.45, 0.2, CONFIG.release_clearance_m), atol=0.005)
    np.testing.assert_allclose(job.change.goal, (0.45, 0.2, 0.0), atol=0.005)


@pytest.mark.injects
def test_a_container_that_is_too_small_is_refused_before_anything_is_planned(scene, tight_box):
    scene = bowl(scene.box((0.5, -0.15), (0.06, 0.06, 0.04)), (0.5, 0.15), half=0.03)
    arm = NotingArm()
    with pytest.raises(GroundingError) as error:
        placed(scene, tight_box, (0.5, 0.15, 0.0), arm)
    assert error.value.code == OutcomeCode.NO_ROOM
    assert arm.calls == []


def test_the_carried_object_keeps_clear_and_only_the_last_lines_may_enter_the_container(
    cube, tight_box
):
    scene = bowl(cube, (0.5, 0.15)).box((0.62, 0.0), (0.04, 0.04, 0.06))
    _, arm = placed(scene, tight_box, (0.5, 0.15, 0.0))
    names = [name for name, _, _ in arm.lines]
    assert names == ['descent', 'lift', 'follow', 'descent', 'lift']
    assert [held is not None for _, held, _ in arm.lines] == [False, False, True, True, False]
    things = [len(scene) - 1 for _, _, scene in arm.lines]
    assert things[0] == things[2] > things[3] == things[4] == 1


def test_a_place_grasps_carries_lowers_lets_go_and_withdraws(cube, tight_box):
    job, arm = placed(cube, tight_box, (0.45, 0.2, 0.0))
    arm.calls.clear()
    job.run()
    picked = ['open 0.064', 'let go', 'approach', 'descent', 'close', 'hold', 'lift']
    calls = [call if not call.startswith('open') else 'open 0.064' for call in arm.calls]
    assert calls == [*picked, 'follow', 'descent', 'open 0.064', 'let go', 'lift']


@pytest.mark.injects
def test_what_is_lost_on_the_way_is_not_put_down(cube, tight_box):
    arm = NotingArm(after_lift_m=0.0)
    job, _ = placed(cube, tight_box, (0.45, 0.2, 0.0), arm)
    with pytest.raises(MotionError) as error:
        job.run()
    assert error.value.code == OutcomeCode.OBJECT_LOST
    assert arm.calls[-1] == 'follow'
