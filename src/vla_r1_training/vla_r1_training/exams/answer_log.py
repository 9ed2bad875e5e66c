"""Answers on disk as soon as they are given: what was killed goes on and asks nothing twice."""

import hashlib
import json
from pathlib import Path
from types import TracebackType
from typing import Any

from vla_r1_training.formats.dataset import Row


class AnswerLog:
    """A file of JSON lines, an answer each, which is read when it is there already.

    Greedy answers follow from weights, picture and question, so these are what an answer is found
    by; the file may be shared by models and by sets of questions.

    Args:
        path: of the file; None keeps nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self._texts: dict[str, str] = {}
        self._file = path.open('a+b') if path else None
        if self._file:
            self._file.seek(0)
            self._read()

    def __enter__(self) -> 'AnswerLog':
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file:
            self._file.close()

    def get(self, key: str) -> str | None:
        """Return the answer if it was given already."""
        return self._texts.get(key)

    def add(self, key: str, text: str, **about: Any) -> None:
        """Note an answer, and what is worth knowing about it."""
        self._texts[key] = text
        if self._file:
            line = json.dumps({'key': key, **about, 'text': text}, ensure_ascii=False)
            self._file.write(line.encode() + b'\n')
            self._file.flush()

    def _read(self) -> None:
        """Take in what is there, but for a last line that was never finished.

        Raises:
            ValueError: the file is another one.
        """
        assert self._file
        while line := self._file.readline():
            if not line.endswith(b'\n'):
                self._file.truncate(self._file.tell() - len(line))
                return
            try:
                found = json.loads(line)
                self._texts[found['key']] = found['text']
            except (ValueError, KeyError, TypeError):
                raise ValueError(f'{self._file.name} holds other lines than answers') from None


def key_of(row: Row, exam: str, weights_sha256: str, max_tokens: int) -> str:
    """Return what an answer is found by.

    Args:
        row: with picture, instruction and task.
        exam: name of the set of questions.
        weights_sha256: of the model.
        max_tokens: of the answer.
    """
    digest = hashlib.sha256(row['image']['bytes'])
    what = [exam, weights_sha256, max_tokens, row['instruction'], row['task']]
    digest.update(json.dumps(what).encode())
    return digest.hexdigest()[:32]
