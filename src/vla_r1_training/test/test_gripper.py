"""Closings and openings, and which of them took and left the object."""

import numpy as np
import pytest
from vla_r1_training.bags.episode import GripperPath
from vla_r1_training.bags.gripper import by_fingers, events, grasp_and_release
from vla_r1_training.bags.transforms import Transforms

S = 1_000_000_000
SPEED = 0.08  # [m/s]


def path(*widths, noise=0.0):
    """Hold each width [m] for a second and move to the next."""
    times, opening = [0.0], [widths[0]]
    for width in widths:
        for value, seconds in ((width, abs(width - opening[-1]) / SPEED), (width, 1.0)):
            times.append(times[-1] + max(seconds, 1e-6))
            opening.append(value)
    grid = np.arange(0.0, times[-1], 0.02)
    rng = np.random.default_rng(0)
    values = np.interp(grid, times, opening) + noise * rng.standard_normal(len(grid))
    return GripperPath((grid * S).astype(np.int64), values)


@pytest.mark.parametrize('noise', [0.0, 1e-5])
def test_each_motion_is_one_event(noise):
    found = events(path(0.09, 0.06, 0.03, 0.06, noise=noise))
    assert [round(event.change, 2) for event in found] == [-0.03, -0.03, 0.03]
    assert [event.end_ns - event.begin_ns for event in found] == pytest.approx(
        [0.375 * S] * 3, abs=0.12 * S
    )


def test_trembling_is_no_event():
    assert events(path(0.05, 0.0505, 0.05)) == []


@pytest.mark.parametrize(
    ('widths', 'grasp', 'release'),
    [
        ((0.09, 0.06, 0.03), 1, None),  # to a width that fits, then around the object
        ((0.0, 0.06, 0.03), 1, None),
        ((0.09, 0.06, 0.03, 0.06), 1, 2),
        ((0.09, 0.03, 0.09, 0.0), 0, 1),  # and closed again to park
        ((0.09, 0.02, 0.09, 0.03, 0.09), 2, 3),  # missed at first
        ((0.0, 0.09), None, None),
        ((0.05,), None, None),
    ],
)
def test_the_closing_before_the_last_opening_took_the_object(widths, grasp, release):
    happened = events(path(*widths))
    expected = tuple(None if i is None else happened[i] for i in (grasp, release))
    assert grasp_and_release(happened) == expected


def test_the_opening_is_the_distance_of_the_fingers_that_move():
    transforms = Transforms()
    for name, y in (('left_pad_guard', 0.5), ('right_pad_guard', -0.5)):
        transforms.add('hand', name, 0, (0.0, y, 0.0, 0, 0, 0, 1), static=True)
    for k in range(50):
        half = 0.04 - 0.0005 * k
        for name, y in (('left_finger', half), ('right_finger', -half)):
            transforms.add('hand', name, k * S // 50, (0.0, y, 0.0, 0, 0, 0, 1), static=False)
    found = by_fingers(transforms, 0, S)
    assert found.opening == pytest.approx(0.08 - 0.001 * np.arange(50))


def test_without_a_pair_of_fingers_nothing_is_known():
    transforms = Transforms()
    transforms.add('hand', 'left_finger', 0, (0, 0, 0, 0, 0, 0, 1), static=False)
    assert by_fingers(transforms, 0, S) is None
