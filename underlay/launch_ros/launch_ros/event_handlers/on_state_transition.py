"""Handle that a node has changed its state."""

from collections.abc import Callable
from typing import Any

from launch import Event, EventHandler, SomeEntitiesType

from ..actions import LifecycleNode
from ..events.lifecycle import StateTransition


class OnStateTransition(EventHandler):
    """Visits entities when a node makes a transition, leaves a state or reaches one."""

    def __init__(
        self,
        *,
        entities: SomeEntitiesType,
        target_lifecycle_node: LifecycleNode | None = None,
        transition: str | None = None,
        start_state: str | None = None,
        goal_state: str | None = None,
        matcher: Callable[[Event], bool] | None = None,
        **kwargs: Any,
    ) -> None:
        """Say which transitions are meant.

        Args:
            entities: what to visit.
            target_lifecycle_node: the node, None for all.
            transition: the transition's label, None for all.
            start_state: the label of the state before, None for all.
            goal_state: the label of the state after, None for all.
            matcher: decides instead of all these.
            kwargs: see EventHandler.

        Raises:
            RuntimeError: the target is no LifecycleNode.
        """
        if not isinstance(target_lifecycle_node, (LifecycleNode, type(None))):
            raise RuntimeError("OnStateTransition requires a 'LifecycleNode' action as the target")

        def is_meant(event: Event) -> bool:
            return (
                isinstance(event, StateTransition)
                and target_lifecycle_node in (None, event.action)
                and transition in (None, event.transition)
                and start_state in (None, event.start_state)
                and goal_state in (None, event.goal_state)
            )

        super().__init__(matcher=matcher or is_meant, entities=entities, **kwargs)
