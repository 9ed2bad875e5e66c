"""The report on a dataset's thoughts: how many there are, and why there are no others."""

from collections import Counter
from pathlib import Path

from vla_r1_training.formats.dataset import Row
from vla_r1_training.thoughts.annotation import Annotation, Source
from vla_r1_training.thoughts.check import Code
from vla_r1_training.thoughts.journal import Journal

_EXAMPLES = 3  # of each code


class ThoughtReport:
    """Of one source: its file, its hash, what was written, codes, and examples of failures."""

    def __init__(self, source: Source, digest: str, parquet: Path, journal: Journal) -> None:
        self.source, self.digest, self.parquet = source, digest, parquet
        self.counts = journal.counts()
        self.examples: dict[Code, list[str]] = {}
        self.tokens = 0
        self.refused: Counter[str] = Counter()

    def add(self, row: Row, done: Annotation) -> None:
        """Take a row in."""
        self.tokens += done.tokens
        self.refused.update(done.refused)
        told = self.examples.setdefault(done.code, [])
        if done.reason and len(told) < _EXAMPLES:
            told.append(f'{row["id"]}: {done.reason}')


def as_markdown(reports: list[ThoughtReport], counts: Counter[Code], teacher: str) -> str:
    """Return a report for people."""
    tokens = sum(report.tokens for report in reports)
    refused = sum((report.refused for report in reports), Counter[str]())
    lines = [
        f'# {sum(counts.values())} rows, thoughts by {teacher}',
        '',
        '| rows | |',
        '|---|---|',
    ]
    lines += [f'| {number} | {code.value} |' for code, number in counts.most_common()]
    if tokens:
        lines += ['', f'The teacher wrote {tokens} tokens.']
    if refused:
        what = ', '.join(f'{number} {code}' for code, number in refused.most_common())
        lines += ['', f'Thoughts that were sent back, and then were right or given up: {what}.']
    failures: dict[Code, list[str]] = {}
    for report in reports:
        for code, told in report.examples.items():
            failures.setdefault(code, []).extend(told)
    for code, told in failures.items():
        if told:
            lines += ['', f'## {code.value}', '', *(f'- {what}' for what in told[:_EXAMPLES])]
    return '\n'.join(lines) + '\n'
