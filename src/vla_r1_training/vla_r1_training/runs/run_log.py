"""The log of a training run: a file of JSON lines, TensorBoard, and the terminal."""

from functools import cached_property
import json
import logging
from pathlib import Path
import time
from typing import Any

from torch.utils.tensorboard import SummaryWriter

from vla_r1_training.provenance import write_text


class RunLog:
    """Appends to a file and tells the terminal.

    Args:
        path: of the file; TensorBoard's lie beside it.
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

    def row(self, step: int, values: dict[str, float]) -> None:
        """Write a step's values."""
        self._append({'step': step, **{name: round(v, 6) for name, v in values.items()}})

    def forget(self, step: int) -> None:
        """Drop what was written after a step, to which a run has gone back."""
        if self._path.exists():
            lines = self._path.read_text().splitlines(keepends=True)
            kept = [line for line in lines if line.endswith('\n')]  # the last may be cut off
            write_text(self._path, ''.join(k for k in kept if json.loads(k)['step'] <= step))

    @cached_property
    def _board(self) -> SummaryWriter:
        return SummaryWriter(str(self._path.parent / 'tensorboard'))

    def _append(self, row: dict[str, Any]) -> None:
        with self._path.open('a') as file:
            file.write(json.dumps(row) + '\n')
        measures = row.get('watch')
        for name, value in (measures or row).items():
            if name != 'step':
                tag = f'watch/{name}' if measures else name
                self._board.add_scalar(tag, value, row['step'])
        self._board.flush()
        logging.info('%s', row)
