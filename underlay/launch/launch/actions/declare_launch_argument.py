"""Declare an argument of a launch file."""

from typing import Any

from ..action import Action
from ..launch_context import LaunchContext
from ..logging import get_logger
from ..some_substitutions_type import SomeSubstitutionsType
from ..substitution import Substitution
from ..utilities import normalize_to_list_of_substitutions, perform_substitutions


class DeclareLaunchArgument(Action):
    """An argument that callers may, or without a default must, give."""

    def __init__(
        self,
        name: str,
        *,
        default_value: SomeSubstitutionsType | None = None,
        description: str | None = None,
        choices: list[str] | None = None,
        **kwargs: Any,
    ) -> None:
        """Declare it.

        Args:
            name: the name of the launch configuration that holds the value.
            default_value: the value if none is given.
            description: for people.
            choices: the valid values.
            kwargs: see Action.

        Raises:
            RuntimeError: there are no choices, or the default is none of them.
        """
        super().__init__(**kwargs)
        if choices is not None:
            if not choices:
                raise RuntimeError(
                    'Provided choices arg is empty. Use None to ignore the choice list.'
                )
            if isinstance(default_value, str) and default_value not in choices:
                raise RuntimeError(
                    f'Provided default_value "{default_value}" is not in provided choices '
                    f'"{choices}".'
                )
        self.__name = name
        self.__default_value = (
            None if default_value is None else normalize_to_list_of_substitutions(default_value)
        )
        self.__description = _describe(description, choices)
        self.__choices = choices
        self._conditionally_included = False  # set by whoever looks for arguments

    @property
    def name(self) -> str:
        """The name."""
        return self.__name

    @property
    def default_value(self) -> list[Substitution] | None:
        """What the default is made of."""
        return self.__default_value

    @property
    def description(self) -> str:
        """For people, with the choices."""
        return self.__description

    @property
    def choices(self) -> list[str] | None:
        """The valid values."""
        return self.__choices

    def execute(self, context: LaunchContext) -> None:
        """Set the launch configuration if it is not set yet, and check it.

        Raises:
            RuntimeError: the value is missing or none of the choices.
        """
        if self.name not in context.launch_configurations:
            if self.default_value is None:
                _refuse(f'Required launch argument "{self.name}" was not provided.')
            context.launch_configurations[self.name] = perform_substitutions(
                context, self.default_value
            )
        value = context.launch_configurations[self.name]
        if self.choices is not None and value not in self.choices:
            _refuse(
                f'Argument "{self.name}" provided value "{value}" is not valid. '
                f'Valid options are: {self.choices}'
            )


def _refuse(message: str) -> None:
    get_logger(__name__).error(message)
    raise RuntimeError(message)


def _describe(description: str | None, choices: list[str] | None) -> str:
    if choices is None:
        return 'no description given' if description is None else description
    if description is None:
        return f'One of: {choices}'
    full_stop = '' if description.endswith('.') else '.'
    return f'{description}{full_stop} Valid choices are: {choices}'
