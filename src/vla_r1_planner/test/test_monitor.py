"""A motion is stopped when the arm is not where its trajectory says, and only then."""

import numpy as np
import pytest
from vla_r1_planner.monitor import PathMonitor, way

JOINTS = ('shoulder', 'elbow')
TOLERANCE = 0.05
PERIOD = 0.02
ELBOW = np.array([0.0, 1.0])


def smooth(duration_s=2.0, reach=(1.0, -0.6)):
    """A rest-to-rest motion, as planners make them, in steps of 0.1 s."""
    times = np.linspace(0.0, duration_s, round(duration_s / 0.1) + 1)
    phase = times / duration_s
    return way(JOINTS, times, np.outer(3 * phase**2 - 2 * phase**3, reach))


def drive(monitor, where, duration_s):
    """Feed joint states of where(t); return the first complaint and its time."""
    for t in np.arange(0.0, duration_s, PERIOD):
        trouble = monitor.update(100.0 + t, dict(zip(JOINTS, where(t), strict=True)))
        if trouble:
            return trouble, t
    return None, duration_s


def along(path, t):
    step = min(round(max(t, 0.0) / PERIOD), len(path.positions) - 1)
    return path.positions[step]


@pytest.mark.parametrize('speed', [1.0, 0.6, 0.3])
@pytest.mark.parametrize('late_s', [0.0, 0.4])
def test_a_late_or_slowed_arm_on_its_path_is_left_alone(speed, late_s):
    path = smooth()
    trouble, _ = drive(
        PathMonitor(path, TOLERANCE), lambda t: along(path, (t - late_s) * speed), 8.0
    )
    assert trouble is None


def test_noise_of_an_arm_that_has_arrived_is_no_motion():
    path, rng = smooth(), np.random.default_rng(0)
    trouble, _ = drive(
        PathMonitor(path, TOLERANCE), lambda t: along(path, t) + rng.normal(0.0, 0.0005, 2), 8.0
    )
    assert trouble is None


def test_an_arm_that_leaves_its_path_is_noticed_with_the_joint():
    path = smooth()
    trouble, at = drive(
        PathMonitor(path, TOLERANCE),
        lambda t: along(path, t) + 0.1 * max(0.0, t - 1.0) * ELBOW,
        2.0,
    )
    assert 'elbow' in trouble
    assert 1.3 < at < 1.9


def test_an_arm_that_something_holds_up_is_noticed_before_it_should_be_far_away():
    path = smooth()
    trouble, at = drive(PathMonitor(path, TOLERANCE), lambda t: along(path, min(t, 0.8)), 3.0)
    assert 'shoulder has stood still' in trouble
    missed = along(path, at) - along(path, 0.8)
    assert np.abs(missed).max() < 2 * TOLERANCE


def test_an_arm_that_never_begins_is_noticed():
    path = smooth()
    trouble, at = drive(PathMonitor(path, TOLERANCE), lambda _: along(path, 0.0), 5.0)
    assert 'stood still' in trouble
    assert 1.0 < at < 2.0


def test_an_arm_that_arrived_may_stand_still():
    path = smooth()
    trouble, _ = drive(PathMonitor(path, TOLERANCE), lambda t: along(path, t), 10.0)
    assert trouble is None


def test_joint_states_of_other_joints_are_passed_over():
    monitor = PathMonitor(smooth(), TOLERANCE)
    assert monitor.update(0.0, {'finger': 5.0}) is None
