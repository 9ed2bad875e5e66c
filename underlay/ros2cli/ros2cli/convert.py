"""Messages as YAML, to print them."""

import array
import sys

import numpy as np
from rosidl_parser.definition import (
    AbstractString,
    AbstractWString,
    Array,
    BasicType,
    BoundedSequence,
    NamespacedType,
)
import yaml


def message_to_yaml(msg, **options) -> str:
    """Return the message as block YAML, fields in their order; options of `to_plain`."""
    return yaml.dump(
        to_plain(msg, **options),
        allow_unicode=True,
        width=sys.maxsize,
        default_flow_style=False,
        sort_keys=False,
    )


def to_plain(value, *, slot=None, truncate: int | None = None, no_arr=False, no_str=False):
    """Return a message or field as dicts, lists and scalars.

    Args:
        value: The message or a field of one.
        slot: The field's rosidl type, where known.
        truncate: Longest array, bytes or string; `None` for no limit.
        no_arr: Put type and length in place of arrays.
        no_str: Put the length in place of strings.
    """
    options = {'truncate': truncate, 'no_arr': no_arr, 'no_str': no_str}
    if hasattr(value, 'SLOT_TYPES'):
        names = value.get_fields_and_field_types()
        return {
            name: to_plain(getattr(value, name), slot=slot, **options)
            for name, slot in zip(names, value.SLOT_TYPES, strict=True)
        }
    if isinstance(value, bytes):
        value = value.decode('latin-1')
        return value if truncate is None or len(value) <= truncate else value[:truncate] + '...'
    if isinstance(value, str):
        if no_str:
            return f'<string length: <{len(value)}>>'
        return value if truncate is None or len(value) <= truncate else value[:truncate] + '...'
    if isinstance(value, list | tuple | array.array | np.ndarray):
        if no_arr and slot is not None:
            return _abbreviate(value, slot)
        plain = [to_plain(item, **options) for item in value[:truncate]]
        return plain if len(value) == len(plain) else [*plain, '...']
    if isinstance(value, np.number):
        return value.item()
    return value


def _type_name(slot) -> str:
    if isinstance(slot, BasicType):
        return slot.typename
    if isinstance(slot, NamespacedType):
        return '/'.join(slot.namespaced_name())
    if isinstance(slot, AbstractWString):
        return 'wstring'
    return 'string' if isinstance(slot, AbstractString) else 'unknown'


def _abbreviate(value, slot) -> str:
    """Return what stands for an array: its type and length."""
    name = _type_name(slot.value_type)
    if isinstance(slot, Array):
        return f'<array type: {name}[{slot.size}]>'
    if isinstance(slot, BoundedSequence):
        return f'<sequence type: {name}[{slot.maximum_size}], length: {len(value)}>'
    return f'<sequence type: {name}, length: {len(value)}>'
