"""Is the arm where the trajectory that it follows says?

Controllers start late and speed sliders slow a robot down, so the arm is compared with the path
and with its own progress along it, not with the clock alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

STEP_S = 0.02  # of the resampled trajectory
AHEAD_S = 1.0  # how far the arm may have come along the path between two joint states
MOVED_RAD = 0.005  # less than this is standing still
LATE_S = 1.0  # after which the arm must have begun


@dataclass(frozen=True)
class Way:
    """A trajectory in equal time steps of STEP_S.

    Attributes:
        joints: names.
        positions: (N, J) [rad or m].
    """

    joints: tuple[str, ...]
    positions: Array


def way(joints: Sequence[str], times_s: Sequence[float], positions: Array) -> Way:
    """Resample a trajectory with positions (N, J) [rad or m] at times [s]."""
    steps = np.arange(0.0, times_s[-1] + STEP_S, STEP_S)
    columns = [np.interp(steps, times_s, column) for column in positions.T]
    return Way(tuple(joints), np.column_stack(columns))


def farthest(joints: Sequence[str], here: Array, there: Array) -> tuple[str, float]:
    """Return the joint that differs most, and by how much [rad or m]."""
    gaps = np.abs(here - there)
    worst = int(gaps.argmax())
    return joints[worst], float(gaps[worst])


class PathMonitor:
    """Follows the arm along one trajectory, joint state by joint state."""

    def __init__(self, way: Way, tolerance_rad: float) -> None:
        """Begin at the start of a trajectory; both checks allow tolerance_rad [rad or m]."""
        self._way = way
        self._tolerance = tolerance_rad
        self._at = 0  # step of the trajectory that the arm has come to
        self._mark: Array | None = None  # where it last was seen to move
        self._mark_step, self._mark_s = 0, 0.0  # and when [s]

    def update(self, stamp_s: float, positions: Mapping[str, float]) -> str | None:
        """Return what is wrong at a joint state of time stamp_s [s], None when all is well."""
        if not all(joint in positions for joint in self._way.joints):
            return None
        here = np.array([positions[joint] for joint in self._way.joints])
        ahead = self._way.positions[self._at : self._at + int(AHEAD_S / STEP_S)]
        self._at += int(np.abs(ahead - here).max(axis=1).argmin())
        joint, gap = farthest(self._way.joints, here, self._way.positions[self._at])
        if gap > self._tolerance:
            return f'{joint} is {gap:.3f} off its path'
        if self._mark is None:
            self._mark, self._mark_s = here, stamp_s + LATE_S
        if np.abs(here - self._mark).max() > MOVED_RAD:
            self._mark, self._mark_step, self._mark_s = here, self._at, stamp_s
        return self._blocked(stamp_s)

    def _blocked(self, stamp_s: float) -> str | None:
        if stamp_s < self._mark_s:
            return None
        steps = self._mark_step + int((stamp_s - self._mark_s) / STEP_S)
        due = self._way.positions[min(steps, len(self._way.positions) - 1)]
        joint, gap = farthest(self._way.joints, due, self._way.positions[self._at])
        if gap <= self._tolerance:
            return None
        return f'{joint} has stood still for {stamp_s - self._mark_s:.2f} s, {gap:.3f} behind'
