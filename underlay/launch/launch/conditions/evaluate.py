"""Read a text as true or false."""

from ..launch_context import LaunchContext
from ..substitution import Substitution
from ..utilities import perform_substitutions

_MEANING = {'true': True, '1': True, 'false': False, '0': False}


class InvalidConditionExpressionError(ValueError):
    """The text of a condition is neither true nor false."""


def evaluate_condition_expression(context: LaunchContext, expression: list[Substitution]) -> bool:
    """Return whether a text says true; case and surrounding blanks do not matter.

    Raises:
        InvalidConditionExpressionError: it says neither true nor false.
    """
    text = perform_substitutions(context, expression).strip().lower()
    if text not in _MEANING:
        origin = ' + '.join(part.describe() for part in expression)
        raise InvalidConditionExpressionError(
            f'invalid condition expression, expected one of [{", ".join(_MEANING)}] '
            f"but got '{text}', expanded from {origin}"
        )
    return _MEANING[text]
