"""Set a parameter of the nodes that follow."""

from typing import Any

from launch import Action, LaunchContext, SomeSubstitutionsType
from launch.utilities import normalize_to_list_of_substitutions

from ..utilities import check_parameter_dict, evaluate_parameter_dict


class SetParameter(Action):
    """Sets a parameter of all nodes until the end of the scope; their own values win."""

    def __init__(self, name: SomeSubstitutionsType, value: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.__parameter = {tuple(normalize_to_list_of_substitutions(name)): value}
        check_parameter_dict(self.__parameter)

    def execute(self, context: LaunchContext) -> None:
        evaluated = evaluate_parameter_dict(context, self.__parameter)
        context.launch_configurations['global_params'] = [
            *context.launch_configurations.get('global_params', []),
            *evaluated.items(),
        ]
