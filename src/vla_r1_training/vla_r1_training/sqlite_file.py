"""Reads an sqlite3 bag file, also one that was cut off, damaged or never closed."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import apsw

from vla_r1_training.records import Buffer, Channel, Fault, Message, Place
from vla_r1_training.sqlite_pages import announced_bytes, HEADER_BYTES, Pages

_VFS = 'vla_r1_padded'
_TOPICS = 4096  # that are looked for, one by one, in a damaged table


class SqliteFile:
    """A `records.BagFile`."""

    def __init__(self, path: Path) -> None:
        """Open a file.

        Raises:
            ValueError: it is no sqlite3 bag, or so damaged that not even its topics can be read.
        """
        self.faults: list[Fault] = []
        self.announced: dict[str, int] = {}
        self.done_bytes = 0
        self._pages = Pages(path)
        with path.open('rb') as file:
            whole = announced_bytes(file.read(HEADER_BYTES))
        there = path.stat().st_size
        if there < whole:
            self.faults.append(Fault(f'the file is cut off: {there} of {whole} bytes are there'))
        self._vfs = _Padded()
        # A recorder that was killed leaves its last messages in a journal beside the file.
        journal = path.with_name(path.name + '-wal')
        try:
            self._database = apsw.Connection(
                f'file:{path}?{"mode=ro" if journal.exists() else "immutable=1"}',
                apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI,
                _VFS if there < whole else None,
            )
            self.channels = self._channels()
        except apsw.Error as error:
            self._pages.close()
            raise ValueError(f'its topics cannot be read: {error}') from error

    def messages(self) -> Iterator[Message]:
        """Yield everything that can be read, in the order of time.

        Where the file is damaged, the rest comes in the order in which it was written.
        """
        last = (-(2**63), 0)
        rows = 'SELECT id, topic_id, timestamp, data FROM messages ORDER BY timestamp, id'
        try:
            for id_, topic, time_ns, data in self._database.execute(rows):
                last = (time_ns, id_)
                self.done_bytes += len(data)
                yield Message(topic, time_ns, data, (id_,))
            return
        except apsw.Error as error:
            time = last[0] if last[1] else None
            self.faults.append(Fault(f'the table is damaged: {error}', start_ns=time))
        yield from self._rest(last)

    def read(self, place: Place) -> Buffer:
        """Return the data of a message again."""
        if len(place) == 2:
            return self._pages.data((place[0], place[1]))
        rows = self._database.execute('SELECT data FROM messages WHERE id = ?', place)
        ((data,),) = rows
        assert isinstance(data, bytes)
        return data

    def close(self) -> None:
        """Close the file."""
        self._database.close()
        self._pages.close()

    def _channels(self) -> dict[int, Channel]:
        definitions: dict[str, tuple[str, str]] = {}
        if self._has_table('message_definitions'):  # since Iron
            columns = 'topic_type, encoding, encoded_message_definition'
            for msgtype, schema, text in self._rows(columns, 'message_definitions'):
                definitions[msgtype] = (schema, text)
        return {
            id_: Channel(topic, msgtype, *definitions.get(msgtype, ('', '')))
            for id_, topic, msgtype in self._rows('id, name, type', 'topics')
        }

    def _rows(self, columns: str, table: str) -> list[Any]:
        """Return the rows of a small table; where it is damaged, those that are left."""
        try:
            return self._database.execute(f'SELECT {columns} FROM {table}').fetchall()
        except apsw.Error as error:
            self.faults.append(Fault(f'the table {table} is damaged: {error}'))
        query, found = f'SELECT {columns} FROM {table} WHERE id = ?', []
        for id_ in range(1, _TOPICS + 1):
            with suppress(apsw.Error):
                found += self._database.execute(query, (id_,)).fetchall()
        return found

    def _has_table(self, name: str) -> bool:
        rows = self._database.execute('SELECT 1 FROM sqlite_master WHERE name = ?', (name,))
        return bool(rows.fetchall())

    def _rest(self, after: tuple[int, int]) -> Iterator[Message]:
        """Yield the rows whose time [ns] and id are after these, and note which are lost."""
        seen = bytearray()  # by id: a page that is not in use any more may hold a row again
        lost: Counter[str] = Counter()
        times: dict[str, list[int]] = {}
        for row in self._pages.rows():
            if row.topic not in self.channels or row.id > len(seen) + 2**24:
                continue
            seen.extend(bytes(max(0, row.id + 1 - len(seen))))
            if (row.time_ns, row.id) <= after or seen[row.id]:
                seen[row.id] = 1
                continue
            try:
                data = self._pages.data(row.place)
            except ValueError:
                topic = self.channels[row.topic].topic
                lost[topic] += 1
                times.setdefault(topic, []).append(row.time_ns)
                continue
            seen[row.id] = 1
            self.done_bytes += row.size
            yield Message(row.topic, row.time_ns, data, row.place)
        for topic, count in lost.items():
            what = 'a part of each of these messages is lost'
            self.faults.append(Fault(what, topic, min(times[topic]), max(times[topic]), count))
        unknown = seen[1:].count(0) - sum(lost.values())
        if unknown > 0:
            what = 'rows in between are lost; their topics are not known'
            self.faults.append(Fault(what, count=unknown))


class _Padded(apsw.VFS):
    """Reads a file that was cut off as if zeros followed: else SQLite refuses all of it."""

    def __init__(self) -> None:
        super().__init__(_VFS, '')

    def xOpen(  # noqa: N802 - the name is SQLite's
        self, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> apsw.VFSFile:
        """Open a file."""
        return _PaddedFile('', name, flags)


class _PaddedFile(apsw.VFSFile):
    def xFileSize(self) -> int:  # noqa: N802
        """Return the size that the file should have."""
        there = super().xFileSize()
        return max(there, announced_bytes(self.xRead(HEADER_BYTES, 0) if there else b''))
