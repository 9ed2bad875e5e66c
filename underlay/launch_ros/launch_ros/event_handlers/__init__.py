"""What is to be done when something happens to a node."""

from .on_state_transition import OnStateTransition

__all__ = ['OnStateTransition']
