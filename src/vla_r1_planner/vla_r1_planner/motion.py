"""What all tasks share: the arm they drive, and plans that are tried until one works.

Every segment is planned before anything moves, so that a motion that cannot be finished is not
begun. Nothing here waits for ROS; a stop arrives as a MotionError out of a call to the arm.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from vla_r1_core.errors import MotionError, OutcomeCode

from vla_r1_planner.footprint import Footprint
from vla_r1_planner.grasp import pointing_down

OUTLINE_STEP = 5  # planners give a pose every 10 to 50 ms; each costs 0.1 ms to publish

Array = NDArray[np.float64]
Report = Callable[[str, str], None]
Choice = TypeVar('Choice')
Plan = TypeVar('Plan')

# With these another way to hold the object may still work.
WORTH_ANOTHER_TRY = {
    OutcomeCode.GOAL_UNREACHABLE,
    OutcomeCode.GOAL_IN_COLLISION,
    OutcomeCode.PLANNING_FAILED,
    OutcomeCode.CARTESIAN_INCOMPLETE,
}


class Verdict(IntEnum):
    """Did the world change as asked? The values are those of vla_r1_msgs/Outcome."""

    UNKNOWN = 0
    VERIFIED = 1
    REFUTED = 2


@dataclass(frozen=True)
class Segment:
    """A planned motion.

    Attributes:
        tool_poses: (N, 4, 4), the tool's way in the base frame.
        end: where it ends, for the plan of the next segment; the arm's own type.
        trajectory: what `Arm.execute` takes; the arm's own type.
        planning_time_s: [s] the planner took.
    """

    tool_poses: Array
    end: Any
    trajectory: Any
    planning_time_s: float

    @property
    def outline(self) -> Array:
        """Return (M, 4, 4), some of the tool's poses, both ends among them: enough to look at."""
        return np.concatenate([self.tool_poses[:-1:OUTLINE_STEP], self.tool_poses[-1:]])


@dataclass(frozen=True)
class Held:
    """An object between the fingers.

    Attributes:
        T_tcp_object: (4, 4), the middle of its cuboid in the tool frame.
        size: (3,) [m] of the cuboid, along its own axes.
    """

    T_tcp_object: Array
    size: Array

    @classmethod
    def by(cls, T_base_tcp: Array, outline: Footprint) -> 'Held':
        """Return the object as the tool at a pose (4, 4) holds it."""
        height = outline.top - outline.bottom
        middle = np.array([*outline.centre, outline.bottom + height / 2])
        T_base_object = pointing_down(middle, outline.yaw)
        size = np.array([outline.short, outline.long, height])
        return cls(np.linalg.inv(T_base_tcp) @ T_base_object, size)


class Arm(Protocol):
    """An arm with a gripper; every call blocks and raises MotionError."""

    def set_scene(self, cuboids: Mapping[str, Footprint]) -> None:
        """Make these cuboids, by name, all that the arm keeps away from."""

    def plan_pose(self, T_base_tcp: Array, *, opening_m: float | None = None) -> Segment:
        """Plan from the present state to a tool pose (4, 4), with the gripper that far open."""

    def plan_line(self, tool_poses: Array, start: Segment, held: Held | None = None) -> Segment:
        """Plan straight lines through tool poses (N, 4, 4), from the end of another segment.

        What is held keeps clear of everything too.
        """

    def execute(self, segment: Segment) -> None:
        """Move along a segment; return when the arm has arrived."""

    def move_gripper(self, opening_m: float) -> float:
        """Move the fingers; return the opening [m] at which they came to rest."""

    def hold(self, held: Held) -> None:
        """Take note that the gripper holds an object from now on."""

    def let_go(self) -> None:
        """Take note that the gripper holds nothing any more."""

    def gripper_opening(self) -> float | None:
        """Return the opening [m] between the pads now, None when it cannot be told."""


@dataclass(frozen=True)
class Change:
    """What a task is to change in the world, so that somebody can look whether it did.

    Attributes:
        before: where the object stands when the task begins; None when none is moved.
        goal: (3,) [m] in the base frame, where the object's bottom shall be; None when it
            stays in the gripper or is not moved.
        held: the gripper shall hold the object at the end.
    """

    before: Footprint | None = None
    goal: Array | None = None
    held: bool = False


@dataclass(frozen=True)
class Job:
    """A task that is planned to its end and ready to move.

    Attributes:
        segments: in the order of travel.
        run: moves; returns what the gripper felt of the task's success.
        change: what it is to change in the world.
        camera: whether it goes by what the camera sees all along, and stops without it.
    """

    segments: tuple[Segment, ...]
    run: Callable[[], Verdict]
    change: Change
    camera: bool = False


def raised(pose: Array, height_m: float) -> Array:
    """Return a pose (4, 4) moved straight up [m] in the base frame."""
    higher = pose.copy()
    higher[2, 3] += height_m
    return higher


def withdrawn(pose: Array, distance_m: float) -> Array:
    """Return a tool pose (4, 4) moved back [m] along the tool's own axis."""
    back = pose.copy()
    back[:3, 3] -= distance_m * pose[:3, 2]
    return back


def first_that_works(
    attempt: Callable[[Choice], Plan], choices: Sequence[Choice], noun: str, report: Report
) -> Plan:
    """Return the plan of the first choice that can be planned.

    Raises:
        MotionError: with the code of the first choice when none can.
    """
    first_error: MotionError | None = None
    for number, choice in enumerate(choices, 1):
        report('plan', f'planning {noun} {number} of {len(choices)}')
        try:
            return attempt(choice)
        except MotionError as error:
            if error.code not in WORTH_ANOTHER_TRY:
                raise
            first_error = first_error or error
    if first_error is None:
        raise ValueError(f'no {noun} to plan')
    message = f'none of {len(choices)} {noun}s can be planned; the best one: {first_error}'
    raise MotionError(first_error.code, message) from first_error
