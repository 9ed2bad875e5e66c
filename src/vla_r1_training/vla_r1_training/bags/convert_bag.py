"""One bag → one Parquet file and one report; either both are there in full, or it starts anew."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
import hashlib
import json
from pathlib import Path
import threading

from vla_r1_core.types import Task

from vla_r1_training.bags.bag import Bag
from vla_r1_training.bags.episode import Episode
from vla_r1_training.bags.episodes import EpisodeReader
from vla_r1_training.bags.report import BagReport, EpisodeReport, FileReport, from_json
from vla_r1_training.config import IngestConfig
from vla_r1_training.formats.dataset import DATA, row_of, write
from vla_r1_training.labels.labels import Example, examples
from vla_r1_training.provenance import sha256, write_text

REPORTS = 'reports'
_TOLD_BYTES = 8 << 20


def name_of(path: Path) -> str:
    """Return a name for a bag that no other bag has."""
    path = path.resolve()
    return f'{path.stem}-{hashlib.sha256(str(path).encode()).hexdigest()[:8]}'


def finished(path: Path, folder: Path) -> BagReport | None:
    """Return the report of a bag that was converted before and has not changed since."""
    report_path = folder / REPORTS / f'{name_of(path)}.json'
    if not report_path.exists():
        return None
    report = from_json(report_path.read_text())
    with Bag(path) as bag:
        now = [(f.name, f.stat().st_size, f.stat().st_mtime_ns) for f in bag.files]
    then = [(f.name, f.size, f.modified_ns) for f in report.files]
    there = not report.parquet or (folder / DATA / report.parquet).exists()
    return report if now == then and there else None


def convert(
    path: Path, folder: Path, config: IngestConfig, progress: Callable[[int], None]
) -> BagReport:
    """Convert a bag.

    Args:
        path: of the bag.
        folder: of the dataset.
        config: how to read it.
        progress: is told of bytes that were read.
    """
    name = name_of(path)
    parquet = folder / DATA / f'{name}.parquet'
    report_path = folder / REPORTS / f'{name}.json'
    for stale in (report_path, parquet):
        stale.unlink(missing_ok=True)
    told: list[EpisodeReport] = []
    with Bag(path) as bag:
        hashes: dict[Path, str] = {}
        hashing = threading.Thread(
            target=lambda: hashes.update({file: sha256(file) for file in bag.files})
        )
        hashing.start()
        reader = EpisodeReader(bag, config)
        found = _examples(_watched(reader, bag, progress), config, told)
        rows = write((row_of(e, name, depth=config.depth) for e in found), parquet)
        hashing.join()
        files = tuple(
            FileReport(file.name, file.stat().st_size, file.stat().st_mtime_ns, hashes[file])
            for file in bag.files
        )
        topics = tuple(a.report(bag.announced.get(a.topic)) for a in reader.audits.values())
        faults = (*bag.faults, *(('', fault) for fault in reader.faults))
    report = BagReport(
        name,
        files,
        topics,
        faults,
        tuple(told),
        rows,
        parquet.name if rows else '',
        sha256(parquet) if rows else '',
    )
    write_text(report_path, json.dumps(asdict(report), indent=1) + '\n')
    return report


def _watched(
    reader: EpisodeReader, bag: Bag, progress: Callable[[int], None]
) -> Iterator[Episode]:
    """Yield a reader's episodes and tell how far it is."""
    told = 0

    def tell(done: int) -> None:
        nonlocal told
        if done - told >= _TOLD_BYTES or done == bag.size:
            progress(done - told)
            told = done

    yield from reader.episodes(tell)
    progress(bag.size - told)


def _examples(
    episodes: Iterator[Episode], config: IngestConfig, told: list[EpisodeReport]
) -> Iterator[Example]:
    """Yield the rows of a dataset, and note what became of each episode."""
    for episode in episodes:
        found = examples(episode, config)
        kinds = tuple(f'{e.task.name.lower()}: {e.source or "no label"}' for e in found)
        reasons = (reason for e in found if not e.source for reason in e.reasons)
        lacks = tuple(dict.fromkeys([*episode.lacks, *reasons]))
        lacks += tuple(
            f'an answer: the reasoner refused with code {said.error_code}'
            for said in episode.said
            if said.task is Task.AUTO
        )
        if not found:
            lacks = (*lacks, 'neither a question about an image nor a true answer: no row')
        told.append(
            EpisodeReport(
                episode.key, episode.instruction, episode.begin_ns, episode.end_ns, kinds, lacks
            )
        )
        yield from found
