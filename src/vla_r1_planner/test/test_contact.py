"""Contact is told from efforts that jump, whatever they are otherwise, and only from those."""

import math

import numpy as np
import pytest
from vla_r1_planner.contact import ContactSense

LIMITS = {'shoulder': 150.0, 'wrist': 28.0}
THRESHOLD = 0.3
PERIOD = 0.02


def feel(efforts, duration_s=3.0, period_s=PERIOD):
    """Feed efforts(t), joint by name; return the first complaint and its time."""
    sense = ContactSense(LIMITS, THRESHOLD)
    for t in np.arange(0.0, duration_s, period_s):
        found = sense.update(100.0 + t, efforts(t))
        if found:
            return found, t
    return None, sense


def knock(at, height):
    """A wrist that holds 5 N m and is pressed against something from a time [s] on."""
    return lambda t: {'shoulder': 20.0, 'wrist': 5.0 + height * (t >= at)}


@pytest.mark.parametrize('sign', [1.0, -1.0])
@pytest.mark.parametrize('period_s', [0.002, 0.02])
def test_a_jump_is_felt_at_once_with_the_joint(sign, period_s):
    found, at = feel(knock(1.0, sign * 0.4 * LIMITS['wrist']), period_s=period_s)
    assert 'wrist' in found
    assert 1.0 <= at <= 1.0 + 2 * period_s


def test_a_jump_below_the_threshold_is_told_but_stops_nothing():
    found, sense = feel(knock(1.0, 0.2 * LIMITS['wrist']))
    assert found is None
    assert sense.most_joint == 'wrist'
    assert sense.most == pytest.approx(0.2, abs=0.02)


def test_gravity_of_an_arm_that_stretches_is_no_contact():
    found, _ = feel(lambda t: {'shoulder': 140.0 * math.sin(0.6 * t), 'wrist': 3.0})
    assert found is None


def test_an_effort_that_keeps_growing_quickly_is_contact():
    found, at = feel(lambda t: {'shoulder': 200.0 * max(0.0, t - 1.0)})
    assert 'shoulder' in found
    assert at < 1.5


@pytest.mark.parametrize('bad', [1e3, math.nan])
def test_a_single_bad_reading_is_no_contact(bad):
    found, _ = feel(lambda t: {'wrist': bad if abs(t - 1.0) < PERIOD / 2 else 5.0})
    assert found is None


def test_joints_without_effort_or_without_a_limit_are_passed_over():
    sense = ContactSense({'elbow': 0.0, 'wrist': 28.0}, THRESHOLD)
    for step in range(50):
        assert sense.update(step * PERIOD, {'elbow': 50.0 * step, 'wrist': math.nan}) is None
    assert sense.most_joint == ''


def test_a_message_of_other_joints_does_not_count_as_a_second_reading():
    sense = ContactSense(LIMITS, THRESHOLD)
    sense.update(0.00, {'wrist': 0.0})
    assert sense.update(0.02, {'wrist': 20.0}) is None
    assert sense.update(0.03, {'finger': 1.0}) is None
    assert sense.update(0.04, {'wrist': 20.0}) is not None
