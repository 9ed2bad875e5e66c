"""Sets of questions whose answers are known: rendered scenes of a split, or datasets."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
from vla_r1_core.rewards import read_target

from vla_r1_training.exams.judge import judge, judge_answer, Verdict
from vla_r1_training.exams.results import IN_DOMAIN, OUT_OF_DOMAIN
from vla_r1_training.formats.dataset import files_of, read_file, Row
from vla_r1_training.formats.rendered import rendered_rows
from vla_r1_training.scenes.examples import Asked

_DOMAINS = {'test': (IN_DOMAIN,), 'unseen': (OUT_OF_DOMAIN,)}
_NEEDED = ('id', 'instruction', 'task', 'image', 'ground_truth')


@dataclass(frozen=True)
class Item:
    """A question.

    Attributes:
        row: with id, picture, instruction, task and ground truth.
        asked: everything that is known about a rendered scene; None of a dataset's row.
    """

    row: Row
    asked: Asked | None

    def judge(self, text: str, *, thought: bool) -> Verdict:
        """Hold a model's whole text against the truth.

        Args:
            text: the answer.
            thought: whether there must be a thought in it.
        """
        if self.asked:
            return judge(text, self.asked, thought=thought)
        target = read_target(self.row['ground_truth'], self.row['task'])
        return judge_answer(text, target, thought=thought)


@dataclass(frozen=True)
class Exam:
    """A set of questions, read as they are asked.

    Attributes:
        name: a split's, or a folder.
        domains: the paper's that it compares with.
        files: Parquet files.
        rendered: whether `render` has written them.
    """

    name: str
    domains: tuple[str, ...]
    files: tuple[Path, ...]
    rendered: bool

    def count(self) -> int:
        """Return how many questions there are."""
        if self.rendered:
            return sum(1 for file in self.files for _ in rendered_rows(file, pictures=False))
        columns = (pq.read_table(file, columns=['ground_truth']).column(0) for file in self.files)
        return sum(len(column) - column.null_count for column in columns)

    def items(self) -> Iterator[Item]:
        """Yield the questions; rows whose true answer nobody knows are none."""
        for file in self.files:
            if self.rendered:
                yield from (Item(row, asked) for row, asked in rendered_rows(file))
            else:
                rows = read_file(file, _NEEDED)
                yield from (Item(row, None) for row in rows if row['ground_truth'] is not None)


def of_split(split: str, folder: Path) -> Exam:
    """Return the rendered scenes of a split.

    Raises:
        ValueError: the folder has none.
    """
    files = tuple(sorted(folder.glob(f'{split}-*.parquet')))
    if not files:
        raise ValueError(f'{folder} has no {split}-*.parquet; `render --split {split}` makes them')
    return Exam(split, _DOMAINS[split], files, rendered=True)


def of_dataset(folder: Path) -> Exam:
    """Return the rows of a dataset that ingest, import or annotate has made.

    Raises:
        ValueError: the folder is none, or no row has a true answer.
    """
    exam = Exam(str(folder), (IN_DOMAIN, OUT_OF_DOMAIN), tuple(files_of(folder)), rendered=False)
    if not exam.count():
        raise ValueError(f'{folder} has no rows whose true answer is known')
    return exam
