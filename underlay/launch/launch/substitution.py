"""Text that is known only while launching."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .launch_context import LaunchContext


class Substitution:
    """Yields a text when the launch reaches it."""

    def describe(self) -> str:
        """Say what the text will be made of, without making it."""
        return repr(self)

    def perform(self, context: LaunchContext) -> str:
        """Make the text."""
        raise NotImplementedError(f'{type(self).__name__} must define perform()')
