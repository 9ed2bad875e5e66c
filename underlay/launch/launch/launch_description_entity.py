"""The node of the tree that a launch description is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .launch_context import LaunchContext


class LaunchDescriptionEntity:
    """Something that can be visited, and can be asked what it may lead to without visiting."""

    def describe(self) -> str:
        """Say what this is."""
        return repr(self)

    def describe_sub_entities(self) -> list[LaunchDescriptionEntity]:
        """Return the entities that a visit always yields, as far as is known before it."""
        return []

    def describe_conditional_sub_entities(
        self,
    ) -> list[tuple[str, Iterable[LaunchDescriptionEntity]]]:
        """Return (reason, entities) pairs that a visit yields under a condition."""
        return []

    def visit(self, context: LaunchContext) -> list[LaunchDescriptionEntity] | None:
        """Do what this entity stands for; return the entities to be visited next, if any."""
        raise NotImplementedError(f'{type(self).__name__} must define visit()')

    def get_asyncio_future(self) -> asyncio.Future | None:
        """Return what the launch has to wait for before it is over, if anything."""
        return None
