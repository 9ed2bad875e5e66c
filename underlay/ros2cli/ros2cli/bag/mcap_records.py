"""The building blocks of an MCAP file (https://mcap.dev/spec): records and their fields."""

from collections.abc import Iterable
import struct

MAGIC = b'\x89MCAP0\r\n'

HEADER = 0x01
FOOTER = 0x02
SCHEMA = 0x03
CHANNEL = 0x04
MESSAGE = 0x05
CHUNK = 0x06
MESSAGE_INDEX = 0x07
CHUNK_INDEX = 0x08
STATISTICS = 0x0B
METADATA = 0x0C
METADATA_INDEX = 0x0D
SUMMARY_OFFSET = 0x0E
DATA_END = 0x0F

RECORD_HEAD = struct.Struct('<BQ')  # opcode, length of the body
MESSAGE_HEAD = struct.Struct('<HIQQ')  # channel, sequence, log time [ns], publish time [ns]
CHUNK_HEAD = struct.Struct('<QQQI')  # first, last log time [ns], uncompressed size, CRC


def pack_record(opcode: int, *parts: bytes) -> bytes:
    """Return a whole record."""
    return b''.join((RECORD_HEAD.pack(opcode, sum(map(len, parts))), *parts))


def pack_string(text: str) -> bytes:
    """Return a length-prefixed string."""
    data = text.encode()
    return struct.pack('<I', len(data)) + data


def pack_map(items: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return a length-prefixed map of packed keys and values."""
    data = b''.join(key + value for key, value in items)
    return struct.pack('<I', len(data)) + data


def pack_strings(items: dict[str, str]) -> bytes:
    """Return a map of strings."""
    return pack_map((pack_string(key), pack_string(value)) for key, value in items.items())


class Fields:
    """Takes the fields of a record's body, one after another."""

    def __init__(self, body: bytes | memoryview) -> None:
        """Start at the first field."""
        self._body = memoryview(body)

    def take(self, size: int) -> memoryview:
        """Return the next `size` bytes."""
        taken, self._body = self._body[:size], self._body[size:]
        return taken

    def unpack(self, form: str) -> tuple:
        """Return the next fixed-size fields."""
        return struct.unpack(form, self.take(struct.calcsize(form)))

    def string(self) -> str:
        """Return the next string."""
        return bytes(self.take(self.unpack('<I')[0])).decode()

    def strings(self) -> dict[str, str]:
        """Return the next map of strings."""
        fields = Fields(self.take(self.unpack('<I')[0]))
        items = {}
        while fields:
            key = fields.string()
            items[key] = fields.string()
        return items

    def rest(self) -> memoryview:
        """Return what is left."""
        return self._body

    def __len__(self) -> int:
        return len(self._body)
