"""The value of a launch argument."""

from typing import Any

from ..launch_context import LaunchContext
from ..some_substitutions_type import SomeSubstitutionsType
from ..substitution import Substitution
from ..utilities import normalize_to_list_of_substitutions, perform_substitutions
from .substitution_failure import SubstitutionFailure


class LaunchConfiguration(Substitution):
    """Yields the value of a launch configuration."""

    def __init__(
        self, variable_name: SomeSubstitutionsType, *, default: Any | None = None
    ) -> None:
        self.__variable_name = normalize_to_list_of_substitutions(variable_name)
        self.__default = _normalize_default(default)

    @property
    def variable_name(self) -> list[Substitution]:
        """What the name is made of."""
        return self.__variable_name

    def describe(self) -> str:
        name = ' + '.join(part.describe() for part in self.variable_name)
        return f'LaunchConfig({name})'

    def perform(self, context: LaunchContext) -> str:
        """Return the value.

        Raises:
            SubstitutionFailure: it is not set and there is no default.
        """
        name = perform_substitutions(context, self.variable_name)
        if name in context.launch_configurations:
            return context.launch_configurations[name]
        if self.__default is None:
            raise SubstitutionFailure(f"launch configuration '{name}' does not exist")
        return perform_substitutions(context, self.__default)


def _normalize_default(default: Any | None) -> list[Substitution] | None:
    if default is None:
        return None
    if isinstance(default, (str, Substitution)) or hasattr(default, '__iter__'):
        return normalize_to_list_of_substitutions(default)
    return normalize_to_list_of_substitutions(str(default))
