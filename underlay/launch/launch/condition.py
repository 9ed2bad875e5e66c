"""Whether an action is executed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Optional

if TYPE_CHECKING:
    from .launch_context import LaunchContext


class Condition:
    """A question that is answered when the launch reaches the action that asks it."""

    def __init__(self, *, predicate: Optional[Callable[[LaunchContext], bool]] = None) -> None:
        self.__predicate = predicate

    def describe(self) -> str:
        """Say what is asked."""
        return repr(self)

    def evaluate(self, context: LaunchContext) -> bool:
        """Answer; without a predicate the answer is yes."""
        return self.__predicate is None or self.__predicate(context)
