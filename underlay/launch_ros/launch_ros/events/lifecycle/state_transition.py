"""A node has changed its state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from launch import Event
from lifecycle_msgs.msg import TransitionEvent

if TYPE_CHECKING:
    from ...actions import LifecycleNode


class StateTransition(Event):
    """Emitted for every message on the node's `transition_event` topic."""

    name = 'launch_ros.events.lifecycle.StateTransition'

    def __init__(self, *, action: LifecycleNode, msg: TransitionEvent) -> None:
        self.action = action
        self.msg = msg

    @property
    def timestamp(self) -> int:
        """When, by the node's clock [ns]."""
        return self.msg.timestamp

    @property
    def transition(self) -> str:
        """The transition, such as 'configure'."""
        return self.msg.transition.label

    @property
    def start_state(self) -> str:
        """The state before, such as 'unconfigured'."""
        return self.msg.start_state.label

    @property
    def goal_state(self) -> str:
        """The state after, such as 'inactive'."""
        return self.msg.goal_state.label
