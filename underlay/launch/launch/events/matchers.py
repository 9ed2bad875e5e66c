"""Which action an event is meant for."""

from collections.abc import Callable

from ..action import Action


def matches_action(target_action: Action) -> Callable[[Action], bool]:
    """Return a matcher for one action."""
    return lambda action: action is target_action
