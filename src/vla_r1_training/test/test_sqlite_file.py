"""What SQLite itself does not find in a bag whose recorder was killed, or that was cut off."""

import os
import shutil
import sqlite3

import pytest
from vla_r1_training.bags.sqlite_file import SqliteFile

TABLES = """
    CREATE TABLE topics (id INTEGER PRIMARY KEY, name TEXT, type TEXT);
    CREATE TABLE messages (
        id INTEGER PRIMARY KEY, topic_id INTEGER, timestamp INTEGER, data BLOB
    );
    CREATE INDEX timestamp_idx ON messages (timestamp ASC);
    INSERT INTO topics VALUES (1, '/a', 'std_msgs/msg/String');
"""
ADD = 'INSERT INTO messages (topic_id, timestamp, data) VALUES (1, ?, ?)'
ROWS = [(i, bytes([0, 1, 0, 0, i]) * 2_000) for i in range(200)]  # of three pages each
PAGE = 4096  # [bytes]


@pytest.fixture
def whole(tmp_path):
    """A bag with the first 40 rows."""
    path = tmp_path / 'whole.db3'
    database = sqlite3.connect(path)
    database.execute(f'PRAGMA page_size={PAGE}')
    database.executescript(TABLES)
    database.executemany(ADD, ROWS[:40])
    database.commit()
    database.close()
    return path


def read(path):
    """Return (time, data) of the messages, and the faults as text."""
    file = SqliteFile(path)
    found = [(m.time_ns, bytes(m.data), bytes(file.read(m.place))) for m in file.messages()]
    assert all(data == again for _, data, again in found)
    file.close()
    return [message[:2] for message in found], [fault.what for fault in file.faults]


def test_what_a_killed_recorder_had_not_committed_is_read(tmp_path, whole):
    """Neither the table's tree nor the index lead to it: they were still in memory."""
    database = sqlite3.connect(whole)
    database.execute('PRAGMA journal_mode=MEMORY')
    database.execute('PRAGMA cache_size=10')  # pages; the others are written before the commit
    database.executemany(ADD, ROWS[40:])
    killed = shutil.copy(whole, tmp_path / 'killed.db3')  # while the transaction is under way
    database.close()
    found, faults = read(killed)
    assert found == ROWS[: len(found)]
    assert len(found) > 190
    assert f'{len(found) - 40} messages were saved that no index leads to' in faults


def test_what_the_index_does_not_know_is_read_all_the_same(whole):
    """Of a transaction that was being written, some pages are new and some are old."""
    database = sqlite3.connect(whole)
    database.executescript(
        """
        CREATE INDEX other ON messages (timestamp) WHERE id != 7;
        PRAGMA writable_schema = ON;
        UPDATE sqlite_master SET rootpage = (
            SELECT rootpage FROM sqlite_master WHERE name = 'other'
        ) WHERE name = 'timestamp_idx';
        DELETE FROM sqlite_master WHERE name = 'other';
        """
    )
    database.commit()
    database.close()
    found, faults = read(whole)
    assert sorted(found) == ROWS[:40]
    assert faults == ['1 messages were saved that no index leads to']


def test_the_tree_is_not_needed(whole):
    """Its root is broken."""
    database = sqlite3.connect(whole)
    of = "SELECT rootpage FROM sqlite_master WHERE name = 'messages'"
    (root,) = database.execute(of).fetchone()
    database.close()
    with whole.open('r+b') as file:
        file.seek((root - 1) * PAGE)
        file.write(b'\xff' * PAGE)
    found, faults = read(whole)
    assert sorted(found) == ROWS[:40]
    assert faults[0].startswith('the table is damaged')


def test_a_message_whose_end_was_cut_off_is_lost_and_told(tmp_path, whole):
    """Whichever page of the file is the first that is lost."""
    counts = []
    for left in range(20, whole.stat().st_size // PAGE):
        path = shutil.copy(whole, tmp_path / 'cut.db3')
        os.truncate(path, left * PAGE)
        found, faults = read(path)
        assert not set(found) - set(ROWS[:40]), 'nothing is invented'
        assert faults[0].startswith('the file is cut off')
        counts.append(len(found))
    assert counts == sorted(counts)
    assert counts[0] < 10 and counts[-1] >= 39
