"""What `annotate` is told, and what becomes of each row."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow.parquet as pq
from vla_r1_core.config import param
from vla_r1_core.types import ParsedAnswer

from vla_r1_training.formats.dataset import DATA, read_file, Row
from vla_r1_training.formats.rendered import is_rendered, rendered_rows
from vla_r1_training.scenes.examples import Asked
from vla_r1_training.thoughts.check import Code

SIMULATOR = 'simulator'
LATER = frozenset({Code.BUSY, Code.SERVER_FAILED, Code.UNREACHABLE, Code.TIMEOUT, Code.GARBAGE})
"""The server's fault, not the thought's: the same command asks about these rows again."""
_NEEDED = ('id', 'instruction', 'task', 'prompt', 'image', 'ground_truth', 'answer')


@dataclass(frozen=True)
class AnnotateConfig:
    """Thoughts for a dataset."""

    teacher: str = param(
        '',
        "http://HOST:PORT/v1 that speaks OpenAI's protocol, or 'simulator' for rendered scenes",
    )
    model: str = param('', 'its name on the server; empty: the only one there')
    key: str = param('OPENAI_API_KEY', 'environment variable that holds the key of the server')
    requests: int = param(8, 'at a time', ge=1, le=1024)
    timeout_s: float = param(120.0, 'for one request', unit='s', ge=0.1)
    retries: int = param(5, 'of a failed request, after growing pauses', ge=0, le=100)
    give_up: int = param(20, 'rows in a row without an answer end the work', ge=1)
    attempts: int = param(3, 'thoughts that are asked for until one agrees', ge=1, le=100)
    temperature: float = param(0.7, 'of the teacher', ge=0.0, le=2.0)
    max_tokens: int = param(1024, 'of a thought', unit='tokens', ge=1)
    seed: int = param(0, 'of the teacher', ge=0)
    least_chars: int = param(120, 'of a thought', ge=1)
    most_chars: int = param(4000, 'of a thought', ge=1)
    tolerance: float = param(
        0.005, 'how far a coordinate in a thought may be off, in parts of the image', ge=0.0
    )
    least_reward: float = param(
        0.9, 'a recorded answer that earns this keeps its own thought', ge=0.0, le=1.0
    )


@dataclass(frozen=True)
class Question:
    """A row to be thought about.

    Attributes:
        number: of the row in its file.
        row: some of its columns.
        asked: everything that is in the picture; None where nobody knows.
    """

    number: int
    row: Row
    asked: Asked | None


@dataclass(frozen=True)
class Annotation:
    """What became of a row.

    Attributes:
        row: its number in its file.
        reason: why there is no thought.
        answer: thought and true answer; None when there is none.
        refused: codes of the thoughts that did not agree, in order.
        tokens: that the teacher wrote.
    """

    row: int
    code: Code
    reason: str = ''
    answer: str | None = None
    refused: tuple[str, ...] = ()
    tokens: int = 0


class Teacher(Protocol):
    """Writes thoughts.

    Attributes:
        name: of the model.
    """

    name: str

    async def start(self) -> None:
        """See that it can be asked.

        Raises:
            TeacherError: it cannot.
        """

    async def close(self) -> None:
        """Free what it holds."""

    async def annotate(self, question: Question, target: ParsedAnswer) -> Annotation:
        """Write a thought that leads to the target; what fails is in the annotation.

        Raises:
            TeacherError: nothing can be asked of this teacher.
        """
        ...


class TeacherError(ValueError):
    """The teacher cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Source:
    """A Parquet file with rows: a dataset's, or rendered scenes with a row for each question."""

    path: Path
    rendered: bool

    def count(self) -> int:
        """Return how many rows it has."""
        if self.rendered:
            return sum(1 for _ in rendered_rows(self.path, pictures=False))
        return int(pq.ParquetFile(self.path).metadata.num_rows)

    def questions(self) -> Iterator[Question]:
        """Yield all rows with what a teacher needs."""
        if self.rendered:
            for number, (row, asked) in enumerate(rendered_rows(self.path)):
                yield Question(number, row, asked)
        else:
            for number, row in enumerate(read_file(self.path, _NEEDED)):
                yield Question(number, row, None)

    def rows(self) -> Iterator[Row]:
        """Yield all rows, with all columns."""
        if self.rendered:
            return (row for row, _ in rendered_rows(self.path))
        return read_file(self.path)


def find_sources(paths: Sequence[Path]) -> list[Source]:
    """Return the files of datasets and of rendered scenes.

    Raises:
        ValueError: there is none at a path.
    """
    found = []
    for path in paths:
        files = [path] if path.is_file() else sorted((path / DATA).glob('*.parquet'))
        files = files or sorted(path.glob('*.parquet'))
        if not files:
            raise ValueError(f'{path} holds no dataset and no rendered scenes')
        found += [Source(file, is_rendered(file)) for file in files]
    return found
