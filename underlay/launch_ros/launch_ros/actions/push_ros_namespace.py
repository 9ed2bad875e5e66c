"""Put the nodes that follow into a namespace."""

from typing import Any

from launch import Action, LaunchContext, SomeSubstitutionsType, Substitution
from launch.substitutions import SubstitutionFailure
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions
from rclpy.exceptions import InvalidNamespaceException
from rclpy.validate_namespace import validate_namespace

from ..utilities import make_namespace_absolute, prefix_namespace


class PushROSNamespace(Action):
    """Appends to the namespace until the end of the scope."""

    def __init__(self, namespace: SomeSubstitutionsType, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.__namespace = normalize_to_list_of_substitutions(namespace)

    @property
    def namespace(self) -> list[Substitution]:
        """What the namespace is made of."""
        return self.__namespace

    def execute(self, context: LaunchContext) -> None:
        """Change the namespace.

        Raises:
            SubstitutionFailure: the result is no valid namespace.
        """
        pushed = perform_substitutions(context, self.namespace)
        previous = context.launch_configurations.get('ros_namespace')
        namespace = make_namespace_absolute(prefix_namespace(previous, pushed))
        try:
            validate_namespace(namespace)
        except InvalidNamespaceException as error:
            raise SubstitutionFailure(
                f"The resulting namespace is invalid: [previous_namespace='{previous}', "
                f"pushed_namespace='{pushed}']: {error}"
            ) from None
        context.launch_configurations['ros_namespace'] = namespace
