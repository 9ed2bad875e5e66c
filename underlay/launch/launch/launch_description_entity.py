"""The node of the tree that a launch description is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Iterable, List, Optional, Tuple

if TYPE_CHECKING:
    from .launch_context import LaunchContext


class LaunchDescriptionEntity:
    """Something that can be visited, and can be asked what it may lead to without visiting."""

    def describe(self) -> str:
        """Say what this is."""
        return repr(self)

    def describe_sub_entities(self) -> List[LaunchDescriptionEntity]:
        """Return the entities that a visit always yields, as far as is known before it."""
        return []

    def describe_conditional_sub_entities(
        self,
    ) -> List[Tuple[str, Iterable[LaunchDescriptionEntity]]]:
        """Return (reason, entities) pairs that a visit yields under a condition."""
        return []

    def visit(self, context: LaunchContext) -> Optional[List[LaunchDescriptionEntity]]:
        """Do what this entity stands for; return the entities to be visited next, if any."""
        return None

    def get_asyncio_future(self) -> Optional[asyncio.Future]:
        """Return what the launch has to wait for before it is over, if anything."""
        return None
