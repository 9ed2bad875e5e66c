"""Give a parameter file to the nodes that follow."""

from typing import Any

from launch import Action, LaunchContext, SomeSubstitutionsType
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions


class SetParametersFromFile(Action):
    """Gives a YAML file to all nodes until the end of the scope; their own values win."""

    def __init__(self, filename: SomeSubstitutionsType, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.__filename = normalize_to_list_of_substitutions(filename)

    def execute(self, context: LaunchContext) -> None:
        context.launch_configurations['global_params'] = [
            *context.launch_configurations.get('global_params', []),
            perform_substitutions(context, self.__filename),
        ]
