"""Actions that share a condition and a scope."""

from collections.abc import Iterable
from typing import Any

from ..action import Action
from ..launch_context import LaunchContext
from ..launch_description_entity import LaunchDescriptionEntity
from ..some_substitutions_type import SomeSubstitutionsType
from .scopes import (
    PopEnvironment,
    PopLaunchConfigurations,
    PushEnvironment,
    PushLaunchConfigurations,
    ResetEnvironment,
    ResetLaunchConfigurations,
)
from .set_launch_configuration import SetLaunchConfiguration


class GroupAction(Action):
    """Yields its actions; what they change in a scope ends with the group."""

    def __init__(
        self,
        actions: Iterable[Action],
        *,
        scoped: bool = True,
        forwarding: bool = True,
        launch_configurations: dict[SomeSubstitutionsType, SomeSubstitutionsType] | None = None,
        **kwargs: Any,
    ) -> None:
        """Group actions.

        Args:
            actions: the actions.
            scoped: launch configurations and environment are as before after the group.
            forwarding: a scoped group knows the configurations and environment around it.
            launch_configurations: set for the group.
            kwargs: see Action.
        """
        super().__init__(**kwargs)
        configurations = launch_configurations or {}
        set_configurations = [
            SetLaunchConfiguration(name, value) for name, value in configurations.items()
        ]
        self.__entities: list[LaunchDescriptionEntity] = [*set_configurations, *actions]
        if scoped:
            if not forwarding:
                self.__entities = [
                    ResetEnvironment(),
                    ResetLaunchConfigurations(configurations),
                    *actions,
                ]
            self.__entities = [
                PushLaunchConfigurations(),
                PushEnvironment(),
                *self.__entities,
                PopEnvironment(),
                PopLaunchConfigurations(),
            ]

    def get_sub_entities(self) -> list[LaunchDescriptionEntity]:
        return self.__entities

    def execute(self, context: LaunchContext) -> list[LaunchDescriptionEntity]:
        return self.__entities
