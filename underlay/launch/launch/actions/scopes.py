"""Open, empty and close the scopes of launch configurations and environment."""

from typing import Any

from ..action import Action
from ..launch_context import LaunchContext
from ..some_substitutions_type import SomeSubstitutionsType
from ..utilities import normalize_to_list_of_substitutions, perform_substitutions


class PushLaunchConfigurations(Action):
    """Remembers the launch configurations."""

    def execute(self, context: LaunchContext) -> None:
        context._push_launch_configurations()


class PopLaunchConfigurations(Action):
    """Restores the launch configurations remembered last."""

    def execute(self, context: LaunchContext) -> None:
        context._pop_launch_configurations()


class ResetLaunchConfigurations(Action):
    """Forgets all launch configurations but the given ones."""

    def __init__(
        self,
        launch_configurations: dict[SomeSubstitutionsType, SomeSubstitutionsType] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.__kept = [
            (normalize_to_list_of_substitutions(name), normalize_to_list_of_substitutions(value))
            for name, value in (launch_configurations or {}).items()
        ]

    def execute(self, context: LaunchContext) -> None:
        kept = {
            perform_substitutions(context, name): perform_substitutions(context, value)
            for name, value in self.__kept
        }
        context.launch_configurations.clear()
        context.launch_configurations.update(kept)


class PushEnvironment(Action):
    """Remembers the environment."""

    def execute(self, context: LaunchContext) -> None:
        context._push_environment()


class PopEnvironment(Action):
    """Restores the environment remembered last."""

    def execute(self, context: LaunchContext) -> None:
        context._pop_environment()


class ResetEnvironment(Action):
    """Restores the environment that the launch started in."""

    def execute(self, context: LaunchContext) -> None:
        context._reset_environment()
