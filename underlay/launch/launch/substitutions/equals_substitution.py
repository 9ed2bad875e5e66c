"""Whether two texts mean the same."""

import math
from typing import Any

from ..launch_context import LaunchContext
from ..substitution import Substitution
from ..utilities import normalize_to_list_of_substitutions, perform_substitutions
from ..utilities.type_utils import is_substitution

_BOOLS = {'true': True, '1': True, 'false': False, '0': False}


class EqualsSubstitution(Substitution):
    """Yields 'true' or 'false'; 'True' equals '1', and '1.0' equals '1.00'."""

    def __init__(self, left: Any, right: Any) -> None:
        self.__left = _normalize(left)
        self.__right = _normalize(right)

    @property
    def left(self) -> list[Substitution]:
        """What the left side is made of."""
        return self.__left

    @property
    def right(self) -> list[Substitution]:
        """What the right side is made of."""
        return self.__right

    def describe(self) -> str:
        return f'{type(self).__name__}({self.left} {self.right})'

    def perform(self, context: LaunchContext) -> str:
        left = perform_substitutions(context, self.left)
        right = perform_substitutions(context, self.right)
        return str(_mean_the_same(left, right)).lower()


def _mean_the_same(left: str, right: str) -> bool:
    if left.lower() in _BOOLS and right.lower() in _BOOLS:
        return _BOOLS[left.lower()] == _BOOLS[right.lower()]
    left_number, right_number = _number(left), _number(right)
    if left_number is not None and right_number is not None:
        return math.isclose(left_number, right_number)
    return left == right


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _normalize(value: Any) -> list[Substitution]:
    if is_substitution(value):
        return normalize_to_list_of_substitutions(value)
    return normalize_to_list_of_substitutions('' if value is None else str(value))
