"""Make the text that several substitutions stand for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..launch_context import LaunchContext
    from ..substitution import Substitution


def perform_substitutions(context: LaunchContext, subs: Iterable[Substitution]) -> str:
    """Return the joined texts."""
    return ''.join(context.perform_substitution(sub) for sub in subs)
