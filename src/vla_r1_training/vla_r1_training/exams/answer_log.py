"""Answers on disk as soon as they are given: what was killed goes on and asks nothing twice."""

import hashlib
import json
from typing import Any

from vla_r1_training.formats.dataset import Row
from vla_r1_training.runs.json_lines import JsonLines


class AnswerLog:
    """Answers that were given, now or by a run that was killed.

    Greedy answers follow from weights, picture and question, so these are what an answer is found
    by; the file may be shared by models and by sets of questions.

    Args:
        lines: a file with an answer in each line; None keeps nothing.

    Raises:
        ValueError: the file is another one.
    """

    def __init__(self, lines: JsonLines | None) -> None:
        self._lines = lines
        self._texts: dict[str, str] = {}
        if lines:
            try:
                found = (json.loads(line) for _, line in lines)
                self._texts = {one['key']: one['text'] for one in found}
            except (ValueError, KeyError, TypeError):
                raise ValueError(f'{lines.path} holds other lines than answers') from None

    def get(self, key: str) -> str | None:
        """Return the answer if it was given already."""
        return self._texts.get(key)

    def add(self, key: str, text: str, **about: Any) -> None:
        """Note an answer, and what is worth knowing about it."""
        self._texts[key] = text
        if self._lines:
            self._lines.add({'key': key, **about, 'text': text})


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
