"""Reads MCAP files, also those whose recorder was killed: up to the last whole chunk."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
import heapq
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import BinaryIO

from ros2cli.bag import mcap_records as mcap
from ros2cli.bag.mcap_records import Fields


@dataclass(frozen=True)
class Channel:
    """A topic in the file."""

    topic: str
    type_name: str
    metadata: dict[str, str]


@dataclass(frozen=True)
class Message:
    """A serialized message; times in [ns]."""

    channel: int
    log_time: int
    data: memoryview


def _records(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Yield (opcode, length) with the file at the body, which the caller may read or leave."""
    place = file.tell()
    size = file.seek(0, 2)
    file.seek(place)
    while len(head := file.read(mcap.RECORD_HEAD.size)) == mcap.RECORD_HEAD.size:
        opcode, length = mcap.RECORD_HEAD.unpack(head)
        end = file.tell() + length
        if end > size:  # torn
            return
        yield opcode, length
        if opcode == mcap.FOOTER:
            return
        file.seek(end)


def _decompress(compression: str, data: memoryview) -> bytes | memoryview:
    if not compression:
        return data
    if compression == 'zstd':
        from backports import zstd

        return zstd.decompress(data)
    if compression == 'lz4':
        import lz4.frame

        return lz4.frame.decompress(data)
    raise RuntimeError(f"The bag's compression '{compression}' is unknown")


class McapReader:
    """An MCAP file."""

    def __init__(self, path: Path) -> None:
        """Open the file and find its channels; RuntimeError when it is not a chunked MCAP file."""
        try:
            self._file = path.open('rb')
        except OSError as error:
            raise RuntimeError(f'Could not open bag file: {error}') from error
        if self._file.read(len(mcap.MAGIC)) != mcap.MAGIC:
            raise RuntimeError(f"'{path}' is not an MCAP file")
        self._schemas: dict[int, str] = {}
        self._chunks: list[tuple[int, int, int]] = []  # first log time, offset, length
        self.channels: dict[int, Channel] = {}
        self.counts: Counter[int] = Counter()  # messages per channel
        self.start, self.end = 2**63 - 1, 0  # log times [ns]
        self.complete = False  # the recorder closed the file
        for opcode, length in _records(self._file):
            if opcode == mcap.CHUNK:
                offset = self._file.tell()
                start, _, _, _ = mcap.CHUNK_HEAD.unpack(self._file.read(mcap.CHUNK_HEAD.size))
                self._chunks.append((start, offset, length))
            elif opcode == mcap.MESSAGE:
                raise RuntimeError(f"'{path}' has messages outside chunks, which is not supported")
            elif opcode == mcap.FOOTER:
                self.complete = True
            else:
                self._note(opcode, Fields(self._file.read(length)))
        if not self.complete:  # no summary, so ask the chunks
            for _, offset, length in self._chunks:
                for opcode, fields in self._chunk(offset, length):
                    self._note(opcode, fields)

    def _chunk(self, offset: int, length: int) -> Iterator[tuple[int, Fields]]:
        """Yield (opcode, body) of the records in a chunk."""
        self._file.seek(offset)
        fields = Fields(self._file.read(length))
        fields.take(mcap.CHUNK_HEAD.size)
        compression = fields.string()
        fields.unpack('<Q')
        data = memoryview(_decompress(compression, fields.rest()))
        chunk = BytesIO(data)
        for opcode, size in _records(chunk):
            place = chunk.tell()
            yield opcode, Fields(data[place : place + size])

    def _note(self, opcode: int, fields: Fields) -> None:
        """Take note of a record, wherever it stands."""
        if opcode == mcap.SCHEMA:
            (schema,) = fields.unpack('<H')
            self._schemas[schema] = fields.string()
        elif opcode == mcap.CHANNEL:
            channel, schema = fields.unpack('<HH')
            topic, _encoding = fields.string(), fields.string()
            self.channels[channel] = Channel(topic, self._schemas[schema], fields.strings())
        elif opcode == mcap.MESSAGE:
            channel, _, log_time, _ = fields.unpack(mcap.MESSAGE_HEAD.format)
            self.counts[channel] += 1
            self.start, self.end = min(self.start, log_time), max(self.end, log_time)
        elif opcode == mcap.STATISTICS:
            fields.unpack('<QHIIII')
            self.start, self.end = fields.unpack('<QQ')
            fields.unpack('<I')
            while fields:
                channel, number = fields.unpack('<HQ')
                self.counts[channel] = number

    def messages(self, channels: set[int]) -> Iterator[Message]:
        """Yield the messages of some channels in the order of their log times."""
        order = count()  # of equal times; messages themselves have no order
        waiting: list[tuple[int, int, Message]] = []
        for start, offset, length in [*sorted(self._chunks), (2**64, None, None)]:
            while waiting and waiting[0][0] <= start:
                yield heapq.heappop(waiting)[-1]
            if offset is None:
                return
            for opcode, fields in self._chunk(offset, length):
                if opcode == mcap.MESSAGE:
                    channel, _, log_time, _ = fields.unpack(mcap.MESSAGE_HEAD.format)
                    if channel in channels:
                        message = Message(channel, log_time, fields.rest())
                        heapq.heappush(waiting, (log_time, next(order), message))
