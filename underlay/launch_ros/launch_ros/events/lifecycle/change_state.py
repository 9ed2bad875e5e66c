"""Nodes are asked to change their state."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from launch import Event
from lifecycle_msgs.msg import Transition

if TYPE_CHECKING:
    from ...actions import LifecycleNode

_TRANSITIONS = (
    'TRANSITION_CREATE',
    'TRANSITION_CONFIGURE',
    'TRANSITION_CLEANUP',
    'TRANSITION_ACTIVATE',
    'TRANSITION_DEACTIVATE',
    'TRANSITION_UNCONFIGURED_SHUTDOWN',
    'TRANSITION_INACTIVE_SHUTDOWN',
    'TRANSITION_ACTIVE_SHUTDOWN',
    'TRANSITION_DESTROY',
)


class ChangeState(Event):
    """Asks matching nodes for a transition of lifecycle_msgs/Transition."""

    name = 'launch_ros.events.lifecycle.ChangeState'
    valid_transitions: dict[int, str] = {getattr(Transition, name): name for name in _TRANSITIONS}

    def __init__(
        self, *, lifecycle_node_matcher: Callable[[LifecycleNode], bool], transition_id: int
    ) -> None:
        if transition_id not in self.valid_transitions:
            raise ValueError(
                f"given transition_id of '{transition_id}', "
                f'expected one of {self.valid_transitions}'
            )
        self.lifecycle_node_matcher = lifecycle_node_matcher
        self.transition_id = transition_id
