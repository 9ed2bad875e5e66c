"""The log of a training run: a file of JSON lines, and the terminal."""

import json
import logging
from pathlib import Path
import time
from typing import Any


class RunLog:
    """Appends to a file and tells the terminal.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._sums: dict[str, float] = {}
        self._count, self._examples = 0, 0
        self._start, self._cpu_start = time.monotonic(), time.process_time()

    def add(self, losses: dict[str, float], examples: int) -> None:
        """Take a step's losses in."""
        for name, value in losses.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self._count, self._examples = self._count + 1, self._examples + examples

    def write(self, step: int) -> None:
        """Write the means since the last time."""
        row: dict[str, Any] = {n: round(v / self._count, 4) for n, v in self._sums.items()}
        row['seconds'] = round(time.monotonic() - self._start, 1)
        row['cpu_seconds'] = round(time.process_time() - self._cpu_start, 1)
        self._append({'step': step, 'examples': self._examples, **row})
        self._sums, self._count, self._examples = {}, 0, 0
        self._start, self._cpu_start = time.monotonic(), time.process_time()

    def watch(self, step: int, measures: dict[str, float]) -> None:
        """Write what the held-back pictures say."""
        self._append({'step': step, 'watch': measures})
        self._start, self._cpu_start = time.monotonic(), time.process_time()

    def _append(self, row: dict[str, Any]) -> None:
        with self._path.open('a') as file:
            file.write(json.dumps(row) + '\n')
        logging.info('%s', row)
