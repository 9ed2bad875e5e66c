"""What a Python expression evaluates to."""

import importlib
from typing import Any

from ..launch_context import LaunchContext
from ..some_substitutions_type import SomeSubstitutionsType
from ..substitution import Substitution
from ..utilities import normalize_to_list_of_substitutions, perform_substitutions


class PythonExpression(Substitution):
    """Yields `str()` of an expression, with the given modules and the names of `math` known."""

    def __init__(
        self,
        expression: SomeSubstitutionsType,
        python_modules: SomeSubstitutionsType = ('math',),
    ) -> None:
        self.__expression = normalize_to_list_of_substitutions(expression)
        self.__python_modules = normalize_to_list_of_substitutions(python_modules)

    @property
    def expression(self) -> list[Substitution]:
        """What the expression is made of."""
        return self.__expression

    @property
    def python_modules(self) -> list[Substitution]:
        """The modules that the expression may name."""
        return self.__python_modules

    def describe(self) -> str:
        expression = ' + '.join(part.describe() for part in self.expression)
        modules = ', '.join(module.describe() for module in self.python_modules)
        return f'PythonExpr({expression}, [{modules}])'

    def perform(self, context: LaunchContext) -> str:
        names: dict[str, Any] = {}
        for module_name in self.python_modules:
            module = importlib.import_module(context.perform_substitution(module_name))
            if module.__name__ == 'math':
                names.update(vars(module))
            names[module.__name__] = module
        return str(eval(perform_substitutions(context, self.expression), {}, names))
