"""How long and how hard a robot brakes, from its joint states."""

from collections import deque
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from rclpy.node import Node
from ros_cell import STILL
from sensor_msgs.msg import JointState

NEEDED_S = 0.250
WATCH_S = 1.5  # after a stop: long enough to notice an arm that goes on
KEPT = 400  # joint states


@dataclass(frozen=True)
class Sample:
    """The joints at a time [s, the robot's clock]: velocities [rad/s or m/s] by name."""

    stamp: float
    velocity: dict[str, float]

    @property
    def moving(self) -> bool:
        """Whether any joint moves."""
        return max(abs(v) for v in self.velocity.values()) > STILL


class MotionWatch:
    """Remembers the last joint states."""

    def __init__(self, node: Node) -> None:
        self._samples: deque[Sample] = deque(maxlen=KEPT)
        node.create_subscription(JointState, 'joint_states', self._on, 10)

    @property
    def now(self) -> float:
        """The newest stamp [s]."""
        return self._samples[-1].stamp if self._samples else 0.0

    def moved_for(self, since: float) -> float:
        """Return how long [s] after a stamp [s] something last moved."""
        return max(
            (s.stamp - since for s in self._samples if s.stamp > since and s.moving), default=0.0
        )

    def braked(self, since: float) -> float:
        """Return the hardest deceleration of an arm's joint [rad/s^2] after a stamp [s]."""
        after = [s for s in self._samples if s.stamp >= since]
        hardest = 0.0
        for one, other in pairwise(after):
            names = [n for n in one.velocity if 'finger' not in n]
            slower = [abs(one.velocity[n]) - abs(other.velocity[n]) for n in names]
            hardest = max(hardest, max(slower) / (other.stamp - one.stamp))
        return hardest

    def _on(self, msg: JointState) -> None:
        stamp = msg.header.stamp.sec + 1e-9 * msg.header.stamp.nanosec
        self._samples.append(Sample(stamp, dict(zip(msg.name, msg.velocity, strict=True))))


def table(rows: dict[str, list[tuple[float, float]]]) -> str:
    """Return a line a row: how many stops, their median and longest [ms], hardest [rad/s^2]."""
    lines = []
    for name, stops in rows.items():
        seconds, hardness = np.array(stops).T
        lines.append(
            f'{name:18} {len(stops):3} stops: median {1000 * np.median(seconds):4.0f} ms, '
            f'longest {1000 * seconds.max():4.0f} ms; at most {hardness.max():.1f} rad/s^2'
        )
    return '\n'.join(lines)
