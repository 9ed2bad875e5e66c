"""Remap a name of the nodes that follow."""

from typing import Any

from launch import Action, LaunchContext, SomeSubstitutionsType, Substitution
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions


class SetRemap(Action):
    """Remaps a name of all nodes until the end of the scope."""

    def __init__(
        self, src: SomeSubstitutionsType, dst: SomeSubstitutionsType, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.__src = normalize_to_list_of_substitutions(src)
        self.__dst = normalize_to_list_of_substitutions(dst)

    @property
    def src(self) -> list[Substitution]:
        """What the name in the node's code is made of."""
        return self.__src

    @property
    def dst(self) -> list[Substitution]:
        """What the name in the graph is made of."""
        return self.__dst

    def execute(self, context: LaunchContext) -> None:
        rule = (perform_substitutions(context, self.src), perform_substitutions(context, self.dst))
        context.launch_configurations['ros_remaps'] = [
            *context.launch_configurations.get('ros_remaps', []),
            rule,
        ]
