"""Trace and depth to waypoints, on analytic scenes."""

from dataclasses import replace

import numpy as np
import pytest
from vla_r1_core.errors import GroundingError, OutcomeCode
from vla_r1_core.types import Trajectory2D
from vla_r1_planner.neighbours import Cylinder
from vla_r1_planner.trace import dense, PointState, trace_path

ALONG = [(0.4 + 0.025 * i, -0.2 + 0.1 * i, 0.0) for i in range(5)]


@pytest.fixture
def seen(scene):
    view, _ = scene.render()
    return view, Trajectory2D(tuple(scene.pixel(xyz) for xyz in ALONG))


def hide(view, trace, indices):
    depth = view.depth.copy()
    for i in indices:
        x, y = trace.points[i]
        col, row = int(x * view.camera.width), int(y * view.camera.height)
        depth[row - 6 : row + 7, col - 6 : col + 7] = np.nan
    return replace(view, depth=depth)


def test_every_point_lies_where_the_pixel_looks(seen):
    view, trace = seen
    path = trace_path(view, trace)
    np.testing.assert_allclose(path.points, ALONG, atol=0.002)
    assert set(path.states) == {PointState.MEASURED}


def test_a_point_without_depth_is_bridged_and_says_so(seen):
    view, trace = seen
    path = trace_path(hide(view, trace, [2]), trace)
    np.testing.assert_allclose(path.points, ALONG, atol=0.004)
    assert path.states[2] is PointState.NO_DEPTH
    assert path.skipped == ()
    assert path.states.count(PointState.MEASURED) == 4


def test_a_point_outside_the_image_is_bridged_and_says_so(seen):
    view, trace = seen
    path = trace_path(view, Trajectory2D((*trace.points[:4], (1.2, 0.5))))
    assert path.states[4] is PointState.OUTSIDE_IMAGE
    assert np.isfinite(path.points).all()


def test_a_trace_that_is_mostly_blind_is_refused_with_the_reason(seen):
    view, trace = seen
    with pytest.raises(GroundingError, match='no depth') as error:
        trace_path(hide(view, trace, [0, 1, 2]), trace)
    assert error.value.code == OutcomeCode.TRACE_INVALID


def test_a_start_in_the_air_is_left_out(scene):
    held = scene.ball((0.6, -0.1), 0.03)
    kind, centre, size, yaw = held.solids[-1]
    held.solids[-1] = (kind, centre + np.array([0.0, 0.0, 0.27]), size, yaw)
    view, (mask,) = held.render()
    assert mask.any()
    gripper = held.pixel((0.6, -0.1, 0.3))
    path = trace_path(view, Trajectory2D((gripper, *(held.pixel(xyz) for xyz in ALONG))))
    assert path.skipped == (PointState.IN_THE_AIR,)
    np.testing.assert_allclose(path.points, ALONG, atol=0.002)


def test_the_top_of_an_object_is_a_waypoint(scene):
    on_top = scene.box((0.5, 0.2), (0.06, 0.06, 0.05))
    view, _ = on_top.render()
    pixels = [on_top.pixel(xyz) for xyz in (*ALONG[:4], (0.5, 0.2, 0.05))]
    path = trace_path(view, Trajectory2D(tuple(pixels)))
    np.testing.assert_allclose(path.points[-1], (0.5, 0.2, 0.05), atol=0.003)
    assert path.surface.z_at(np.array([0.5, 0.2])) == pytest.approx(0.0, abs=0.003)


@pytest.mark.parametrize('count', [1, 3])
def test_a_single_place_is_no_trace_however_often_it_is_named(seen, count):
    view, trace = seen
    with pytest.raises(GroundingError, match='single place') as error:
        dense(Trajectory2D(trace.points[:1] * count), view.camera)
    assert error.value.code == OutcomeCode.TRACE_INVALID


@pytest.mark.parametrize(('standing', 'order'), [(-1, 1), (0, -1)])
def test_a_trace_may_be_mostly_over_the_floor_beyond_the_edge(scene, table_ends, standing, order):
    view, _ = scene.render()
    table_ends(view, lambda points: points[..., 0] < 0.4)
    way = [scene.pixel((x, 0.0, 0.0)) for x in np.linspace(-0.2, 0.5, 8)[::order]]
    trace = dense(Trajectory2D(tuple(way)), view.camera)
    path = trace_path(view, trace, standing=standing)
    assert path.states.count(PointState.MEASURED) < len(trace.points) / 2
    np.testing.assert_allclose(path.surface.z_at(path.points[[standing], :2]), 0.0, atol=0.003)


def test_a_start_on_the_robot_is_left_out_however_long_it_is(seen):
    view, trace = seen
    arm = Cylinder(np.array([0.38, -0.28, 0.0]), np.array([0.45, 0.0, 0.0]), 0.05)
    path = trace_path(view, trace, [arm])
    np.testing.assert_allclose(path.points, ALONG[3:], atol=0.002)
    assert path.skipped == (PointState.IN_THE_AIR,) * 3


def arm_over(end):
    """A part of the robot that lies along the trace up to a place (3,) [m]."""
    return Cylinder(np.array([0.38, -0.28, 0.0]), np.add(end, (0.01, 0.04, 0.0)), 0.05)


def test_one_place_beside_the_robot_is_enough(seen):
    view, trace = seen
    path = trace_path(view, trace, [arm_over(ALONG[3])])
    np.testing.assert_allclose(path.points, ALONG[4:], atol=0.002)


def test_a_trace_all_on_the_robot_is_refused(seen):
    view, trace = seen
    with pytest.raises(GroundingError, match='robot') as error:
        trace_path(view, trace, [arm_over(ALONG[4])])
    assert error.value.code == OutcomeCode.TRACE_INVALID
