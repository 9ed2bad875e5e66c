"""What became of each bag: for machines as JSON, for people as Markdown."""

from collections import Counter
from dataclasses import dataclass
import json

from vla_r1_training.bags.audit import Gap, TopicReport
from vla_r1_training.bags.records import Fault


@dataclass(frozen=True)
class FileReport:
    """A file of a bag: what tells whether it has changed, and its hash."""

    name: str
    size: int
    modified_ns: int
    sha256: str


@dataclass(frozen=True)
class EpisodeReport:
    """An episode.

    Attributes:
        examples: 'task: source of the label', or 'task: no label', for each row it gave.
        lacks: what was missing, and why there is no label.
    """

    key: str
    instruction: str
    begin_ns: int
    end_ns: int
    examples: tuple[str, ...]
    lacks: tuple[str, ...]


@dataclass(frozen=True)
class BagReport:
    """Everything about a bag.

    Attributes:
        faults: file name, and what could not be read or used.
        rows: of its Parquet file; without any there is no file.
        parquet, parquet_sha256: name and hash of the file.
    """

    bag: str
    files: tuple[FileReport, ...]
    topics: tuple[TopicReport, ...]
    faults: tuple[tuple[str, Fault], ...]
    episodes: tuple[EpisodeReport, ...]
    rows: int
    parquet: str
    parquet_sha256: str


def from_json(text: str) -> BagReport:
    """Return a report that `dataclasses.asdict` and `json.dumps` have written."""
    about = json.loads(text)
    return BagReport(
        about['bag'],
        tuple(FileReport(**file) for file in about['files']),
        tuple(
            TopicReport(**{**topic, 'gaps': tuple(Gap(**gap) for gap in topic['gaps'])})
            for topic in about['topics']
        ),
        tuple((name, Fault(**fault)) for name, fault in about['faults']),
        tuple(
            EpisodeReport(**{**e, 'examples': tuple(e['examples']), 'lacks': tuple(e['lacks'])})
            for e in about['episodes']
        ),
        about['rows'],
        about['parquet'],
        about['parquet_sha256'],
    )


def as_markdown(reports: list[BagReport]) -> str:
    """Return a report for people."""
    rows = sum(report.rows for report in reports)
    episodes = [episode for report in reports for episode in report.episodes]
    lines = [
        f'# {rows} rows of {len(episodes)} episodes of {len(reports)} bags',
        '',
        '| rows | |',
        '|---|---|',
    ]
    kinds = Counter(kind for episode in episodes for kind in episode.examples)
    lines += [f'| {count} | {kind} |' for kind, count in sorted(kinds.items())]
    for report in reports:
        lines += ['', *_bag_lines(report)]
    return '\n'.join(lines) + '\n'


def _bag_lines(report: BagReport) -> list[str]:
    size = sum(file.size for file in report.files)
    lines = [f'## {report.bag}', '', f'{size / 1e6:.0f} MB, {report.rows} rows.']
    if report.faults:
        lines += [
            '',
            '| not read or not used | topic | from | to | messages |',
            '|---|---|---|---|---|',
            *(_fault_line(name, fault) for name, fault in report.faults),
        ]
    short = [topic for topic in report.topics if topic.announced not in (None, topic.count)]
    lines += [
        f'\n{topic.topic}: {topic.announced} messages were recorded, {topic.count} are there.'
        for topic in short
    ]
    lines += [
        '',
        '| topic | messages | Hz | dropped | longest gap | first | last |',
        '|---|---|---|---|---|---|---|',
        *map(_topic_line, sorted(report.topics, key=lambda topic: topic.topic)),
    ]
    if any(episode.lacks for episode in report.episodes):
        lines += ['', '| episode | rows | what is missing |', '|---|---|---|']
        lines += [
            f'| {episode.instruction} ({episode.key}) | {", ".join(episode.examples) or "none"} | '
            f'{"; ".join(episode.lacks)} |'
            for episode in report.episodes
            if episode.lacks
        ]
    return lines


def _fault_line(file: str, fault: Fault) -> str:
    what = f'{file}: {fault.what}' if file else fault.what
    span = f'{_seconds(fault.start_ns)} | {_seconds(fault.end_ns)}'
    return f'| {what} | {fault.topic} | {span} | {fault.count or ""} |'


def _topic_line(topic: TopicReport) -> str:
    gap = max(topic.gaps, key=lambda g: g.end_ns - g.start_ns, default=None)
    longest = f'{(gap.end_ns - gap.start_ns) / 1e9:.2f} s' if gap else ''
    longest += f' at {_seconds(gap.start_ns)}' if gap else ''
    rate = f'{topic.rate_hz:.1f}' if topic.rate_hz else ''
    return (
        f'| {topic.topic} | {topic.count} | {rate} | {topic.dropped or ""} | {longest} | '
        f'{_seconds(topic.first_ns)} | {_seconds(topic.last_ns)} |'
    )


def _seconds(time_ns: int | None) -> str:
    return '' if time_ns is None else f'{time_ns / 1e9:.3f}'
