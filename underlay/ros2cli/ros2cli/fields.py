"""Messages from YAML, as typed on a command line."""

import array
from collections.abc import Callable
from functools import partial

from builtin_interfaces.msg import Time
import numpy as np
from rosidl_parser.definition import AbstractNestedType, NamespacedType
from std_msgs.msg import Header
import yaml

from ros2cli.types import get_message


def parse_values(text: str) -> dict:
    """Return the fields in a YAML mapping; RuntimeError when it is something else."""
    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RuntimeError(f'The passed value is not valid YAML: {error}') from error
    if values is None:  # an empty string, like {}, means all defaults
        return {}
    if not isinstance(values, dict):
        raise RuntimeError('The passed value needs to be a dictionary in YAML format')
    return values


def set_fields(msg, values: dict, *, stamps: bool = False) -> list[Callable[[Time], None]]:
    """Set the fields of a message.

    Args:
        msg: The message to fill.
        values: Field names and values, nested as the message is.
        stamps: Let `auto` stand for a header stamped when published, and `now` for such a time.

    Returns:
        What to call with the time of publication.

    Raises:
        RuntimeError: No such field, or a value that does not fit; names the field and, if
            there is none of that name, the valid ones.
    """
    setters: list[Callable[[Time], None]] = []
    try:
        _set(msg, values, setters if stamps else None)
    except (AttributeError, AssertionError, TypeError, ValueError, OverflowError) as error:
        raise RuntimeError(f'Failed to populate field: {error}') from error
    return setters


def _set(msg, values, setters) -> None:
    kind = type(msg).__name__
    if not isinstance(values, dict):
        raise TypeError(
            f"{kind} needs a dictionary of its fields, not '{values}' "
            f'({", ".join(msg.get_fields_and_field_types())})'
        )
    slots = dict(zip(msg.get_fields_and_field_types(), msg.SLOT_TYPES, strict=True))
    for name, value in values.items():
        if name not in slots:
            raise AttributeError(f"{kind} has no field '{name}'; it has {', '.join(slots)}")
        field = getattr(msg, name)
        if setters is not None and isinstance(field, Header) and value == 'auto':
            setters.append(partial(setattr, field, 'stamp'))
        elif setters is not None and isinstance(field, Time) and value == 'now':
            setters.append(partial(setattr, msg, name))
        else:
            setattr(msg, name, _convert(field, slots[name], value, setters))


def _convert(field, slot, value, setters):
    """Return `value` in the type of `field`, the default that it replaces."""
    if hasattr(field, 'SLOT_TYPES'):
        _set(field, value, setters)
        return field
    if isinstance(slot, AbstractNestedType) and isinstance(slot.value_type, NamespacedType):
        message = get_message('/'.join(slot.value_type.namespaced_name()))
        messages = [message() for _ in value]
        for item, item_value in zip(messages, value, strict=True):
            _set(item, item_value, setters)
        return messages
    if isinstance(field, array.array):
        return array.array(field.typecode, value)
    if isinstance(field, np.ndarray):
        return np.array(value, dtype=field.dtype)
    if isinstance(field, bytes):
        return bytes([value]) if isinstance(value, int) else value.encode('latin-1')
    # As in the real command, 3 may be given for a float and yes for a string.
    return value if type(value) is type(field) else type(field)(value)
