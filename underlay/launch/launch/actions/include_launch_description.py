"""Include another launch file."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..action import Action
from ..launch_context import LaunchContext
from ..launch_description import LaunchDescription
from ..launch_description_entity import LaunchDescriptionEntity
from ..launch_description_source import LaunchDescriptionSource
from ..launch_description_sources import PythonLaunchDescriptionSource
from ..some_substitutions_type import SomeSubstitutionsType
from ..utilities import normalize_to_list_of_substitutions, perform_substitutions
from .opaque_function import OpaqueFunction
from .set_launch_configuration import SetLaunchConfiguration

_FILE, _FOLDER = 'current_launch_file_path', 'current_launch_file_directory'


class IncludeLaunchDescription(Action):
    """Visits a launch description with some launch configurations set.

    It opens no scope: the configurations stay set. Put it in a GroupAction to end them.
    """

    def __init__(
        self,
        launch_description_source: LaunchDescriptionSource | SomeSubstitutionsType,
        *,
        launch_arguments: Iterable[tuple[SomeSubstitutionsType, SomeSubstitutionsType]]
        | None = None,
        **kwargs: Any,
    ) -> None:
        """Say what to include.

        Args:
            launch_description_source: a source, or the path of a Python launch file.
            launch_arguments: (name, value) pairs.
            kwargs: see Action.
        """
        super().__init__(**kwargs)
        if not isinstance(launch_description_source, LaunchDescriptionSource):
            launch_description_source = PythonLaunchDescriptionSource(launch_description_source)
        self.__source = launch_description_source
        self.__launch_arguments = tuple(launch_arguments or ())

    @property
    def launch_description_source(self) -> LaunchDescriptionSource:
        """Where the description comes from."""
        return self.__source

    @property
    def launch_arguments(self) -> tuple[tuple[Any, Any], ...]:
        """The (name, value) pairs."""
        return self.__launch_arguments

    def get_sub_entities(self) -> list[LaunchDescriptionEntity]:
        description = self.__source.try_get_launch_description_without_context()
        return [] if description is None else [description]

    def execute(self, context: LaunchContext) -> list[LaunchDescriptionEntity]:
        """Load the description and yield it, its arguments set.

        Raises:
            RuntimeError: an argument that it needs is not given.
        """
        description = self.__source.get_launch_description(context)
        self.__check_arguments(description, context)
        outer = {name: context.get_locals_as_dict().get(name) for name in (_FILE, _FOLDER)}
        location = self.__source.location
        path = Path(location).absolute()
        context.extend_locals(
            {
                _FILE: str(path),
                _FOLDER: str(path.parent) if path.exists() else location,
            }
        )
        entities: list[LaunchDescriptionEntity] = [
            *(SetLaunchConfiguration(name, value) for name, value in self.__launch_arguments),
            description,
        ]
        if outer[_FOLDER] is not None:  # what follows in the outer file is in its folder again
            entities.append(OpaqueFunction(function=lambda context: context.extend_locals(outer)))
        return entities

    def __check_arguments(self, description: LaunchDescription, context: LaunchContext) -> None:
        given = set(self._argument_names(context))
        pairs = description.get_launch_arguments_with_include_launch_description_actions()
        for argument, includes in pairs:
            if argument._conditionally_included or argument.default_value is not None:
                continue
            given_on_the_way = {
                name for include in includes or [] for name in include._argument_names(context)
            }
            if argument.name not in given | given_on_the_way:
                raise RuntimeError(
                    f"Included launch description missing required argument '{argument.name}' "
                    f"(description: '{argument.description}'), given: [{', '.join(given)}]"
                )

    def _argument_names(self, context: LaunchContext) -> list[str]:
        return [
            perform_substitutions(context, normalize_to_list_of_substitutions(name))
            for name, _ in self.__launch_arguments
        ]
