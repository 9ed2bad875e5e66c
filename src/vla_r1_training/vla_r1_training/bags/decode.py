"""CDR → messages, with the definitions that the bag itself brings."""

from functools import lru_cache
import struct
from typing import Any

from rosbags.interfaces import Nodetype
from rosbags.typesys import get_types_from_idl, get_types_from_msg, get_typestore, Stores
from rosbags.typesys.store import Typestore

from vla_r1_training.bags.records import Buffer, Channel

_HEADER = 'std_msgs/msg/Header'
_IDL_RULE = '=' * 80 + '\n'


class DecodeError(ValueError):
    """A message cannot be decoded; the text says why."""


def decode(channel: Channel, data: Buffer) -> Any:
    """Return a message as an object with the fields of its type.

    Raises:
        DecodeError: its type is not known, or the data do not fit it.
    """
    store = _typestore(channel.msgtype, channel.schema, channel.definition)
    try:
        return store.deserialize_cdr(data, channel.msgtype)
    except Exception as error:
        raise DecodeError(f'not a {channel.msgtype}: {error!r}') from error


def stamp_offset(channel: Channel) -> int | None:
    """Return where in the data the stamp is [bytes]; None for types without or not known."""
    if channel.msgtype == 'tf2_msgs/msg/TFMessage':
        return 8  # the first transform's; behind the number of transforms
    if channel.msgtype == 'rosgraph_msgs/msg/Clock':
        return 4
    try:
        store = _typestore(channel.msgtype, channel.schema, channel.definition)
    except DecodeError:
        return None
    fields = store.fielddefs[channel.msgtype][1]
    return 4 if fields and fields[0][1] == (Nodetype.NAME, _HEADER) else None


def stamp_ns(data: Buffer, offset: int = 4) -> int | None:
    """Return the stamp [ns] of a message, None if it is cut off."""
    if len(data) < offset + 8:
        return None
    sec, nanosec = struct.unpack_from('<iI' if data[1] & 1 else '>iI', data, offset)
    return int(sec) * 1_000_000_000 + int(nanosec)


def header_ns(message: Any) -> int:
    """Return the stamp [ns] of a decoded message."""
    stamp = message.header.stamp
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)


@lru_cache(maxsize=256)  # the files of a recording have the same topics
def _typestore(msgtype: str, schema: str, definition: str) -> Typestore:
    try:
        if schema == 'ros2msg':
            types = get_types_from_msg(definition, msgtype)
        elif schema in ('ros2idl', 'omgidl'):
            types = {}
            for part in definition.split(_IDL_RULE):
                text = part.partition('\n')[2] if part.startswith('IDL: ') else part
                types.update(get_types_from_idl(text) if text.strip() else {})
        else:
            return _well_known(msgtype)
        store = get_typestore(Stores.EMPTY)
        store.register(types)
    except DecodeError:
        raise
    except Exception as error:
        raise DecodeError(f'the definition of {msgtype} cannot be read: {error!r}') from error
    return store


def _well_known(msgtype: str) -> Typestore:
    """Return ROS 2's own types: bags written before Iron bring no definitions."""
    store = get_typestore(Stores.ROS2_JAZZY)
    if msgtype not in store.fielddefs:
        raise DecodeError(f'neither the bag nor ROS 2 itself defines {msgtype}')
    return store
