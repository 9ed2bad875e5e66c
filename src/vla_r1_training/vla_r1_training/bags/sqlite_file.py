"""Reads an sqlite3 bag file, also one that was cut off, damaged or never closed.

SQLite finds rows by its trees alone. Where these are broken, or older than the rows (a recorder
was killed within a transaction), `sqlite_leaves` finds the rest: 0.1 to 11 % of four recordings
that were killed.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import apsw

from vla_r1_training.bags.records import Buffer, Channel, Fault, Message, Place
from vla_r1_training.bags.sqlite_leaves import AsItIs, Leaves

_TOPICS = 4096  # that are looked for, one by one, in a damaged table
_MOST_LOST = 1 << 24  # rows in a row


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
        self._path = path
        self._leaves: Leaves | None = None
        self._vfs = vfs = AsItIs(path)
        self._damaged = vfs.there != vfs.announced
        if vfs.there < vfs.announced:
            what = f'the file is cut off: {vfs.there} of its {vfs.announced} pages are there'
            self.faults.append(Fault(what))
        try:
            # A recorder that was killed leaves its last messages in a journal beside the file.
            if path.with_name(path.name + '-wal').exists():
                self._database = apsw.Connection(str(path), apsw.SQLITE_OPEN_READONLY)
            else:
                self._database = vfs.database()
            self.channels = self._channels()
        except apsw.Error as error:
            raise ValueError(f'its topics cannot be read: {error}') from error

    def messages(self) -> Iterator[Message]:
        """Yield everything that can be read, in the order of time.

        Where the file is damaged, the rest comes in the order in which it was written.
        """
        seen = bytearray()  # by id
        last_ns = None
        rows = 'SELECT id, topic_id, timestamp, data FROM messages ORDER BY timestamp, id'
        try:
            for id_, topic, time_ns, data in self._database.execute(rows):
                _note(seen, id_)
                last_ns = time_ns
                self.done_bytes += len(data)
                yield Message(topic, time_ns, data, (id_,))
        except apsw.Error as error:
            self._damaged = True
            self.faults.append(Fault(f'the table is damaged: {error}', start_ns=last_ns))
        if self._damaged or seen.find(0, 1) > 0:
            yield from self._rest(seen)

    def read(self, place: Place) -> Buffer:
        """Return the data of a message again."""
        if self._leaves and len(place) == 2:
            return self._leaves.data((place[0], place[1]))
        rows = self._database.execute('SELECT data FROM messages WHERE id = ?', place)
        ((data,),) = rows
        assert isinstance(data, bytes)
        return data

    def close(self) -> None:
        """Close the file."""
        self._database.close()
        if self._leaves:
            self._leaves.close()

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

    def _rest(self, seen: bytearray) -> Iterator[Message]:
        """Yield the rows that no index led to, and note which are lost."""
        self._leaves = leaves = Leaves(self._path)
        found, lost = 0, dict[str, list[int]]()
        for row in leaves.rows():
            if row.topic not in self.channels or not _note(seen, row.id):
                continue
            try:
                data = leaves.data(row.place)
            except apsw.Error:
                lost.setdefault(self.channels[row.topic].topic, []).append(row.time_ns)
            else:
                found += 1
                self.done_bytes += len(data)
                yield Message(row.topic, row.time_ns, data, row.place)
        if found:
            self.faults.append(Fault(f'{found} messages were saved that no index leads to'))
        for topic, times in lost.items():
            what = 'a part of each of these messages is lost'
            self.faults.append(Fault(what, topic, min(times), max(times), len(times)))
        if unknown := seen[1:].count(0):
            what = 'rows in between are lost; their topics are not known'
            self.faults.append(Fault(what, count=unknown))


def _note(seen: bytearray, id_: int) -> bool:
    """Note a row; return whether it is new, and its id one that rows have."""
    if not 0 < id_ < len(seen) + _MOST_LOST:
        return False
    seen.extend(bytes(max(0, id_ + 1 - len(seen))))
    new = not seen[id_]
    seen[id_] = 1
    return new
