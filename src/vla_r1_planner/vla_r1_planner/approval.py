"""Leave to move, given by a person."""

import threading

from vla_r1_core.errors import MotionError, OutcomeCode

from vla_r1_planner.requests import Stop


class Approval:
    """One plan at a time waits here until somebody approves it."""

    def __init__(self) -> None:
        self._given = threading.Event()
        self._awaited = False

    def grant(self) -> bool:
        """Let the plan that waits move; False when none waits."""
        if self._awaited:
            self._given.set()
        return self._awaited

    def wait(self, timeout_s: float, stop: Stop) -> None:
        """Wait until `grant` is called.

        Raises:
            MotionError: NOT_APPROVED when it is not in time, or the stop's own.
        """
        self._given.clear()
        self._awaited = True
        stop.add_hook(self._given.set)
        approved = self._given.wait(timeout_s)
        self._awaited = False
        stop.remove_hook(self._given.set)
        stop.check()
        if not approved:
            raise MotionError(
                OutcomeCode.NOT_APPROVED,
                f'nobody called `approve` within {timeout_s:g} s; '
                'ask again, or set execute to auto',
            )
