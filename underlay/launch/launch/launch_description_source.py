"""Where a launch description comes from."""

from __future__ import annotations

from .launch_context import LaunchContext
from .launch_description import LaunchDescription
from .logging import get_logger
from .some_substitutions_type import SomeSubstitutionsType
from .utilities import normalize_to_list_of_substitutions, perform_substitutions


class LaunchDescriptionSource:
    """A launch description that is there already; subclasses load one from a location."""

    def __init__(
        self,
        launch_description: LaunchDescription | None = None,
        location: SomeSubstitutionsType = '<string>',
        method: str = 'unspecified mechanism from a script',
    ) -> None:
        self.__launch_description = launch_description
        self.__location = normalize_to_list_of_substitutions(location)
        self.__expanded_location: str | None = None
        self.__method = method

    @property
    def location(self) -> str:
        """The path once it is known, else what it will be made of."""
        if self.__expanded_location is None:
            return ' + '.join(str(part) for part in self.__location)
        return self.__expanded_location

    @property
    def method(self) -> str:
        """How the description is made."""
        return self.__method

    def get_launch_description(self, context: LaunchContext) -> LaunchDescription:
        """Return the description, loading it the first time."""
        if self.__expanded_location is None:
            self.__expanded_location = perform_substitutions(context, self.__location)
        if self.__launch_description is None:
            self.__launch_description = self._get_launch_description(self.__expanded_location)
        return self.__launch_description

    def try_get_launch_description_without_context(self) -> LaunchDescription | None:
        """Return the description if it does not depend on how the launch goes, else None."""
        if self.__launch_description is not None:
            return self.__launch_description
        try:
            location = perform_substitutions(LaunchContext(), self.__location)
            return self._get_launch_description(location)
        except Exception as error:  # noqa: BLE001 (a launch file may raise anything)
            get_logger(__name__).debug(f'cannot look into {self.location} yet: {error}')
            return None

    def _get_launch_description(self, location: str) -> LaunchDescription:
        raise RuntimeError(f'no launch description was given for {location}')
