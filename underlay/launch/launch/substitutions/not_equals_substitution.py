"""Whether two texts mean something else."""

from ..launch_context import LaunchContext
from .equals_substitution import EqualsSubstitution


class NotEqualsSubstitution(EqualsSubstitution):
    """Yields 'false' where EqualsSubstitution yields 'true', and the reverse."""

    def perform(self, context: LaunchContext) -> str:
        return 'false' if super().perform(context) == 'true' else 'true'
