"""Reads an MCAP file, also one that was cut off, damaged or never closed, in bounded memory."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
import struct
import sys
from zlib import crc32

import lz4.frame

from vla_r1_training.bags.mcap_layout import (
    Block,
    CHANNEL_OP,
    INDEX_OP,
    MESSAGE,
    MESSAGE_OP,
    RECORD,
    scan,
    SCHEMA_OP,
)
from vla_r1_training.bags.records import Buffer, Fault, Message, Place

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_STEP_BYTES = 64 << 10  # that are unpacked at a time
_HELD_BYTES = 256 << 20  # of messages that wait for their turn, at most
_FOREVER_NS = 2**63


class McapFile:
    """A `records.BagFile`."""

    def __init__(self, path: Path) -> None:
        """Open a file.

        Raises:
            ValueError: it is no MCAP file.
        """
        self._file = path.open('rb')
        try:
            self._layout = scan(self._file)
        except BaseException:
            self._file.close()
            raise
        self.channels = self._layout.channels
        self.faults = self._layout.faults
        self.done_bytes = 0
        self._last: tuple[int, Buffer] = (-1, b'')

    @property
    def announced(self) -> dict[str, int]:
        """Messages by topic, as the file's statistics say."""
        counts: Counter[str] = Counter()
        for key, count in self._layout.counts.items():
            if key in self.channels:
                counts[self.channels[key].topic] += count
        return dict(counts)

    def messages(self) -> Iterator[Message]:
        """Yield everything that can be read, in the order of time.

        Chunks that overlap in time are merged; so that memory stays bounded, messages that wait
        for more than 256 MiB of others are handed out before their turn.
        """
        order = sorted(range(len(self._layout.blocks)), key=self._start_ns)
        following = [*(self._start_ns(i) for i in order[1:]), _FOREVER_NS]
        waiting: list[Message] = []
        for i, next_ns in zip(order, following, strict=False):  # a file may hold no message
            waiting += self._block_messages(i)
            waiting.sort(key=_time)
            due = bisect_left(waiting, next_ns, key=_time)
            if sum(len(message.data) for message in waiting[due:]) > _HELD_BYTES:
                due = len(waiting)
            yield from waiting[:due]
            del waiting[:due]
            block = self._layout.blocks[i]
            self.done_bytes = max(self.done_bytes, block.offset + block.size)

    def read(self, place: Place) -> Buffer:
        """Return the data of a message again."""
        block, begin, end = place
        if self._last[0] != block:
            self._last = (block, self._unpacked(self._layout.blocks[block])[0])
        return memoryview(self._last[1])[begin:end]

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _start_ns(self, i: int) -> int:
        return self._layout.blocks[i].start_ns

    def _block_messages(self, i: int) -> list[Message]:
        """Return the messages of a block and note what is missing of it."""
        block = self._layout.blocks[i]
        data, reason = self._unpacked(block)
        view, at, end = memoryview(data), 0, len(data)
        found = []
        while at + RECORD.size <= end:
            op, size = RECORD.unpack_from(view, at)
            begin = at + RECORD.size
            at = begin + size
            if op == 0 or at > end:
                reason = reason or f'there are no records behind byte {begin - RECORD.size}'
                break
            if op == MESSAGE_OP and size >= MESSAGE.size:
                channel, _, time_ns, _ = MESSAGE.unpack_from(view, begin)
                begin += MESSAGE.size
                found.append(Message(channel, time_ns, view[begin:at], (i, begin, at)))
            elif op in (SCHEMA_OP, CHANNEL_OP):
                reason = self._learn(op, bytes(view[begin:at])) or reason
        if reason:
            self._note_missing(block, found, reason)
        return found

    def _learn(self, op: int, body: bytes) -> str:
        try:
            self._layout.learn(op, body)
        except struct.error:
            return 'the description of a topic is broken'
        return ''

    def _unpacked(self, block: Block) -> tuple[bytes, str]:
        """Return the records of a block, as many as can be had, and why not all of them."""
        self._file.seek(block.offset)
        packed = self._file.read(block.size)
        reason = '' if block.whole else 'the file ends within it'
        if not block.compression:
            data = packed
        else:
            data, damage = _decompressed(packed, block.compression)
            reason = reason or damage
        if not reason and block.crc and crc32(data) != block.crc:
            reason = 'its checksum is wrong; some messages may be, too'
        return data, reason

    def _note_missing(self, block: Block, found: list[Message], reason: str) -> None:
        """Note by topic, where the index behind a chunk tells it, what is missing."""
        lost = self._index(block)
        for message in found:
            if message.time_ns in lost.get(message.channel, ()):
                lost[message.channel].remove(message.time_ns)
        what = f'a chunk is damaged: {reason}'
        last_ns = max((message.time_ns for message in found), default=block.start_ns)
        self.faults.append(
            Fault(f'{what}; {len(found)} messages saved', start_ns=last_ns, end_ns=block.end_ns)
        )
        for channel, times in lost.items():
            if times:
                topic = self.channels[channel].topic if channel in self.channels else ''
                self.faults.append(Fault(what, topic, min(times), max(times), len(times)))

    def _index(self, block: Block) -> dict[int, list[int]]:
        """Return the times [ns] of a chunk's messages by channel, from the index behind it."""
        times: dict[int, list[int]] = {}
        at = block.offset + block.size
        while block.whole:
            self._file.seek(at)
            head = self._file.read(RECORD.size)
            if len(head) < RECORD.size or head[0] != INDEX_OP:
                break
            length = RECORD.unpack(head)[1]
            body = self._file.read(length)
            (channel,) = struct.unpack_from('<H', body)
            times[channel] = [time for time, _ in struct.iter_unpack('<QQ', body[6:])]
            at += RECORD.size + length
        return times


def _time(message: Message) -> int:
    return message.time_ns


def _decompressed(packed: bytes, compression: str) -> tuple[bytes, str]:
    """Return what can be unpacked, and why not all."""
    unpack = lz4.frame.open if compression == 'lz4' else zstd.open
    parts: list[bytes] = []
    try:
        with unpack(BytesIO(packed)) as stream:
            while part := stream.read1(_STEP_BYTES):
                parts.append(part)
    except (RuntimeError, zstd.ZstdError, EOFError) as error:
        return b''.join(parts), f'{compression} says {error}'
    return b''.join(parts), ''
