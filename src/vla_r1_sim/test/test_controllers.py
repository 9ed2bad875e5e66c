"""The controllers: they follow, they stop within limits, the newest goal wins."""

import numpy as np
import pytest
from vla_r1_sim.controllers import Ending, Tolerances
from vla_r1_sim.model import TIMESTEP_NS
from vla_r1_sim.robots import ROBOTS
from vla_r1_sim.scene import make_scene
from vla_r1_sim.simulation import Simulation
from vla_r1_sim.spline import Spline, Waypoint

DT = TIMESTEP_NS * 1e-9
TOLERANCES = Tolerances(path=np.full(6, 0.1), goal=np.full(6, 0.02), settle_time=0.5)
ZERO = np.zeros(6)


@pytest.fixture(params=ROBOTS.values(), ids=ROBOTS)
def sim(request):
    return Simulation(make_scene(0), request.param)


def line(sim, delta, duration):
    """Return waypoints that start and end at rest."""
    start = sim.arm.desired
    return [Waypoint(0.0, start, ZERO), Waypoint(duration, start + delta, ZERO)]


def run_until_end(sim, controller, limit=10.0):
    steps = 0
    while controller.ending is None:
        sim.step()
        steps += 1
        assert steps * DT < limit
    return steps * DT


@pytest.mark.parametrize('derivatives', [0, 1, 2])
def test_spline_passes_through_its_waypoints(derivatives):
    rng = np.random.default_rng(0)
    waypoints = [
        Waypoint(float(t), rng.normal(size=6), *(rng.normal(size=6) for _ in range(derivatives)))
        for t in (0.0, 0.4, 1.0)
    ]
    spline = Spline(waypoints)
    for waypoint in waypoints[:-1]:
        for t in (waypoint.time, waypoint.time - 1e-9):
            if t < 0:
                continue
            position, velocity = spline.at(t)
            np.testing.assert_allclose(position, waypoint.position, atol=1e-6)
            if derivatives:
                np.testing.assert_allclose(velocity, waypoint.velocity, atol=1e-5)


def test_arm_follows_a_trajectory_within_five_milliradians(sim):
    goal = np.array([0.6, 0.2, -0.3, 0.2, 0.3, 0.5])
    end = sim.arm.desired + goal
    sim.arm.follow(line(sim, goal, 1.0), TOLERANCES)
    worst = 0.0
    while sim.arm.ending is None:
        sim.step()
        worst = max(worst, np.abs(sim.world.arm_position() - sim.arm.desired).max())
    assert sim.arm.ending is Ending.REACHED
    assert worst < 0.005
    np.testing.assert_allclose(sim.world.arm_position(), end, atol=0.02)


@pytest.mark.parametrize('moment', [0.1, 0.4, 0.6, 0.75, 0.9, 1.1])
def test_stop_is_within_250_ms_and_within_the_acceleration_limit(sim, moment):
    sim.arm.follow(line(sim, np.array([1.28, 0.3, -0.5, 0.2, 0.3, 0.5]), 1.2), TOLERANCES)
    sim.step(round(moment / DT))
    sim.arm.stop()
    assert sim.arm.ending is Ending.STOPPED
    steps, fastest, last = 0, 0.0, sim.arm.desired
    speeds = [sim.arm._velocity]
    while not sim.arm.at_rest:
        sim.step()
        steps += 1
        speeds.append(sim.arm._velocity)
        fastest = max(fastest, np.abs(sim.arm.desired - last).max() / DT)
        last = sim.arm.desired
        assert steps * DT <= 0.25
    assert fastest <= 1.6 * 1.01  # joint_limits.yaml
    assert np.abs(np.diff(speeds, axis=0)).max() / DT <= sim.world.robot.max_acceleration * 1.001
    before = sim.world.arm_position()
    sim.step(500)
    np.testing.assert_allclose(sim.world.arm_position(), before, atol=0.005)


def test_a_newer_trajectory_replaces_the_one_under_way(sim):
    start = sim.arm.desired
    sim.arm.follow(line(sim, np.array([1.0, 0, 0, 0, 0, 0]), 1.0), TOLERANCES)
    sim.step(200)
    sim.arm.follow([Waypoint(1.0, start, ZERO)], TOLERANCES)
    run_until_end(sim, sim.arm)
    assert sim.arm.ending is Ending.REACHED
    np.testing.assert_allclose(sim.world.arm_position(), start, atol=0.02)


def test_a_blocked_arm_leaves_the_path_tolerance_and_stops(sim):
    # straight down into the table
    sim.arm.follow(line(sim, np.array([0, 1.6, 0, 0, 0, 0]), 1.5), TOLERANCES)
    run_until_end(sim, sim.arm)
    assert sim.arm.ending is Ending.PATH_TOLERANCE


@pytest.mark.parametrize(
    ('waypoints', 'reason'),
    [
        ([], 'time_from_start'),
        ([(0.5, 0.0), (0.5, 0.1)], 'time_from_start'),
        ([(0.0, 0.3), (1.0, 0.5)], 'where the arm is'),
    ],
)
def test_impossible_trajectories_are_refused(sim, waypoints, reason):
    start = sim.arm.desired
    with pytest.raises(ValueError, match=reason):
        sim.arm.follow([Waypoint(t, start + offset) for t, offset in waypoints], TOLERANCES)
    assert sim.arm.ending is Ending.REACHED


def test_a_trajectory_must_end_at_rest(sim):
    with pytest.raises(ValueError, match='rest'):
        sim.arm.follow([Waypoint(1.0, sim.arm.desired, np.full(6, 0.5))], TOLERANCES)


def test_gripper_reaches_positions_when_nothing_is_between_the_fingers(sim):
    for part in (0.0, 0.6, 1.0):
        position = part * sim.world.robot.finger_open
        sim.gripper.move(position, 40.0)
        run_until_end(sim, sim.gripper)
        assert sim.gripper.ending is Ending.REACHED
        assert sim.world.finger_position() == pytest.approx(position, abs=0.001)


def test_clock_does_not_jump_back_on_reset(sim):
    sim.step(10)
    before = sim.time_ns
    sim.reset(make_scene(1))
    sim.step()
    assert sim.time_ns == before + TIMESTEP_NS
