"""Whether an action is executed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .launch_context import LaunchContext


class Condition:
    """A question that is answered when the launch reaches the action that asks it."""

    def __init__(self, *, predicate: Callable[[LaunchContext], bool] | None = None) -> None:
        self.__predicate = predicate

    def describe(self) -> str:
        """Say what is asked."""
        return repr(self)

    def evaluate(self, context: LaunchContext) -> bool:
        """Answer; without a predicate the answer is no."""
        return self.__predicate is not None and self.__predicate(context)
