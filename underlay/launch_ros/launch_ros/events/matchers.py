"""Which node an event is meant for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..actions import Node


def matches_node_name(node_name: str) -> Callable[[Node], bool]:
    """Return a matcher for a node's full name; the leading slash may be left out."""
    full_name = node_name if node_name.startswith('/') else f'/{node_name}'
    return lambda action: action.node_name == full_name
