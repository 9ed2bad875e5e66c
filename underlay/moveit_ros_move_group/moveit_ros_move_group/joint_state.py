"""The robot's current joint positions, and how old they are."""

from collections.abc import Callable, Sequence
import threading

from moveit_ros_move_group.errors import Code, MoveItError

MAX_AGE = 1.0  # [s] by the node's clock
PATIENCE = 1.0  # [s] to wait for a fresh state, as MoveIt does


class JointState:
    """The newest position of every joint; safe to use from any thread."""

    def __init__(self, now: Callable[[], float]) -> None:
        """Start without any; `now` returns the node's time [s]."""
        self._now = now
        self._arrived = threading.Condition()
        self._latest: dict[str, tuple[float, float]] = {}

    def update(self, names: Sequence[str], positions: Sequence[float], stamp: float) -> None:
        """Take in positions measured at `stamp` [s]; 0 means now."""
        measured = stamp or self._now()
        with self._arrived:
            self._latest.update(
                (name, (position, measured))
                for name, position in zip(names, positions, strict=False)
            )
            self._arrived.notify_all()

    def positions(self, required: Sequence[str]) -> dict[str, float]:
        """Return the positions of all joints; wait up to 1 s for fresh ones of `required`.

        Raises:
            MoveItError: ROBOT_STATE_STALE.
        """
        with self._arrived:
            if not self._arrived.wait_for(lambda: not self._stale(required), PATIENCE):
                raise MoveItError(
                    Code.ROBOT_STATE_STALE,
                    f'No position younger than {MAX_AGE:g} s of {", ".join(self._stale(required))}'
                    " on topic 'joint_states': is the robot's driver running, and does "
                    'use_sim_time fit?',
                )
            return {name: position for name, (position, _) in self._latest.items()}

    def known(self) -> dict[str, float]:
        """Return the last positions known, however old."""
        with self._arrived:
            return {name: position for name, (position, _) in self._latest.items()}

    def _stale(self, joints: Sequence[str]) -> list[str]:
        oldest = self._now() - MAX_AGE
        return [n for n in joints if n not in self._latest or self._latest[n][1] < oldest]
