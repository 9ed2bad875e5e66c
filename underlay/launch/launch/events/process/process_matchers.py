"""Which child processes an event is meant for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TYPE_CHECKING

if TYPE_CHECKING:
    from ...actions import ExecuteProcess


def _matches(holds: Callable[[dict[str, Any]], bool]) -> Callable[[ExecuteProcess], bool]:
    """Return a matcher on the details of a process; one that was never started matches nothing."""

    def matcher(action: ExecuteProcess) -> bool:
        return action.process_details is not None and holds(action.process_details)

    return matcher


def matches_pid(pid: int) -> Callable[[ExecuteProcess], bool]:
    """Return a matcher for a process id."""
    return _matches(lambda details: details.get('pid') == pid)


def matches_name(name: str) -> Callable[[ExecuteProcess], bool]:
    """Return a matcher for a process name such as 'sim-1'."""
    return _matches(lambda details: details['name'] == name)


def matches_executable(executable: str) -> Callable[[ExecuteProcess], bool]:
    """Return a matcher for the end of the program's path."""
    return _matches(lambda details: details['cmd'][0].endswith(executable))
