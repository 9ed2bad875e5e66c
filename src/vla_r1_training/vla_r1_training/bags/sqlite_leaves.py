"""Reads the messages of a broken sqlite3 bag without the tree that leads to them.

SQLite is shown each leaf of the file in turn as if it were the whole table. What is used of the
format: https://sqlite.org/fileformat.html.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
import struct
from typing import NamedTuple

import apsw

_HEADER_BYTES = 100
_COUNT_AT = 28  # in the header: how many pages there should be
_LEAF = b'\x0d'  # what the leaf of a table begins with
_ROWS = """
    SELECT id, topic_id, timestamp FROM messages WHERE
    typeof(topic_id) = 'integer' AND typeof(timestamp) = 'integer' AND typeof(data) = 'blob'
"""  # a leaf of another table has other types


class Row(NamedTuple):
    """A row of `messages`, its data left where it is.

    Attributes:
        place: for `Leaves.data`.
    """

    id: int
    topic: int
    time_ns: int
    place: tuple[int, int]


class AsItIs(apsw.VFS):
    """Shows a file as having the pages that are there: else SQLite refuses what was cut off.

    Attributes:
        page: [bytes].
        there, announced: pages in the file, and as its header says.
        shown: offset of a page → that of the page which is shown in its place [bytes].
    """

    def __init__(self, path: Path) -> None:
        """Look at a file.

        Raises:
            ValueError: it is no sqlite3 database.
        """
        with path.open('rb') as file:
            head = file.read(_HEADER_BYTES)
        if len(head) < _HEADER_BYTES or not head.startswith(b'SQLite format 3\0'):
            raise ValueError('this is no sqlite3 database: it begins with other bytes')
        (page,) = struct.unpack_from('>H', head, 16)
        self.page = 65536 if page == 1 else page
        self.there = path.stat().st_size // self.page
        (self.announced,) = struct.unpack_from('>I', head, _COUNT_AT)
        self.shown: dict[int, int] = {}
        self._name = f'vla_r1_{id(self)}'
        self._path = path
        super().__init__(self._name, '')

    def database(self) -> apsw.Connection:
        """Open the file, which nobody may change."""
        flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        intact = self.there == self.announced and not self.shown
        uri = self._path.absolute().as_uri() + '?immutable=1'
        return apsw.Connection(uri, flags, None if intact else self._name)

    def xOpen(  # noqa: N802 - the names are SQLite's
        self, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> apsw.VFSFile:
        """Open a file."""
        return _File(self, name, flags)


class _File(apsw.VFSFile):
    def __init__(self, vfs: AsItIs, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        super().__init__('', name, flags)
        self._vfs = vfs

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802
        """Return bytes of the file."""
        data = super().xRead(amount, self._vfs.shown.get(offset, offset))
        if offset == 0:
            count = struct.pack('>I', self._vfs.there)
            data = data[:_COUNT_AT] + count + data[_COUNT_AT + 4 :]
        return data


class Leaves:
    """The leaves of a database's tables."""

    def __init__(self, path: Path) -> None:
        """Open a file.

        Raises:
            ValueError: it is no sqlite3 database.
            apsw.Error: not even the names of its tables can be read.
        """
        self._path = path
        self._vfs = AsItIs(path)
        tables = "SELECT rootpage FROM sqlite_master WHERE name = 'messages'"
        ((root,),) = self._vfs.database().execute(tables)
        self._root = (root - 1) * self._vfs.page
        self._vfs.shown = {self._root: self._root}
        self._database = self._vfs.database()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def rows(self) -> Iterator[Row]:
        """Yield the rows that are found, about in the order in which they were written."""
        with self._path.open('rb') as file:
            for number in range(1, self._vfs.there):
                offset = number * self._vfs.page
                file.seek(offset)
                if file.read(1) != _LEAF:
                    continue
                self._show(offset)
                found: list[tuple[int, int, int]] = []
                with suppress(apsw.Error):
                    found.extend(self._database.execute(_ROWS))  # up to where it is damaged
                for id_, topic, time_ns in found:
                    yield Row(id_, topic, time_ns, (offset, id_))

    def data(self, place: tuple[int, int]) -> bytes:
        """Return the data of a row.

        Raises:
            apsw.Error: a part of it is lost.
        """
        offset, id_ = place
        self._show(offset)
        ((data,),) = self._database.execute('SELECT data FROM messages WHERE id = ?', (id_,))
        assert isinstance(data, bytes)
        return data

    def _show(self, offset: int) -> None:
        """Let a page be the table's root."""
        if self._vfs.shown[self._root] != offset:
            self._vfs.shown[self._root] = offset
            self._database.release_memory()  # of the one before
