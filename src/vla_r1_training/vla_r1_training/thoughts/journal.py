"""What became of each row, on disk as soon as it is known: work that is killed loses nothing."""

from collections import Counter
from dataclasses import asdict
import json
from typing import Any

import numpy as np

from vla_r1_training.runs.json_lines import JsonLines, line_of
from vla_r1_training.thoughts.annotation import Annotation, LATER
from vla_r1_training.thoughts.check import Code


class Journal:
    """A file of JSON lines, one for each row that is done, in any order.

    The first line says what it is about; if that has changed, the file starts anew. Only the
    places of the lines are in memory, eight bytes a row.

    Args:
        lines: the file.
        about: hash of the rows' own file.
        count: of the rows.
    """

    def __init__(self, lines: JsonLines, about: str, count: int) -> None:
        self._lines = lines
        self._places = np.full(count, -1, np.int64)
        self._codes = np.full(count, -1, np.int8)
        self._counts = Counter[Code]()
        self._read({'source': about, 'rows': count})

    def __contains__(self, row: int) -> bool:
        return bool(self._places[row] >= 0)

    def __getitem__(self, row: int) -> Annotation:
        if row not in self:
            raise KeyError(row)
        return _annotation(self._lines.at(int(self._places[row])))

    def add(self, done: Annotation) -> None:
        """Note what became of a row."""
        self._note(done, self._lines.add(asdict(done)))

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

    def _read(self, header: dict[str, Any]) -> None:
        lines = iter(self._lines)
        first = next(lines, None)
        if first is None or first[1] != line_of(header):
            self._lines.clear()
            self._lines.add(header)
            return
        for place, line in lines:
            self._note(_annotation(line), place)


_CODES = tuple(Code)


def _annotation(line: bytes) -> Annotation:
    fields = json.loads(line)
    return Annotation(
        **{**fields, 'code': Code(fields['code']), 'refused': tuple(fields['refused'])}
    )
