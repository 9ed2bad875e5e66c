"""Bags in every form and every state, written from what was really recorded."""

from bisect import bisect
from collections import Counter
from itertools import accumulate
import os
import re
import shutil
import sqlite3
import struct

import lz4.frame
import pytest
from rosbags.rosbag2 import CompressionMode, Reader, StoragePlugin
from vla_r1_training.bags.bag import Bag, find_bags
from vla_r1_training.bags.mcap_file import McapFile
from vla_r1_training.bags.mcap_layout import MAGIC, RECORD, scan


def read(path):
    """Return the messages as (topic, time, data), and the bag's faults as text."""
    with Bag(path) as bag:
        found = [(m.channel.topic, m.time_ns, bytes(m.data)) for m in bag.messages()]
        return found, [f'{name}: {fault.what}' for name, fault in bag.faults]


def plain(messages):
    return [(connection.topic, time_ns, bytes(data)) for connection, time_ns, data in messages]


def only_file(bag):
    (path,) = [p for p in bag.iterdir() if p.name != 'metadata.yaml']
    return path


def cut(path, share):
    """Cut a file off; return what is left of it [bytes]."""
    size = int(path.stat().st_size * share)
    with path.open('r+b') as file:
        file.truncate(size)
    return size


def test_a_recording_is_read_as_rosbags_reads_it(recording):
    with Reader(recording) as reader:
        expected = Counter((c.topic, t, len(data)) for c, t, data in reader.messages())
    with Bag(recording) as bag:
        times, found = [], Counter()
        for message in bag.messages():
            times.append(message.time_ns)
            found[message.channel.topic, message.time_ns, len(message.data)] += 1
        assert found == expected
        assert times == sorted(times)
        assert not bag.faults
        assert bag.done_bytes == bag.size
        assert bag.announced == Counter(topic for topic, _, _ in expected.elements())


FORMS = {
    'mcap': {},
    'mcap, compressed chunks': {'mode': CompressionMode.STORAGE},
    'mcap, compressed messages': {'mode': CompressionMode.MESSAGE},
    'mcap, compressed file': {'mode': CompressionMode.FILE},
    'sqlite3': {'storage': StoragePlugin.SQLITE3},
    'sqlite3, compressed messages': {
        'storage': StoragePlugin.SQLITE3,
        'mode': CompressionMode.MESSAGE,
    },
    'sqlite3, compressed file': {'storage': StoragePlugin.SQLITE3, 'mode': CompressionMode.FILE},
}


@pytest.mark.parametrize('form', FORMS)
def test_every_form_gives_the_same_messages(tmp_path, few_seconds, write_bag, form):
    bag = write_bag(tmp_path / 'bag', few_seconds, **FORMS[form])
    found, faults = read(bag)
    assert Counter(found) == Counter(plain(few_seconds))
    assert [time for _, time, _ in found] == sorted(time for _, time, _ in found)
    assert not faults


@pytest.mark.parametrize('form', FORMS)
def test_what_lies_before_the_cut_is_read_and_the_loss_is_told(
    tmp_path, few_seconds, write_bag, form
):
    """A file that was cut in half gives about half of what was in it, undamaged."""
    bag = write_bag(tmp_path / 'bag', few_seconds, **FORMS[form])
    cut(only_file(bag), 0.5)
    found, faults = read(bag)
    expected = plain(few_seconds)
    assert not Counter(found) - Counter(expected), 'nothing is invented'
    ends = list(accumulate(len(data) for _, _, data in expected))  # [bytes]
    assert 0.4 < sum(len(data) for _, _, data in found) / ends[-1] < 0.6
    beginning = expected[: bisect(ends, 0.4 * ends[-1])]
    assert not Counter(beginning) - Counter(found), 'the beginning is whole'
    assert any(re.search('cut off|ends within|damaged', fault) for fault in faults)


def test_a_lost_definition_costs_only_its_own_topic(tmp_path, pick_messages, write_bag):
    """That of a topic which came last is at the end of an sqlite3 file."""
    whole = write_bag(tmp_path / 'bag', pick_messages, storage=StoragePlugin.SQLITE3)
    bag = shutil.copytree(whole, tmp_path / 'cut')
    size = only_file(bag).stat().st_size
    for percent in range(98, 2, -4):  # it lies where the topic began
        os.truncate(only_file(bag), size * percent // 100)
        found, faults = read(bag)
        if any('message_definitions is damaged' in fault for fault in faults):
            break
    else:
        pytest.fail(f'no definition is lost: {faults}')
    assert len(found) > 0.8 * percent / 100 * len(pick_messages)
    with Bag(bag) as opened:
        described = {m.channel.topic for m in opened.messages() if m.channel.definition}
    assert '/tf' in described


def test_of_a_chunk_that_was_cut_the_first_messages_are_saved(tmp_path, recording):
    path = shutil.copy(only_file(recording), tmp_path / 'cut.mcap')
    with path.open('rb') as file:
        blocks = scan(file).blocks
    messages = list(McapFile(only_file(recording)).messages())
    held = Counter(message.place[0] for message in messages)
    number = next(i for i in range(len(blocks) // 2, len(blocks)) if held[i] > 1)
    middle = blocks[number]
    *within, last = sorted((m for m in messages if m.place[0] == number), key=lambda m: m.place)
    with path.open('r+b') as file:
        file.truncate(middle.offset + (last.place[1] + last.place[2]) // 2)
    before = [m for m in messages if m.place[0] < number]
    left = McapFile(path)
    assert Counter(map(_what, left.messages())) == Counter(map(_what, [*before, *within]))
    (fault,) = left.faults
    assert fault.end_ns == middle.end_ns and fault.start_ns >= middle.start_ns
    assert f'{len(within)} messages saved' in fault.what


def _what(message):
    return message.channel, message.time_ns, bytes(message.data)


def test_an_index_is_not_needed(tmp_path, recording):
    path = shutil.copy(only_file(recording), tmp_path / 'open.mcap')
    data = path.read_bytes()
    (summary,) = struct.unpack_from('<Q', data, len(data) - 28)
    path.write_bytes(data[:summary])
    found, faults = read(path)
    assert Counter(found) == Counter(read(recording)[0])
    assert faults == ['open.mcap: the file ends without its index: it was not closed']


def test_damage_in_the_middle_costs_only_what_is_damaged(tmp_path, recording):
    path = shutil.copy(only_file(recording), tmp_path / 'hole.mcap')
    with path.open('r+b') as file:
        blocks = scan(file).blocks
        lost = blocks[3]
        file.seek(lost.offset - 60)  # the chunk's header and the record before it
        file.write(b'\xff' * 80)
    file = McapFile(path)
    times = [message.time_ns for message in file.messages()]
    whole = list(McapFile(only_file(recording)).messages())
    assert len(times) == sum(message.place[0] != 3 for message in whole)
    assert any('bytes are damaged' in fault.what for fault in file.faults)
    assert file.faults[0].start_ns == blocks[2].end_ns


def test_what_a_damaged_chunk_held_is_reported_by_topic_and_time(tmp_path, few_seconds, write_bag):
    bag = write_bag(tmp_path / 'bag', few_seconds, mode=CompressionMode.STORAGE)
    path = only_file(bag)
    with path.open('r+b') as file:
        block = scan(file).blocks[1]
        file.seek(block.offset + block.size * 3 // 4)
        file.write(b'\xff' * 20_000)
    expected = Counter(plain(few_seconds))
    file = McapFile(path)
    found = Counter((file.channels[m.channel].topic, m.time_ns) for m in file.messages())
    lost = Counter((topic, time) for topic, time, _ in expected.elements()) - found
    told = {fault.topic: fault for fault in file.faults if fault.topic}
    assert lost
    assert Counter(topic for topic, _ in lost.elements()) == {t: f.count for t, f in told.items()}
    for topic, time in lost:
        assert told[topic].start_ns <= time <= told[topic].end_ns


def first_records(source):
    """The records of the first chunks, to the first with messages; the chunks; the messages."""
    messages = list(McapFile(source).messages())
    last = min(message.place[0] for message in messages)
    with source.open('rb') as file:
        blocks, records = scan(file).blocks[: last + 1], b''
        for block in blocks:
            file.seek(block.offset)
            records += file.read(block.size)
    return records, blocks, [message for message in messages if message.place[0] <= last]


def test_chunks_may_be_lz4(tmp_path, recording):
    records, blocks, expected = first_records(only_file(recording))
    block = blocks[-1]
    packed = lz4.frame.compress(records)
    body = struct.pack('<QQQI', block.start_ns, block.end_ns, len(records), 0)
    body += struct.pack('<I', 3) + b'lz4' + struct.pack('<Q', len(packed)) + packed
    path = tmp_path / 'lz4.mcap'
    path.write_bytes(MAGIC + RECORD.pack(1, 0) + RECORD.pack(6, len(body)) + body)
    assert len(list(McapFile(path).messages())) == len(expected) > 0


def test_messages_outside_of_chunks_are_read_in_the_order_of_time(tmp_path, recording):
    records, _, expected = first_records(only_file(recording))
    path = tmp_path / 'flat.mcap'
    path.write_bytes(MAGIC + RECORD.pack(1, 0) + records)
    found = list(McapFile(path).messages())
    assert [m.time_ns for m in found] == [m.time_ns for m in expected]


def test_a_file_without_messages_holds_none(tmp_path):
    path = tmp_path / 'empty.mcap'
    path.write_bytes(MAGIC + RECORD.pack(1, 0))
    assert list(McapFile(path).messages()) == []


def test_chunks_that_overlap_in_time_are_merged(tmp_path, recording):
    """The chunks of a file in reverse order, the messages in the order of time all the same."""
    with only_file(recording).open('rb') as file:
        blocks = scan(file).blocks[:4]
        chunks = []
        for block in reversed(blocks):
            file.seek(block.offset)
            data = file.read(block.size)
            body = struct.pack('<QQQI', block.start_ns, block.end_ns, len(data), 0)
            body += struct.pack('<I', 0) + struct.pack('<Q', len(data)) + data
            chunks.append(RECORD.pack(6, len(body)) + body)
    path = tmp_path / 'reversed.mcap'
    path.write_bytes(MAGIC + RECORD.pack(1, 0) + b''.join(chunks))
    times = [message.time_ns for message in McapFile(path).messages()]
    assert times and times == sorted(times)


def test_what_a_killed_recorder_left_in_sqlites_journal_is_read(tmp_path, few_seconds, write_bag):
    bag = write_bag(tmp_path / 'bag', few_seconds, storage=StoragePlugin.SQLITE3)
    path = only_file(bag)
    database = sqlite3.connect(path)
    database.execute('PRAGMA journal_mode=WAL')
    database.execute('PRAGMA wal_autocheckpoint=0')
    topic, time_ns = database.execute('SELECT topic_id, max(timestamp) FROM messages').fetchone()
    for i in range(5):
        row = (topic, time_ns + 1 + i, b'\x00\x01\x00\x00')
        database.execute('INSERT INTO messages (topic_id, timestamp, data) VALUES (?, ?, ?)', row)
    database.commit()
    killed = tmp_path / 'killed'
    shutil.copytree(bag, killed)  # while the writer still has it open
    database.close()
    assert len(read(killed)[0]) == len(few_seconds) + 5


def test_a_split_recording_is_read_in_the_order_of_its_numbers(tmp_path, few_seconds, write_bag):
    folder = tmp_path / 'split'
    folder.mkdir()
    size = len(few_seconds) // 12
    pieces = [few_seconds[i * size : (i + 1) * size] for i in range(12)]
    for i, piece in enumerate(pieces):
        file = only_file(write_bag(tmp_path / f'part{i}', piece))
        shutil.move(file, folder / f'split_{i}.mcap')
    found, faults = read(folder)
    assert [m[1] for m in found] == [m[1] for piece in pieces for m in piece]
    assert faults == ['metadata.yaml: there is no metadata.yaml: the recorder did not end orderly']


def test_what_cannot_be_opened_is_told_and_the_rest_is_read(tmp_path, few_seconds, write_bag):
    bag = write_bag(tmp_path / 'bag', few_seconds)
    (bag / 'bag_1.mcap').write_bytes(b'')
    (bag / 'bag_2.mcap').write_text('not a bag')
    (bag / 'bag_3.db3').write_text('not a bag, either')
    found, faults = read(bag)
    assert len(found) == len(few_seconds)
    assert [fault.partition(':')[0] for fault in faults] == [
        'bag_1.mcap',
        'bag_2.mcap',
        'bag_3.db3',
    ]


def test_a_file_that_metadata_names_but_that_is_gone_is_told(tmp_path, few_seconds, write_bag):
    bag = write_bag(tmp_path / 'bag', few_seconds)
    only_file(bag).unlink()
    found, faults = read(bag)
    assert not found
    assert faults == ['bag.mcap: metadata.yaml names this file, but it is gone']


@pytest.mark.parametrize('form', FORMS)
def test_a_message_can_be_read_again(tmp_path, few_seconds, write_bag, form):
    bag = write_bag(tmp_path / 'bag', few_seconds, **FORMS[form])
    with Bag(bag) as reader:
        places = [(m.place, bytes(m.data)) for m in reader.messages()][::40]
        assert all(bytes(reader.read(place)) == data for place, data in reversed(places))


def test_bags_are_found_below_a_folder_and_by_name(tmp_path, few_seconds, write_bag):
    first = write_bag(tmp_path / 'a' / 'first', few_seconds[:50])
    second = write_bag(tmp_path / 'b' / 'second', few_seconds[:50])
    assert find_bags([tmp_path]) == [first, second]
    assert find_bags([only_file(first), second]) == [only_file(first), second]
    (tmp_path / 'empty').mkdir()
    with pytest.raises(ValueError, match='holds no bag'):
        find_bags([tmp_path / 'empty'])
    with pytest.raises(ValueError, match='does not exist'):
        find_bags([tmp_path / 'nowhere'])
