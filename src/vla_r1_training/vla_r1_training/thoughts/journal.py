"""What became of each row, on disk as soon as it is known: work that is killed loses nothing."""

from collections import Counter
from dataclasses import asdict
import json
from pathlib import Path
from types import TracebackType

import numpy as np

from vla_r1_training.thoughts.annotation import Annotation, LATER
from vla_r1_training.thoughts.check import Code


class Journal:
    """A file of JSON lines, one for each row that is done, in any order.

    The first line says what it is about; if that has changed, the file starts anew. Only the
    places of the lines are in memory, eight bytes a row.

    Args:
        path: of the file.
        about: hash of the rows' own file.
        count: of the rows.
    """

    def __init__(self, path: Path, about: str, count: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open('a+b')
        self._places = np.full(count, -1, np.int64)
        self._codes = np.full(count, -1, np.int8)
        self._counts = Counter[Code]()
        self._read(json.dumps({'source': about, 'rows': count}).encode() + b'\n')

    def __enter__(self) -> 'Journal':
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def __contains__(self, row: int) -> bool:
        return bool(self._places[row] >= 0)

    def __getitem__(self, row: int) -> Annotation:
        if row not in self:
            raise KeyError(row)
        self._file.seek(int(self._places[row]))
        return _annotation(self._file.readline())

    def add(self, done: Annotation) -> None:
        """Note what became of a row."""
        place = self._file.seek(0, 2)
        self._file.write(json.dumps(asdict(done), ensure_ascii=False).encode() + b'\n')
        self._file.flush()
        self._note(done, place)

    def forget(self) -> None:
        """Take the rows that were the server's fault as not done."""
        for code in LATER:
            rows = self._codes == _CODES.index(code)
            self._places[rows], self._codes[rows] = -1, -1
            del self._counts[code]

    def counts(self) -> Counter[Code]:
        """Return how often each code is there."""
        return +self._counts

    def _note(self, done: Annotation, place: int) -> None:
        if done.row in self:  # it was asked about again
            self._counts[_CODES[self._codes[done.row]]] -= 1
        self._places[done.row] = place
        self._codes[done.row] = _CODES.index(done.code)
        self._counts[done.code] += 1

    def _read(self, header: bytes) -> None:
        """Take in what is there, but for a last line that was never finished."""
        self._file.seek(0)
        if self._file.readline() != header:
            self._file.truncate(0)
            self._file.write(header)
            self._file.flush()
            return
        while True:
            place = self._file.tell()
            line = self._file.readline()
            if not line.endswith(b'\n'):
                self._file.truncate(place)
                return
            self._note(_annotation(line), place)


_CODES = tuple(Code)


def _annotation(line: bytes) -> Annotation:
    fields = json.loads(line)
    return Annotation(
        **{**fields, 'code': Code(fields['code']), 'refused': tuple(fields['refused'])}
    )
