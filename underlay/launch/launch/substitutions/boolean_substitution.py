"""Not, and, or."""

from ..launch_context import LaunchContext
from ..some_substitutions_type import SomeSubstitutionsType
from ..substitution import Substitution
from ..utilities import normalize_to_list_of_substitutions
from ..utilities.type_utils import perform_typed_substitution
from .substitution_failure import SubstitutionFailure


class _BooleanSubstitution(Substitution):
    def __init__(self, *operands: SomeSubstitutionsType) -> None:
        self._operands = [normalize_to_list_of_substitutions(operand) for operand in operands]

    def describe(self) -> str:
        return f'{type(self).__name__}({" ".join(str(operand) for operand in self._operands)})'

    def perform(self, context: LaunchContext) -> str:
        """Return 'true' or 'false'.

        Raises:
            SubstitutionFailure: an operand is neither true nor false.
        """
        try:
            values = [
                perform_typed_substitution(context, operand, bool) for operand in self._operands
            ]
        except (TypeError, ValueError) as error:
            raise SubstitutionFailure(error) from None
        return str(self._combine(*values)).lower()

    def _combine(self, *values: bool) -> bool:
        raise NotImplementedError


class NotSubstitution(_BooleanSubstitution):
    """Yields 'true' for a false operand."""

    def __init__(self, value: SomeSubstitutionsType) -> None:
        super().__init__(value)

    def _combine(self, value: bool) -> bool:
        return not value


class AndSubstitution(_BooleanSubstitution):
    """Yields 'true' if both operands are true."""

    def __init__(self, left: SomeSubstitutionsType, right: SomeSubstitutionsType) -> None:
        super().__init__(left, right)

    def _combine(self, left: bool, right: bool) -> bool:
        return left and right


class OrSubstitution(_BooleanSubstitution):
    """Yields 'true' if one of the operands is true."""

    def __init__(self, left: SomeSubstitutionsType, right: SomeSubstitutionsType) -> None:
        super().__init__(left, right)

    def _combine(self, left: bool, right: bool) -> bool:
        return left or right
