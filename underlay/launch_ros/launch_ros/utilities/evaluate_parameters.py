"""Parameters given as dicts in a launch file: flat names, substitutions read as YAML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from launch import LaunchContext, Substitution
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions
import yaml

from ..parameter_descriptions import ParameterValue

_SCALARS = (bool, int, float, str)


def check_parameter_dict(parameters: Mapping) -> None:
    """Refuse what can be no parameter, whatever the launch will be like.

    Raises:
        TypeError: a name is no text, or a value is of no type that a parameter can have.
    """
    for name, value in parameters.items():
        normalize_to_list_of_substitutions(name)
        if isinstance(value, Mapping):
            check_parameter_dict(value)
        else:
            _check_value(name, value)


def _check_value(name: Any, value: Any) -> None:
    if isinstance(value, (*_SCALARS, bytes, Substitution, ParameterValue)):
        return
    if not isinstance(value, Sequence):
        raise TypeError(f'Unexpected type for parameter value {value!r} of {name!r}')
    for item in value:
        if isinstance(item, (bytes, ParameterValue)):
            raise TypeError(f'Unexpected type for item {item!r} of parameter {name!r}')
        _check_value(name, item)


def evaluate_parameter_dict(
    context: LaunchContext, parameters: Mapping, prefix: str = ''
) -> dict[str, Any]:
    """Return the values by name; names of nested dicts are joined by dots.

    Strings stay strings. Texts of substitutions are read as YAML, so that '1' is an integer.

    Raises:
        TypeError: the text of a substitution is of no type that a parameter can have.
    """
    values: dict[str, Any] = {}
    for key, value in parameters.items():
        name = prefix + perform_substitutions(context, normalize_to_list_of_substitutions(key))
        if isinstance(value, Mapping):
            values.update(evaluate_parameter_dict(context, value, f'{name}.'))
        else:
            values[name] = _evaluate(context, name, value)
    return values


def _evaluate(context: LaunchContext, name: str, value: Any) -> Any:
    if isinstance(value, ParameterValue):
        return value.evaluate(context)
    if isinstance(value, (*_SCALARS, bytes)):
        return value
    if isinstance(value, Substitution):
        return _read_yaml(name, context.perform_substitution(value))
    return _evaluate_sequence(context, name, value)


def _evaluate_sequence(context: LaunchContext, name: str, value: Sequence) -> Any:
    """Parts of one text if there is a substitution among them, else items of a list.

    To make a list of texts, put each into a list of its own.
    """
    is_text = all(isinstance(item, (str, Substitution)) for item in value)
    if is_text and any(isinstance(item, Substitution) for item in value):
        parts = normalize_to_list_of_substitutions(value)
        return _read_yaml(name, perform_substitutions(context, parts))
    items = [_evaluate(context, name, item) for item in value]
    if {type(item) for item in items} == {int, float}:
        return [float(item) for item in items]
    return _uniform(name, items)


def _read_yaml(name: str, text: str) -> Any:
    hint = (
        'If the parameter is meant to be a string, try wrapping it in '
        'launch_ros.parameter_descriptions.ParameterValue(value, value_type=str)'
    )
    try:
        value = yaml.safe_load(text) if text else ''
    except yaml.YAMLError:
        raise TypeError(f'Unable to parse the value of parameter {name} as yaml. {hint}') from None
    if isinstance(value, list):
        return _uniform(name, value)
    if not isinstance(value, (*_SCALARS, bytes)):
        raise TypeError(
            'Allowed value types are bytes, bool, int, float, str and lists of these. '
            f'Got {type(value)} for "{name}". {hint}'
        )
    return value


def _uniform(name: str, items: list) -> list:
    types = {type(item) for item in items}
    if len(types) != 1 or not types <= set(_SCALARS):
        raise TypeError(
            'Expected a non-empty sequence, with items of uniform type. Allowed sequence item '
            f'types are bool, int, float, str. Got inconsistent input for "{name}"'
        )
    return items
