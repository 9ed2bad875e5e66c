"""Place on analytic scenes, from box and trace to the order of motions."""

from dataclasses import replace

from noting_arm import NotingArm
import numpy as np
import pytest
from task_cell import cell_of, CONFIG, trace_of
from vla_r1_core.errors import GroundingError, MotionError, OutcomeCode
from vla_r1_planner.place import prepare_place


def bowl(scene, xy, half=0.06, height=0.04, wall=0.006):
    """A square bowl without a floor of its own."""
    x, y = xy
    for sign in (-1, 1):
        scene = scene.box((x + sign * half, y), (wall, 2 * half + wall, height))
        scene = scene.box((x, y + sign * half), (2 * half + wall, wall, height))
    return scene


@pytest.fixture
def cube(scene):
    return scene.box((0.5, -0.15), (0.04, 0.04, 0.04))


def placed(scene, tight_box, end, arm=None):
    """Carry the scene's first solid, a cube of 40 mm at (0.5, -0.15), to a place."""
    arm = arm or NotingArm()
    view, masks = scene.render()
    cell = cell_of(view, arm)
    trace = trace_of(scene, (0.5, -0.15, 0.04), end)
    return prepare_place(cell, tight_box(masks[0]), 'cube', cell, trace), arm


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


def carried_past(cube, tight_box, blocked, **limits):
    """Carry the cube along a trace around a post, whose first `blocked` turns cannot be planned.

    Returns:
        Where its bottom goes, (N, 3), on the way there and down.
    """
    view, masks = cube.box((0.5, -0.02), (0.06, 0.06, 0.10)).render()
    corners = (0.36, -0.08, 0.0), (0.36, 0.06, 0.0)
    trace = trace_of(cube, (0.5, -0.15, 0.04), *corners, (0.5, 0.2, 0.0))
    fail = {5 + turn: OutcomeCode.CARTESIAN_INCOMPLETE for turn in range(blocked)}
    cell = cell_of(view, NotingArm(fail=fail))
    cell = replace(cell, config=replace(CONFIG, **limits))
    job = prepare_place(cell, tight_box(masks[0]), 'cube', cell, trace)
    end = bottom(job, job.segments[4])[-1]
    np.testing.assert_allclose(end, (0.5, 0.2, CONFIG.release_clearance_m), atol=0.006)
    return bottom(job, job.segments[3])


def test_what_cannot_be_carried_around_is_carried_over(cube, tight_box):
    around = carried_past(cube, tight_box, blocked=0)
    assert around[:, 0].min() < 0.38
    assert around[1:, 2].max() < 0.06
    over = carried_past(cube, tight_box, blocked=4)
    np.testing.assert_allclose(over[:, 0], 0.5, atol=0.006)
    assert over[:, 2].max() > 0.10 + CONFIG.carry_clearance_m - 0.006


def test_nothing_is_carried_over_higher_than_the_workspace(cube, tight_box):
    around = carried_past(cube, tight_box, blocked=4, workspace_max_z=0.11)
    assert around[:, 2].max() < 0.11


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
