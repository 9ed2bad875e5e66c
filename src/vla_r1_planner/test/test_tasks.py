"""Reach, push and pick on analytic scenes, from trace and box to the order of motions."""

from dataclasses import replace

from noting_arm import NotingArm
import numpy as np
import pytest
from task_cell import cell_of, CONFIG, TIP, tips, trace_of
from vla_r1_core.errors import GroundingError, OutcomeCode
from vla_r1_core.types import Trajectory2D
from vla_r1_planner.footprint import Footprint
from vla_r1_planner.grasp import pointing_down
from vla_r1_planner.pick import prepare_pick
from vla_r1_planner.polyline import resampled
from vla_r1_planner.push import prepare_push, push_way
from vla_r1_planner.reach import prepare_reach

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


def in_the_air(scene, tip):
    """A cell whose tool looks down on a fingertip at (3,) [m], and a box at (0.5, 0.25)."""
    tool = pointing_down(np.add(tip, (0.0, 0.0, TIP)), 0.0)
    view, _ = scene.box((0.5, 0.25), (0.05, 0.05, 0.04)).render()
    return replace(cell_of(view, NotingArm()), tool=tool)


def test_a_reach_that_begins_at_the_tools_picture_begins_at_the_tool(scene):
    tip = (0.45, -0.15, 0.3)
    job = prepare_reach(in_the_air(scene, tip), trace_of(scene, tip, (0.5, 0.25, 0.04)))
    way = tips(job.segments[1])
    np.testing.assert_allclose(way[0], tip, atol=0.01)
    np.testing.assert_allclose(way[-1], (0.5, 0.25, 0.04 + CONFIG.trace_clearance_m), atol=0.012)
    assert (np.diff(way[:, 2]) < 0.005).all()  # it comes down


def test_a_trace_that_begins_a_little_beside_the_tools_picture_begins_at_the_tool_too(scene):
    tip = (0.45, -0.15, 0.3)
    beside = scene.pixel(np.add(tip, (-0.06, 0.0, 0.03)))  # that ray passes far behind
    cell = in_the_air(scene, tip)
    job = prepare_reach(cell, Trajectory2D((beside, scene.pixel((0.5, 0.25, 0.04)))))
    np.testing.assert_allclose(tips(job.segments[1])[0], tip, atol=0.01)


def test_what_cannot_be_followed_from_its_start_is_joined_later(scene):
    trace = trace_of(scene, (0.5, -0.2, 0.0), (0.5, 0.2, 0.0))
    # Each turn of the tool is tried when as much of the way has been left out as it costs.
    begins = (
        (0, -0.2),
        (1, -0.1),
        (2, -0.2),
        (3, 0.0),
        (4, -0.1),
        (6, 0.1),
        (10, 0.16),
        (19, 0.16),
    )
    for missed, join in begins:
        unreachable = dict.fromkeys(range(1, missed + 1), OutcomeCode.GOAL_UNREACHABLE)
        job = prepare_reach(cell_of(scene.render()[0], NotingArm(fail=unreachable)), trace)
        way = tips(job.segments[1])
        np.testing.assert_allclose(way[[0, -1], 1], (join, 0.2), atol=0.006)


def test_a_trace_from_outside_the_workspace_is_joined_inside(scene):
    trace = trace_of(scene, (0.5, -0.2, 0.0), (0.5, 0.2, 0.0))
    cell = cell_of(scene.render()[0], NotingArm())
    inside = replace(cell, config=replace(CONFIG, workspace_min_y=-0.15))
    assert tips(prepare_reach(inside, trace).segments[1])[0][1] == pytest.approx(-0.1, abs=0.006)
    outside = replace(cell, config=replace(CONFIG, workspace_max_y=0.15))
    with pytest.raises(GroundingError) as error:
        prepare_reach(outside, trace)
    assert error.value.code == OutcomeCode.OUT_OF_WORKSPACE


def test_a_tool_that_is_already_there_hardly_moves(scene):
    tip = (0.5, 0.25, 0.04 + CONFIG.trace_clearance_m)
    job = prepare_reach(in_the_air(scene, tip), trace_of(scene, tip, (0.5, 0.25, 0.04)))
    assert np.abs(tips(job.segments[1]) - tip).max() < 0.02


@pytest.mark.parametrize('prepare', [prepare_reach, prepare_push])
def test_a_trace_of_one_place_is_refused(scene, prepare):
    scene = scene.box((0.5, 0.0), (0.05, 0.05, 0.05))
    with pytest.raises(GroundingError) as error:
        prepare(cell_of(scene.render()[0], NotingArm()), trace_of(scene, (0.5, 0.0, 0.05)))
    assert error.value.code == OutcomeCode.TRACE_INVALID


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


def test_a_push_ends_before_the_edge_of_the_table(scene, table_ends):
    scene = scene.box((0.5, 0.0), (0.05, 0.05, 0.05))
    trace = trace_of(scene, (0.5, -0.1, 0.025), (0.5, 0.25, 0.025))
    view, _ = scene.render()
    table_ends(view, lambda points: points[..., 1] > 0.15)
    job = prepare_push(cell_of(view, NotingArm()), trace)
    assert 0.05 < job.change.goal[1] < 0.15 - 0.025


def test_a_push_ends_before_the_robots_foot(scene):
    scene = scene.box((0.5, 0.0), (0.05, 0.05, 0.05))
    job, _ = pushed(scene, (0.6, 0.0, 0.025), (0.1, 0.0, 0.025))
    assert CONFIG.base_radius_m + 0.03 < job.change.goal[0] < CONFIG.base_radius_m + 0.06


def test_what_is_just_beneath_the_tool_can_be_pushed(scene):
    cell = in_the_air(scene, (0.5, 0.25, 0.09))
    job = prepare_push(cell, trace_of(scene, (0.5, 0.15, 0.02), (0.5, 0.35, 0.02)))
    np.testing.assert_allclose(job.change.before.centre, (0.5, 0.25), atol=0.005)


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


def test_what_was_held_before_is_not_planned_with(scene, tight_box):
    arm = NotingArm()
    view, masks = scene.box((0.5, -0.15), (0.04, 0.04, 0.04)).render()
    prepare_pick(cell_of(view, arm), tight_box(masks[0]), 'cube')
    assert arm.calls[0] == 'let go'
    assert 'plan_pose' in arm.calls


def test_the_robots_own_foot_is_no_object(scene, tight_box):
    scene = replace(scene, target=(0.2, 0.0, 0.0)).cylinder((0.05, 0.0), 0.025, 0.1)
    view, masks = scene.render()
    arm = NotingArm()
    with pytest.raises(GroundingError, match='robot itself') as error:
        prepare_pick(cell_of(view, arm), tight_box(masks[0]), 'cube')
    assert error.value.code == OutcomeCode.NO_OBJECT_POINTS
    assert not arm.calls
