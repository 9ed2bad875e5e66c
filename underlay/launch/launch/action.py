"""An intention: something to be done when the launch reaches it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterable, List, Optional, Tuple

from .condition import Condition
from .launch_description_entity import LaunchDescriptionEntity

if TYPE_CHECKING:
    from .launch_context import LaunchContext


class Action(LaunchDescriptionEntity):
    """Base class of all actions; subclasses define `execute`."""

    def __init__(self, *, condition: Optional[Condition] = None) -> None:
        self.__condition = condition

    @property
    def condition(self) -> Optional[Condition]:
        """The condition under which the action is executed."""
        return self.__condition

    def get_sub_entities(self) -> List[LaunchDescriptionEntity]:
        """Return the entities that this action leads to, as far as is known beforehand."""
        return []

    def describe_sub_entities(self) -> List[LaunchDescriptionEntity]:
        return [] if self.condition else self.get_sub_entities()

    def describe_conditional_sub_entities(
        self,
    ) -> List[Tuple[str, Iterable[LaunchDescriptionEntity]]]:
        if self.condition is None:
            return []
        return [(f'Conditionally included by {self.describe()}', self.get_sub_entities())]

    def visit(self, context: LaunchContext) -> Optional[List[LaunchDescriptionEntity]]:
        if self.condition is None or self.condition.evaluate(context):
            return self.execute(context)
        return None

    def execute(self, context: LaunchContext) -> Optional[List[LaunchDescriptionEntity]]:
        """Do it; return the entities to be visited next, if any."""
        return None
