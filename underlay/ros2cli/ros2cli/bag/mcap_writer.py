"""Writes MCAP files laid out as those of rosbag2: chunked, indexed, uncompressed.

Each chunk and its index go to the file in one write and are never touched again, so that a
recorder that is killed leaves every chunk but the one in memory.
"""

from pathlib import Path
import struct

from ros2cli.bag import mcap_records as mcap

# rosbag2 takes 768 kB; Python spends less on fewer, larger chunks.
CHUNK_SIZE = 4 * 2**20
LIBRARY = 'ros2cli underlay'


class McapWriter:
    """An MCAP file in the making."""

    def __init__(self, path: Path) -> None:
        """Create the file; FileExistsError when it is there."""
        self._file = path.open('xb', buffering=0)
        self._schemas: dict[str, bytes] = {}  # type -> Schema record
        self._channels: list[bytes] = []  # Channel records; the id is the index + 1
        self._chunk_indexes: list[bytes] = []
        self.counts: list[int] = []  # messages per channel
        self.start, self.end = 2**63 - 1, 0  # log times [ns]
        self._file.write(
            mcap.MAGIC
            + mcap.pack_record(mcap.HEADER, mcap.pack_string('ros2'), mcap.pack_string(LIBRARY))
        )
        self._begin_chunk()

    def _begin_chunk(self) -> None:
        self._chunk: list[bytes] = []
        self._chunk_size = 0
        self._chunk_start, self._chunk_end = 2**63 - 1, 0
        self._chunk_messages: dict[int, list[tuple[int, int]]] = {}

    def _append(self, data: bytes) -> None:
        self._chunk.append(data)
        self._chunk_size += len(data)

    def add_channel(
        self, *, topic: str, type_name: str, encoding: str, definition: str, metadata: dict
    ) -> int:
        """Add a topic.

        Args:
            topic: Its name.
            type_name: As 'std_msgs/msg/String'.
            encoding: Of the definition: 'ros2msg', 'ros2idl'.
            definition: Of the type and of all types in it.
            metadata: Strings by name.

        Returns:
            The channel's id.
        """
        if type_name not in self._schemas:
            self._schemas[type_name] = mcap.pack_record(
                mcap.SCHEMA,
                struct.pack('<H', len(self._schemas) + 1),
                *map(mcap.pack_string, (type_name, encoding, definition)),
            )
            self._append(self._schemas[type_name])
        channel = len(self._channels) + 1
        schema = list(self._schemas).index(type_name) + 1
        self._channels.append(
            mcap.pack_record(
                mcap.CHANNEL,
                struct.pack('<HH', channel, schema),
                mcap.pack_string(topic),
                mcap.pack_string('cdr'),
                mcap.pack_strings(metadata),
            )
        )
        self._append(self._channels[-1])
        self.counts.append(0)
        return channel

    def write(self, channel: int, log_time: int, publish_time: int, data: bytes) -> None:
        """Add a serialized message; times in [ns]."""
        self.counts[channel - 1] += 1
        self._chunk_start = min(self._chunk_start, log_time)
        self._chunk_end = max(self._chunk_end, log_time)
        self._chunk_messages.setdefault(channel, []).append((log_time, self._chunk_size))
        size = mcap.MESSAGE_HEAD.size + len(data)
        self._append(mcap.RECORD_HEAD.pack(mcap.MESSAGE, size))
        self._append(mcap.MESSAGE_HEAD.pack(channel, 0, log_time, publish_time))
        self._append(data)
        if self._chunk_size >= CHUNK_SIZE:
            self.flush()

    def flush(self) -> None:
        """Put the pending chunk into the file."""
        if not self._chunk:
            return
        if not self._chunk_messages:  # new topics only
            self._chunk_start = self._chunk_end = 0
        else:
            self.start = min(self.start, self._chunk_start)
            self.end = max(self.end, self._chunk_end)
        span = struct.pack('<QQ', self._chunk_start, self._chunk_end)
        sizes = struct.pack('<QQ', self._chunk_size, self._chunk_size)  # compressed, uncompressed
        chunk = mcap.pack_record(
            mcap.CHUNK,
            mcap.CHUNK_HEAD.pack(self._chunk_start, self._chunk_end, self._chunk_size, 0),
            mcap.pack_string(''),
            sizes[:8],
            *self._chunk,
        )
        offset = self._file.tell()
        indexes, index_offsets = b'', []
        for channel, messages in self._chunk_messages.items():
            where = offset + len(chunk) + len(indexes)
            index_offsets.append((struct.pack('<H', channel), struct.pack('<Q', where)))
            entries = b''.join(struct.pack('<QQ', *message) for message in messages)
            indexes += mcap.pack_record(
                mcap.MESSAGE_INDEX, struct.pack('<HI', channel, len(entries)), entries
            )
        self._file.write(chunk + indexes)
        self._chunk_indexes.append(
            mcap.pack_record(
                mcap.CHUNK_INDEX,
                span,
                struct.pack('<QQ', offset, len(chunk)),
                mcap.pack_map(index_offsets),
                struct.pack('<Q', len(indexes)),
                mcap.pack_string(''),
                sizes,
            )
        )
        self._begin_chunk()

    def close(self, serialized_metadata: str) -> None:
        """Write the last chunk, rosbag2's metadata and the summary; close the file."""
        self.flush()
        metadata = mcap.pack_record(
            mcap.METADATA,
            mcap.pack_string('rosbag2'),
            mcap.pack_strings({'serialized_metadata': serialized_metadata}),
        )
        metadata_index = mcap.pack_record(
            mcap.METADATA_INDEX,
            struct.pack('<QQ', self._file.tell(), len(metadata)),
            mcap.pack_string('rosbag2'),
        )
        self._file.write(metadata + mcap.pack_record(mcap.DATA_END, struct.pack('<I', 0)))
        start = offset = self._file.tell()
        summary_offsets = b''
        for opcode, records in (
            (mcap.SCHEMA, self._schemas.values()),
            (mcap.CHANNEL, self._channels),
            (mcap.STATISTICS, [self._statistics()]),
            (mcap.CHUNK_INDEX, self._chunk_indexes),
            (mcap.METADATA_INDEX, [metadata_index]),
        ):
            group = b''.join(records)
            if group:
                summary_offsets += mcap.pack_record(
                    mcap.SUMMARY_OFFSET, struct.pack('<BQQ', opcode, offset, len(group))
                )
            self._file.write(group)
            offset += len(group)
        footer = mcap.pack_record(mcap.FOOTER, struct.pack('<QQI', start, offset, 0))
        self._file.write(summary_offsets + footer + mcap.MAGIC)
        self._file.close()

    def _statistics(self) -> bytes:
        total = sum(self.counts)
        counts = enumerate(self.counts, start=1)
        return mcap.pack_record(
            mcap.STATISTICS,
            struct.pack('<QHII', total, len(self._schemas), len(self._channels), 0),
            struct.pack('<II', 1, len(self._chunk_indexes)),
            struct.pack('<QQ', self.start if total else 0, self.end),
            mcap.pack_map((struct.pack('<H', c), struct.pack('<Q', n)) for c, n in counts),
        )
