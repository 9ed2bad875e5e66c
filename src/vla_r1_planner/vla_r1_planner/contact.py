"""Does the arm run into something? Told from sudden changes of its joints' efforts.

Gravity, friction and what is carried change an effort slowly as the arm moves; an obstacle changes
it within a few hundredths of a second. So each effort is compared with its own slow average, which
needs no model of the arm. The change counts as a part of the joint's limit, so that one threshold
serves shoulders and wrists, and arms of all sizes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
import math

AVERAGE_S = 0.4  # how fast the average follows
IN_A_ROW = 2  # joint states: the knocks of a pushed thing that sticks and slips last one


@dataclass
class _Joint:
    average: float
    stamp_s: float
    changes: tuple[float, ...] = ()


class ContactSense:
    """Feels the efforts along one trajectory, joint state by joint state.

    Attributes:
        most: the largest sudden change so far, as a part of its joint's limit.
        most_joint: that joint's name; empty while no joint has told of an effort.
    """

    def __init__(self, limits: Mapping[str, float], threshold: float) -> None:
        """Begin with a joint's limit [N m or N] by name, and a threshold as a part of those."""
        self._limits = {name: limit for name, limit in limits.items() if limit > 0.0}
        self._threshold = threshold
        self._joints: dict[str, _Joint] = {}
        self.most, self.most_joint = 0.0, ''

    def update(self, stamp_s: float, efforts: Mapping[str, float]) -> str | None:
        """Return what was run into by the efforts [N m or N] of time stamp_s [s], if anything.

        A driver that does not measure a joint's effort leaves it out or says NaN.
        """
        found = None
        for name, limit in self._limits.items():
            effort = efforts.get(name, math.nan)
            if not math.isfinite(effort):
                continue
            change = self._change(name, stamp_s, effort) / limit
            if not self.most_joint or change > self.most:
                self.most, self.most_joint = change, name
            if change > self._threshold:
                found = f'the effort of {name} changed suddenly by {change * limit:.1f}'
        return found

    def _change(self, name: str, stamp_s: float, effort: float) -> float:
        """Return by how much the effort has left its average for IN_A_ROW joint states."""
        joint = self._joints.setdefault(name, _Joint(effort, stamp_s))
        joint.changes = (*joint.changes, effort - joint.average)[-IN_A_ROW:]
        low, high = min(joint.changes), max(joint.changes)
        lasting = max(low, 0.0) + min(high, 0.0) if len(joint.changes) == IN_A_ROW else 0.0
        # Not with every reading: a single bad one would drag the average far away.
        joint.average += lasting * (1.0 - math.exp(-(stamp_s - joint.stamp_s) / AVERAGE_S))
        joint.stamp_s = stamp_s
        return abs(lasting)
