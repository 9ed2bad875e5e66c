"""A path made of parts."""

import os
from typing import Iterable, List, Union

from ..launch_context import LaunchContext
from ..substitution import Substitution
from ..utilities import normalize_to_list_of_substitutions


class PathJoinSubstitution(Substitution):
    """Yields its parts joined by `os.path.join`."""

    def __init__(self, substitutions: Iterable[Union[str, Substitution]]) -> None:
        self.__substitutions = normalize_to_list_of_substitutions(substitutions)

    @property
    def substitutions(self) -> List[Substitution]:
        """The parts."""
        return self.__substitutions

    def describe(self) -> str:
        return ' + '.join(part.describe() for part in self.substitutions)

    def perform(self, context: LaunchContext) -> str:
        return os.path.join(*(part.perform(context) for part in self.substitutions))
