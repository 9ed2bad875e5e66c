"""Parameters whose type, name or file is known only while launching."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from launch import LaunchContext, SomeSubstitutionsType, Substitution
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions
from launch.utilities.type_utils import normalize_typed_substitution, perform_typed_substitution


class ParameterValue:
    """A value, or a substitution whose text is read as a type.

    `ParameterValue(Command(['xacro ', path]), value_type=str)` keeps a robot description a string.
    """

    def __init__(self, value: Any, *, value_type: type | None = None) -> None:
        """Describe a value.

        Args:
            value: the value or a substitution.
            value_type: bool, int, float, str, List of one of these, or None for what YAML makes
                of the text.

        Raises:
            TypeError: the value is of another type.
        """
        self.__value = normalize_typed_substitution(value, value_type)
        self.__value_type = value_type

    @property
    def value(self) -> Any:
        """The value, or what it is made of."""
        return self.__value

    @property
    def value_type(self) -> type | None:
        """The type that it must have."""
        return self.__value_type

    def evaluate(self, context: LaunchContext) -> Any:
        """Return the value.

        Raises:
            ValueError: the text cannot be read as the type.
        """
        return perform_typed_substitution(context, self.__value, self.__value_type)


class Parameter:
    """A parameter with its name."""

    def __init__(
        self, name: SomeSubstitutionsType, value: Any, *, value_type: type | None = None
    ) -> None:
        """Describe a parameter; see ParameterValue."""
        self.__name = normalize_to_list_of_substitutions(name)
        self.__value = ParameterValue(value, value_type=value_type)

    @property
    def name(self) -> list[Substitution]:
        """What the name is made of."""
        return self.__name

    def evaluate(self, context: LaunchContext) -> tuple[str, Any]:
        """Return name and value."""
        return perform_substitutions(context, self.__name), self.__value.evaluate(context)


class ParameterFile:
    """A YAML file of parameters."""

    def __init__(self, param_file: os.PathLike | SomeSubstitutionsType) -> None:
        self.__param_file = normalize_to_list_of_substitutions(param_file)

    @property
    def param_file(self) -> list[Substitution]:
        """What the path is made of."""
        return self.__param_file

    def evaluate(self, context: LaunchContext) -> Path:
        """Return the path."""
        return Path(perform_substitutions(context, self.__param_file))
