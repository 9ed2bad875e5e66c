"""Values that may be given as substitutions: text is read as YAML and must have the type."""

from __future__ import annotations

from typing import Any, get_args, get_origin, TYPE_CHECKING

import yaml

from ..substitution import Substitution
from .normalize import normalize_to_list_of_substitutions
from .perform import perform_substitutions

if TYPE_CHECKING:
    from ..launch_context import LaunchContext

_SCALARS = (bool, int, float, str)


def is_substitution(value: Any) -> bool:
    """Say whether a value is a substitution or a list that holds one."""
    return isinstance(value, Substitution) or (
        isinstance(value, (list, tuple)) and any(isinstance(part, Substitution) for part in value)
    )


def normalize_typed_substitution(value: Any, data_type: type | None) -> Any | list[Substitution]:
    """Return a value of the type as it is, a substitution as a list of substitutions.

    Raises:
        TypeError: it is neither.
    """
    if is_substitution(value):
        return normalize_to_list_of_substitutions(value)
    if not _is_instance(value, data_type):
        raise TypeError(f'value={value!r} is not a substitution and not {data_type}')
    return value


def perform_typed_substitution(context: LaunchContext, value: Any, data_type: type | None) -> Any:
    """Return the value, made from its substitutions if it is given by such.

    Raises:
        ValueError: the text cannot be read as the type.
    """
    if not is_substitution(value):
        return value
    return get_typed_value(perform_substitutions(context, value), data_type)


def get_typed_value(value: str, data_type: type | None) -> Any:
    """Read a text as bool, int, float, str or a uniform list of one of these.

    Without a type, the text decides as in YAML.

    Raises:
        ValueError: the text cannot be read as the type.
    """
    if data_type in (str, int, float):
        return data_type(value)
    if data_type is bool and value in ('1', '0'):
        return value == '1'
    try:
        read = yaml.safe_load(value) if value else ''
    except yaml.YAMLError as error:
        raise ValueError(f"'{value}' is not YAML: {error}") from None
    if not _is_instance(read, data_type):
        raise ValueError(f"Cannot convert value '{value}' to '{data_type}'")
    return read


def _is_instance(value: Any, data_type: type | None) -> bool:
    """Exactly of the type (a bool is no int); None allows every scalar and uniform lists."""
    if data_type is None:
        if isinstance(value, list):
            return all(type(item) is type(value[0]) and type(item) in _SCALARS for item in value)
        return type(value) in _SCALARS
    if get_origin(data_type) is list:
        items = get_args(data_type)
        return isinstance(value, list) and all(type(item) in items for item in value)
    return type(value) is data_type
