"""A file that grows by a line of JSON at a time: what is killed has lost nothing."""

from collections.abc import Iterator
import json
from pathlib import Path
from types import TracebackType
from typing import Any


class JsonLines:
    """A file of JSON lines, made if it is not there, to be read and to be added to.

    Args:
        path: of the file; its folder is made, too.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path, self._file = path, path.open('a+b')

    def __enter__(self) -> 'JsonLines':
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """Yield each line and its place; a last one that was never finished is cut off.

        Raises:
            ValueError: the file is another one.
        """
        self._file.seek(0)
        place = 0
        while (line := self._file.readline()).endswith(b'\n'):
            yield place, line
            place += len(line)
            self._file.seek(place)  # it may have been read elsewhere in between
        if line and not line.startswith(b'{'):
            raise ValueError(f'{self.path} is no file of JSON lines')
        if line:
            self._file.truncate(place)

    def at(self, place: int) -> bytes:
        """Return the line at a place."""
        self._file.seek(place)
        return self._file.readline()

    def add(self, value: Any) -> int:
        """Append a line, which is on its way to the disk afterwards; return its place."""
        place = self._file.seek(0, 2)
        self._file.write(line_of(value))
        self._file.flush()
        return place

    def clear(self) -> None:
        """Begin anew."""
        self._file.truncate(0)


def line_of(value: Any) -> bytes:
    """Return a value as a line."""
    return json.dumps(value, ensure_ascii=False).encode() + b'\n'
