"""Parameters given as dicts in a launch file: flat names, substitutions read as YAML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Dict

from launch import LaunchContext, Substitution
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions
import yaml

from ..parameter_descriptions import ParameterValue

_SCALARS = (bool, int, float, str)


def evaluate_parameter_dict(
    context: LaunchContext, parameters: Mapping, prefix: str = ''
) -> Dict[str, Any]:
    """Return the values by name; names of nested dicts are joined by dots.

    Strings stay strings. Texts of substitutions are read as YAML, so that '1' is an integer.

    Raises:
        TypeError: a value is of no type that a parameter can have.
    """
    values: Dict[str, Any] = {}
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
    if isinstance(value, Sequence):
        return _evaluate_sequence(context, name, value)
    raise TypeError(f'Unexpected type for parameter value {value!r} of "{name}"')


def _evaluate_sequence(context: LaunchContext, name: str, value: Sequence) -> Any:
    """Parts of one text if there is a substitution among them, else items of a list.

    To make a list of texts, put each into a list of its own.
    """
    if any(isinstance(item, Substitution) for item in value):
        if all(isinstance(item, (str, Substitution)) for item in value):
            parts = normalize_to_list_of_substitutions(value)
            return _read_yaml(name, perform_substitutions(context, parts))
    items = [_evaluate(context, name, item) for item in value]
    if {type(item) for item in items} == {int, float}:
        return [float(item) for item in items]
    return _uniform(name, items)


def _read_yaml(name: str, text: str) -> Any:
    hint = ('If the parameter is meant to be a string, try wrapping it in '
            'launch_ros.parameter_descriptions.ParameterValue(value, value_type=str)')
    try:
        value = yaml.safe_load(text) if text else ''
    except yaml.YAMLError:
        raise TypeError(
            f'Unable to parse the value of parameter {name} as yaml. {hint}') from None
    if isinstance(value, list):
        return _uniform(name, value)
    if not isinstance(value, (*_SCALARS, bytes)):
        raise TypeError(
            'Allowed value types are bytes, bool, int, float, str and lists of these. '
            f'Got {type(value)} for "{name}". {hint}')
    return value


def _uniform(name: str, items: list) -> list:
    types = {type(item) for item in items}
    if len(types) != 1 or not types <= set(_SCALARS):
        raise TypeError(
            'Expected a non-empty sequence, with items of uniform type. Allowed sequence item '
            f'types are bool, int, float, str. Got inconsistent input for "{name}"')
    return items
