"""A recording: a folder of bag files, or a single one, read as one stream."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
import re
import shutil
import sys
import tempfile
from typing import Any, NamedTuple

import yaml

from vla_r1_training.bags.mcap_file import McapFile
from vla_r1_training.bags.records import BagFile, Buffer, Channel, Fault, Place
from vla_r1_training.bags.sqlite_file import SqliteFile

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_KINDS: dict[str, Callable[[Path], BagFile]] = {'.mcap': McapFile, '.db3': SqliteFile}
_ZSTD_MAGIC = b'\x28\xb5\x2f\xfd'  # a CDR message begins with 0, so the two cannot be mixed up
_OPEN_FILES = 2  # a compressed file is unpacked as long as it is open
_COPY_BYTES = 1 << 20


class Recorded(NamedTuple):
    """A message of a bag.

    Attributes:
        time_ns: when it was recorded.
        data: CDR.
        place: for `Bag.read`.
    """

    channel: Channel
    time_ns: int
    data: Buffer
    place: Place


def find_bags(paths: list[Path]) -> list[Path]:
    """Return the bags at and below some paths, in the order of their names.

    A bag is a folder that holds bag files (or metadata.yaml), or a bag file that is named itself.

    Raises:
        ValueError: a path does not exist, or there is no bag below it.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if not path.exists():
            raise ValueError(f'{path} does not exist')
        below = [path] if path.is_file() else sorted(p.parent for p in path.rglob('*') if _held(p))
        if not below or (path.is_file() and not _kind(path)):
            raise ValueError(
                f'{path} holds no bag: neither metadata.yaml nor *.mcap or *.db3 (or *.zstd)'
            )
        found.update(dict.fromkeys(below))
    return list(found)


def size_of(path: Path) -> int:
    """Return the size of a bag's files [bytes]."""
    with Bag(path) as bag:
        return bag.size


class Bag:
    """A recording that is being read; a context manager.

    Attributes:
        files: in the order of recording.
        size: of them [bytes].
        faults: what could not be read so far, by file name.
        announced: messages by topic as metadata.yaml says, or else the files themselves.
        topics: name → type of those met so far, also without messages.
    """

    def __init__(self, path: Path) -> None:
        self.faults: list[tuple[str, Fault]] = []
        self.announced: Counter[str] = Counter()
        self._open: dict[int, BagFile] = {}
        self._unpacked: Path | None = None
        metadata = self._metadata(path) if path.is_dir() else {}
        self._from_metadata = bool(self.announced)
        self.files = self._ordered(path, metadata) if path.is_dir() else [path]
        self.size = sum(file.stat().st_size for file in self.files)
        self.topics: dict[str, str] = {}
        self._done = 0
        self._current = 0  # the file that `messages` is in

    def __enter__(self) -> 'Bag':
        return self

    def __exit__(self, *_: object) -> None:
        for i in list(self._open):
            self._close(i)
        if self._unpacked:
            shutil.rmtree(self._unpacked, ignore_errors=True)

    @property
    def done_bytes(self) -> int:
        """How far `messages` is [bytes of `size`]."""
        return self._done

    def messages(self) -> Iterator[Recorded]:
        """Yield everything that can be read, file by file, each in the order of time."""
        for i, path in enumerate(self.files):
            before, size = self._done, path.stat().st_size
            self._current = i
            file = self._file(i)
            if file is not None:
                yield from self._messages(i, file, before, size)
            self._done = before + size

    def read(self, place: Place) -> Buffer:
        """Return the data of a message again.

        Raises:
            OSError: the file is gone.
        """
        file = self._file(place[0])
        if file is None:
            raise OSError(f'{self.files[place[0]]} cannot be opened any more')
        return _plain(file.read(place[1:]))

    def _messages(self, i: int, file: BagFile, before: int, size: int) -> Iterator[Recorded]:
        unreadable: Counter[str] = Counter()
        name = self.files[i].name
        for channel_id, time_ns, data, place in file.messages():
            channel = file.channels.get(channel_id)
            if channel is None:
                unreadable['its channel is not described'] += 1
                continue
            try:
                plain = _plain(data)
            except zstd.ZstdError as error:
                fault = Fault(
                    f'a message cannot be unpacked: {error}', channel.topic, time_ns, time_ns, 1
                )
                self.faults.append((name, fault))
                continue
            self._done = before + min(size, file.done_bytes)
            yield Recorded(channel, time_ns, plain, (i, *place))
        self.topics |= {c.topic: c.msgtype for c in file.channels.values()}
        self.faults += [(name, fault) for fault in file.faults]
        self.faults += [(name, Fault(what, count=n)) for what, n in unreadable.items()]
        if not self._from_metadata:
            self.announced.update(file.announced)

    def _metadata(self, path: Path) -> dict[str, Any]:
        """Return what metadata.yaml says, nothing if it is missing or broken."""
        file = path / 'metadata.yaml'
        if not file.exists():
            what = 'there is no metadata.yaml: the recorder did not end orderly'
            self.faults.append((file.name, Fault(what)))
            return {}
        try:
            about = yaml.safe_load(file.read_text())['rosbag2_bagfile_information']
            for topic in about.get('topics_with_message_count', ()):
                self.announced[topic['topic_metadata']['name']] += topic['message_count']
            return dict(about)
        except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
            self.faults.append((file.name, Fault(f'it cannot be read: {error!r}')))
            return {}

    def _ordered(self, path: Path, metadata: dict[str, Any]) -> list[Path]:
        """Return the bag files of a folder, in the order of their numbers."""
        there = sorted((p for p in path.iterdir() if _kind(p)), key=_number)
        names = {p.name for p in there}
        for listed in metadata.get('relative_file_paths') or ():
            name = Path(str(listed)).name
            if name not in names:
                self.faults.append((name, Fault('metadata.yaml names this file, but it is gone')))
        return there

    def _file(self, i: int) -> BagFile | None:
        """Return an open file, None (and a fault) if it cannot be opened."""
        if i in self._open:
            return self._open[i]
        while len(self._open) >= _OPEN_FILES:
            self._close(next(k for k in self._open if k != self._current))
        path = self.files[i]
        try:
            if path.stat().st_size == 0:
                raise ValueError('the file is empty')
            plain = self._decompressed(i, path) if path.suffix == '.zstd' else path
            self._open[i] = _KINDS[_kind(path)](plain)
        except (OSError, ValueError) as error:
            self.faults.append((path.name, Fault(str(error))))
            return None
        return self._open[i]

    def _close(self, i: int) -> None:
        self._open.pop(i).close()
        if self._unpacked:
            (self._unpacked / str(i)).unlink(missing_ok=True)

    def _decompressed(self, i: int, path: Path) -> Path:
        """Unpack a compressed file as far as it goes and return where to."""
        self._unpacked = self._unpacked or Path(tempfile.mkdtemp(prefix='vla_r1_bag_'))
        target = self._unpacked / str(i)
        reason = ''
        with zstd.open(path) as packed, target.open('wb') as plain:
            try:
                while piece := packed.read1(_COPY_BYTES):
                    plain.write(piece)
            except (EOFError, zstd.ZstdError) as error:
                reason = f'zstd says {error}'
        if reason:
            what = f'it is damaged: {reason}; {target.stat().st_size} bytes could be unpacked'
            self.faults.append((path.name, Fault(what)))
        return target


def _plain(data: Buffer) -> Buffer:
    """Undo rosbag2's compression of single messages."""
    return zstd.decompress(data) if data[:4] == _ZSTD_MAGIC else data


def _kind(path: Path) -> str:
    """Return '.mcap' or '.db3', also behind '.zstd'; '' for other files."""
    suffix = Path(path.stem).suffix if path.suffix == '.zstd' else path.suffix
    return suffix if suffix in _KINDS else ''


def _held(path: Path) -> bool:
    return bool(_kind(path)) or path.name == 'metadata.yaml'


def _number(path: Path) -> tuple[int, str]:
    """Return what sorts name_2 before name_10."""
    match = re.search(r'(\d+)(\.\w+)+$', path.name)
    return (int(match[1]) if match else -1, path.name)
