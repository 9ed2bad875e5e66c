"""A joint trajectory as a piecewise polynomial of time."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np


@dataclass(frozen=True)
class Waypoint:
    """One point of a joint trajectory; velocity and acceleration may be unknown.

    Attributes:
        time: since the start [s].
        position, velocity, acceleration: (6,) [rad], [rad/s], [rad/s^2].
    """

    time: float
    position: np.ndarray
    velocity: np.ndarray | None = None
    acceleration: np.ndarray | None = None


class Spline:
    """A curve through all waypoints.

    A segment is quintic where both its ends state accelerations, cubic where they state
    velocities, else linear.

    Attributes:
        duration: [s]
        end: (6,) [rad], the last waypoint's position.
    """

    def __init__(self, waypoints: list[Waypoint]) -> None:
        self._times = np.array([w.time for w in waypoints])
        self._segments = [_coefficients(a, b) for a, b in pairwise(waypoints)]
        self.duration = float(self._times[-1])
        self.end = waypoints[-1].position

    def at(self, time: float) -> tuple[np.ndarray, np.ndarray]:
        """Return position (6,) [rad] and velocity (6,) [rad/s]; at rest after the end."""
        if time >= self.duration:
            return self.end, np.zeros_like(self.end)
        i = max(0, int(np.searchsorted(self._times, time, side='right')) - 1)
        powers = (time - self._times[i]) ** np.arange(6)
        slopes = np.arange(1, 6) * powers[:5]
        return powers @ self._segments[i], slopes @ self._segments[i][1:]


def _coefficients(a: Waypoint, b: Waypoint) -> np.ndarray:
    """Return the segment's polynomial, (6, joints), constant term first."""
    t = b.time - a.time
    coefficients = np.zeros((6, len(a.position)))
    coefficients[0] = a.position
    delta = b.position - a.position
    if a.velocity is None or b.velocity is None:
        coefficients[1] = delta / t
    elif a.acceleration is None or b.acceleration is None:
        coefficients[1] = a.velocity
        coefficients[2] = (3 * delta / t - 2 * a.velocity - b.velocity) / t
        coefficients[3] = (a.velocity + b.velocity - 2 * delta / t) / t**2
    else:
        coefficients[1] = a.velocity
        coefficients[2] = a.acceleration / 2
        rest = delta - a.velocity * t - a.acceleration * t**2 / 2
        dv = b.velocity - a.velocity - a.acceleration * t
        da = b.acceleration - a.acceleration
        coefficients[3] = (10 * rest - 4 * dv * t + da * t**2 / 2) / t**3
        coefficients[4] = (-15 * rest + 7 * dv * t - da * t**2) / t**4
        coefficients[5] = (6 * rest - 3 * dv * t + da * t**2 / 2) / t**5
    return coefficients


def check_waypoints(waypoints: list[Waypoint]) -> None:
    """Raise ValueError unless times grow from 0 or later and the last point is at rest."""
    times = [w.time for w in waypoints]
    if not times or times[0] < 0 or any(b <= a for a, b in pairwise(times)):
        raise ValueError('time_from_start must grow from point to point, from 0 or later')
    last = waypoints[-1].velocity
    if last is not None and np.any(np.abs(last) > 1e-3):
        raise ValueError('the last point must be at rest')
