"""Finds the messages of a damaged sqlite3 bag page by page, without the tree that leads to them.

The format: https://sqlite.org/fileformat.html. Every table leaf page is looked at; a row of the
table `messages` is told by its columns: id, topic_id, timestamp, data.
"""

from collections.abc import Iterator
import os
from pathlib import Path
import struct
from typing import NamedTuple

HEADER_BYTES = 100
_MAGIC = b'SQLite format 3\0'
_LEAF = 0x0D
_INTEGER_BYTES = {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8, 8: 0, 9: 0}


class Row(NamedTuple):
    """A row of `messages`, its data left where it is.

    Attributes:
        size: of the data [bytes].
        place: page and offset of its cell, for `Pages.data`.
    """

    id: int
    topic: int
    time_ns: int
    size: int
    place: tuple[int, int]


def announced_bytes(head: bytes) -> int:
    """Return the size of a database [bytes] by its header; 0 when that does not say."""
    if len(head) < HEADER_BYTES:
        return 0
    return int(_page_bytes(head) * struct.unpack_from('>I', head, 28)[0])


class Pages:
    """The pages of a file."""

    def __init__(self, path: Path) -> None:
        """Open a file.

        Raises:
            ValueError: it is no sqlite3 database.
        """
        self._file = path.open('rb')
        head = self._file.read(HEADER_BYTES)
        if len(head) < HEADER_BYTES or not head.startswith(_MAGIC):
            self._file.close()
            raise ValueError('this is no sqlite3 database: it begins with other bytes')
        self._page = _page_bytes(head)
        self._usable = self._page - head[20]
        self._count = self._file.seek(0, os.SEEK_END) // self._page

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def rows(self) -> Iterator[Row]:
        """Yield the rows that are found, about in the order in which they were written."""
        for number in range(2, self._count + 1):
            page = self._read(number)
            if page[0] != _LEAF:
                continue
            cells = struct.unpack_from('>H', page, 3)[0]
            if 8 + 2 * cells > len(page):
                continue
            for at in struct.unpack_from(f'>{cells}H', page, 8):
                row = self._row(page, number, at)
                if row:
                    yield row

    def data(self, place: tuple[int, int]) -> bytes:
        """Return the data of a row.

        Raises:
            ValueError: a part of it is lost.
        """
        number, at = place
        page = self._read(number)
        size, at = _varint(page, at)
        _, at = _varint(page, at)
        local = self._local(size)
        payload = page[at : at + local]
        (following,) = struct.unpack_from('>I', page, at + local) if local < size else (0,)
        parts, missing = [payload], size - local
        while missing > 0:
            if not 1 < following <= self._count:
                raise ValueError(f'{missing} of its {size} bytes are lost')
            page = self._read(following)
            (following,) = struct.unpack_from('>I', page)
            parts.append(page[4 : 4 + min(missing, self._usable - 4)])
            missing -= len(parts[-1])
        whole = b''.join(parts)
        return whole[_varint(whole, 0)[0] :][-_blob_bytes(whole) :]

    def _read(self, number: int) -> bytes:
        self._file.seek((number - 1) * self._page)
        return self._file.read(self._page)

    def _local(self, size: int) -> int:
        """Return how much of a payload lies in its cell [bytes]."""
        most, least = self._usable - 35, (self._usable - 12) * 32 // 255 - 23
        if size <= most:
            return size
        part = least + (size - least) % (self._usable - 4)
        return part if part <= most else least

    def _row(self, page: bytes, number: int, at: int) -> Row | None:
        """Return the row of a cell if it is one of `messages`."""
        try:
            size, begin = _varint(page, at)
            id_, begin = _varint(page, begin)
            header, kinds = _kinds(page, begin)
            if len(kinds) != 4 or kinds[0] or kinds[3] < 12 or kinds[3] % 2:
                return None
            topic_bytes, time_bytes = _INTEGER_BYTES[kinds[1]], _INTEGER_BYTES[kinds[2]]
        except (IndexError, KeyError):
            return None
        data_bytes = (kinds[3] - 12) // 2
        if size != header + topic_bytes + time_bytes + data_bytes:
            return None
        begin += header
        topic = int.from_bytes(page[begin : begin + topic_bytes], 'big')
        begin += topic_bytes
        time_ns = int.from_bytes(page[begin : begin + time_bytes], 'big', signed=True)
        topic = {8: 0, 9: 1}.get(kinds[1], topic)
        return Row(id_, topic, time_ns, data_bytes, (number, at))


def _page_bytes(head: bytes) -> int:
    size = int(struct.unpack_from('>H', head, 16)[0])
    return 65536 if size == 1 else size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return an integer of 1 to 9 bytes, and where it ends."""
    value = 0
    for i in range(at, at + 8):
        value = value << 7 | data[i] & 0x7F
        if data[i] < 0x80:
            return value, i + 1
    return value << 8 | data[at + 8], at + 9


def _kinds(payload: bytes, at: int) -> tuple[int, list[int]]:
    """Return the size of a record's header [bytes] and the types of its columns."""
    size, begin = _varint(payload, at)
    kinds = []
    while begin < at + size:
        kind, begin = _varint(payload, begin)
        kinds.append(kind)
    return size, kinds


def _blob_bytes(payload: bytes) -> int:
    return (_kinds(payload, 0)[1][3] - 12) // 2
