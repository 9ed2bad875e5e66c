"""A path made of parts."""

from collections.abc import Iterable
import os

from ..launch_context import LaunchContext
from ..substitution import Substitution
from ..utilities import normalize_to_list_of_substitutions


class PathJoinSubstitution(Substitution):
    """Yields its parts joined by `os.path.join`."""

    def __init__(self, substitutions: Iterable[str | Substitution]) -> None:
        self.__substitutions = normalize_to_list_of_substitutions(substitutions)

    @property
    def substitutions(self) -> list[Substitution]:
        """The parts."""
        return self.__substitutions

    def describe(self) -> str:
        return ' + '.join(part.describe() for part in self.substitutions)

    def perform(self, context: LaunchContext) -> str:
        parts = [part.perform(context) for part in self.substitutions]
        return os.path.join(*parts)  # noqa: PTH118 (Path drops a slash at the end)
