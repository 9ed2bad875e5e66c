"""When the gripper closed and opened, from the fingers' transforms or from joint states."""

from dataclasses import dataclass
from itertools import pairwise
import re

import numpy as np
from numpy.typing import NDArray

from vla_r1_training.bags.episode import GripperPath
from vla_r1_training.bags.transforms import TransformError, Transforms

_FINGER = re.compile(r'finger|jaw|knuckle|pad|tip')
MOVED_M = 0.004
"""A smaller change of the opening is no closing or opening [m]."""
_STILL_M_S = 0.003
_STEP_NS = 20_000_000
_SMOOTH = 5  # steps


@dataclass(frozen=True)
class Event:
    """The gripper's fingers came to rest after moving.

    Attributes:
        begin_ns, end_ns: of the motion.
        change: of the opening [m]; negative when it closed.
    """

    begin_ns: int
    end_ns: int
    change: float


def finger_frames(transforms: Transforms) -> list[tuple[str, str]]:
    """Return pairs of frames that are left and right of the same kind of finger."""
    frames = transforms.frames
    pairs = []
    for name in sorted(frames):
        if 'left' in name and _FINGER.search(name):
            other = name.replace('left', 'right')
            if other in frames:
                pairs.append((name, other))
    return pairs


def by_fingers(transforms: Transforms, begin_ns: int, end_ns: int) -> GripperPath | None:
    """Return the distance between the fingers that move most; None without a pair of them."""
    best: GripperPath | None = None
    for left, right in finger_frames(transforms):
        stamps = transforms.stamps(left, begin_ns, end_ns)
        if len(stamps) < 2:
            continue
        try:
            between = transforms.lookup(left, right, stamps)[:, :3, 3]
        except TransformError:
            continue
        path = GripperPath(stamps, np.linalg.norm(between, axis=1))
        if best is None or np.ptp(path.opening) > np.ptp(best.opening):
            best = path
    return best


def events(path: GripperPath) -> list[Event]:
    """Return the closings and openings, in the order of time."""
    if len(path.stamps_ns) < 2:
        return []
    times = np.arange(path.stamps_ns[0], path.stamps_ns[-1], _STEP_NS)
    opening = np.interp(times, path.stamps_ns, path.opening)
    if len(times) <= _SMOOTH:
        return []
    padded = np.pad(opening, _SMOOTH // 2, mode='edge')
    opening = np.convolve(padded, np.full(_SMOOTH, 1 / _SMOOTH), mode='valid')
    speed = np.gradient(opening, _STEP_NS * 1e-9)
    direction = np.where(np.abs(speed) > _STILL_M_S, np.sign(speed), 0).astype(int)
    found = []
    for begin, end in _runs(direction):
        change = float(opening[end] - opening[begin])
        if abs(change) > MOVED_M:
            found.append(Event(int(times[begin]), int(times[end]), change))
    return found


def grasp_and_release(happened: list[Event]) -> tuple[Event | None, Event | None]:
    """Return the closing that took the object, and the opening that let it go.

    Before a grasp the gripper may be opened or closed to a width that fits; what counts is the
    last closing before the last opening, or the last closing when none opens it again.
    """
    closings = [event for event in happened if event.change < 0]
    openings = [event for event in happened if event.change > 0]
    if not closings:
        return None, None
    release = openings[-1] if openings and openings[-1].begin_ns > closings[0].end_ns else None
    if release is None:
        return closings[-1], None
    return [event for event in closings if event.end_ns <= release.begin_ns][-1], release


def _runs(direction: NDArray[np.int_]) -> list[tuple[int, int]]:
    """Return begin and end of the stretches in which (N,) signs are the same and not 0."""
    edges = np.flatnonzero(np.diff(direction)) + 1
    bounds = [0, *edges.tolist(), len(direction)]
    return [(a, min(b, len(direction) - 1)) for a, b in pairwise(bounds) if direction[a]]
