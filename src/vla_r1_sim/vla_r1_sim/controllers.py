"""The arm's trajectory controller and the gripper's position controller, without ROS.

Both are called once per physics step; a goal ends by itself (`Ending`), or is ended by a newer
goal or by `stop`.
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np

from vla_r1_sim.spline import check_waypoints, Spline, Waypoint
from vla_r1_sim.world import World

START_TOLERANCE = 0.05
"""How far from the arm a trajectory may start, any joint [rad]: the servos would jump."""
STANDSTILL = 0.02
"""Slower joints stand still [rad/s]."""


class Ending(Enum):
    """How a goal ended."""

    REACHED = 'reached'
    STALLED = 'stalled'
    PATH_TOLERANCE = 'left the path'
    GOAL_TOLERANCE = 'did not settle at the goal'
    STOPPED = 'stopped'


@dataclass(frozen=True)
class Tolerances:
    """(6,) [rad]; infinite where there is none. `settle_time` after the end [s]."""

    path: np.ndarray
    goal: np.ndarray
    settle_time: float


class ArmController:
    """Follows one joint trajectory at a time and holds the position otherwise.

    Attributes:
        ending: how the last goal ended, None while one is being followed.
        desired: (6,) [rad], what the servos are told.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.desired = world.arm_position()
        self._velocity = np.zeros_like(self.desired)
        self._spline: Spline | None = None
        self._tolerances: Tolerances | None = None
        self._time = 0.0
        self.ending: Ending | None = Ending.REACHED

    def follow(self, waypoints: list[Waypoint], tolerances: Tolerances) -> None:
        """Start a trajectory from the present state; a former one is forgotten.

        Raises:
            ValueError: times do not grow, the start is elsewhere, or the end is not at rest.
        """
        self.check(waypoints)
        here = Waypoint(0.0, self.desired, self._velocity)
        self._spline = Spline([here, *(w for w in waypoints if w.time > 0)])
        self._tolerances, self._time = tolerances, 0.0
        self.ending = None

    def check(self, waypoints: list[Waypoint]) -> None:
        """Raise ValueError when `follow` would not take these waypoints."""
        check_waypoints(waypoints)
        first = waypoints[0]
        if first.time == 0 and np.abs(first.position - self.desired).max() > START_TOLERANCE:
            raise ValueError(
                f'the first point is more than {START_TOLERANCE} rad from where the arm is; '
                'plan again from the present joint states'
            )

    @property
    def at_rest(self) -> bool:
        """Whether no motion is commanded and the joints stand still."""
        still = np.abs(self._world.arm_velocity()).max() < STANDSTILL
        return self._spline is None and not self._velocity.any() and bool(still)

    def stop(self) -> None:
        """Decelerate all joints together, within the limit, and hold where they come to rest."""
        if self.ending is None:
            self._end(Ending.STOPPED)

    def update(self, dt: float) -> None:
        """Command the servos for the next step of `dt` [s]."""
        if self._spline is None:
            self._brake(dt)
        else:
            self._time += dt
            self.desired, self._velocity = self._spline.at(self._time)
            self._check()
        self._world.command_arm(self.desired, self._velocity)

    def _check(self) -> None:
        assert self._spline is not None and self._tolerances is not None
        error = np.abs(self._world.arm_position() - self.desired)
        if self._time < self._spline.duration:
            if np.any(error > self._tolerances.path):
                self._end(Ending.PATH_TOLERANCE)
        elif np.all(error <= self._tolerances.goal):
            self._end(Ending.REACHED)
        elif self._time > self._spline.duration + self._tolerances.settle_time:
            self._end(Ending.GOAL_TOLERANCE)

    def _end(self, ending: Ending) -> None:
        self._spline, self.ending = None, ending

    def _brake(self, dt: float) -> None:
        """Shrink the velocity vector: the joints stay on a straight line and stop together."""
        fastest = np.abs(self._velocity).max()
        if fastest == 0.0:
            return
        factor = max(0.0, 1 - self._world.robot.max_acceleration * dt / fastest)
        self.desired = self.desired + self._velocity * dt * (1 + factor) / 2
        self._velocity = self._velocity * factor


class GripperController:
    """Moves the fingers to a position and says whether they arrived or were blocked.

    Attributes:
        ending: how the last goal ended, None while the fingers move.
        goal: [m], of the finger joint.
    """

    GOAL_TOLERANCE = 0.001
    """[m]"""
    STALL_SPEED = 0.002
    """Fingers slower than this are blocked [m/s] …"""
    STALL_TIME = 0.2
    """… when that lasts this long [s]."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.goal = world.robot.finger_open
        self._desired = world.robot.finger_open
        self._still = 0.0
        self.ending: Ending | None = Ending.REACHED

    def move(self, position: float, max_effort: float) -> None:
        """Start towards `position` [m], pressing with at most `max_effort` [N]."""
        self.goal, self._still, self.ending = position, 0.0, None
        self._world.limit_gripper_force(max_effort)

    def stop(self) -> None:
        """Stay where the fingers are told to be now: a held object stays held."""
        if self.ending is None:
            self.goal, self.ending = self._desired, Ending.STOPPED

    def update(self, dt: float) -> None:
        """Command the fingers for the next step of `dt` [s]."""
        step = self._world.robot.finger_speed * dt
        self._desired += float(np.clip(self.goal - self._desired, -step, step))
        self._world.command_gripper(self._desired)
        if self.ending is not None:
            return
        slow = abs(self._world.finger_velocity()) < self.STALL_SPEED
        self._still = self._still + dt if slow else 0.0
        if abs(self._world.finger_position() - self.goal) <= self.GOAL_TOLERANCE:
            self.ending = Ending.REACHED
        elif self._still >= self.STALL_TIME:
            self.ending = Ending.STALLED
