"""Let a teacher write the thoughts that lead to the true answers of a dataset.

Examples:
    ros2 run vla_r1_training annotate dataset --out thought --teacher http://localhost:8000/v1
    ros2 run vla_r1_training annotate data/scenes --out thought --teacher simulator
    OPENAI_API_KEY=... ros2 run vla_r1_training annotate robot --out cot --config annotate.yaml

Sources are folders that ingest, import or render has made. The teacher (vLLM, or any server that
speaks OpenAI's protocol) sees picture, instruction and true answer, and thinks in the paper's
steps. A thought that contradicts the answer is sent back with the reason; a row whose thoughts
never agree stays as it was and report.md counts it by code. What is checked: see thought_check.py.
The same command again goes on where it was stopped, and asks again where the server was at fault.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
import hashlib
import logging
from pathlib import Path
import sys

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm
from vla_r1_core.rewards import read_target

from vla_r1_training.command_line import make_parser, read_config
from vla_r1_training.formats.dataset import CARD, DATA, Row, write
from vla_r1_training.formats.sharegpt import taught
from vla_r1_training.provenance import sha256, write_config, write_run, write_text
from vla_r1_training.runs.json_lines import JsonLines
from vla_r1_training.thoughts.annotation import (
    AnnotateConfig,
    Annotation,
    find_sources,
    LATER,
    Question,
    SIMULATOR,
    Source,
    Teacher,
    TeacherError,
)
from vla_r1_training.thoughts.check import Code
from vla_r1_training.thoughts.journal import Journal
from vla_r1_training.thoughts.report import as_markdown, ThoughtReport
from vla_r1_training.thoughts.simulator_teacher import SimulatorTeacher

REPORTS = 'reports'
_FREE = ('teacher', 'key', 'requests', 'timeout_s', 'retries', 'give_up')
"""Settings that may change on the way: where the model is, and how it is asked."""
_PACKAGES = ('vla_r1_training', 'openai', 'pyarrow', 'datasets')
_log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    logging.basicConfig(level=logging.INFO, format='%(message)s')
    parser = make_parser(__doc__, AnnotateConfig)
    parser.add_argument('sources', nargs='+', type=Path, help='datasets, or rendered scenes')
    parser.add_argument('--out', type=Path, required=True, help='folder of the dataset')
    args, config = read_config(parser, AnnotateConfig, argv)
    try:
        sources = find_sources(args.sources)
        teacher = _teacher(config)
        for name in (DATA, REPORTS):
            (args.out / name).mkdir(parents=True, exist_ok=True)
        write_config(args.out, config, free=_FREE)
    except (ValueError, OSError) as error:
        parser.error(str(error))
    except ImportError:
        parser.error('a teacher on a server needs: pip install openai')
    for part in args.out.glob('*/*.part'):  # of a run that was stopped
        part.unlink(missing_ok=True)
    try:
        reports = asyncio.run(_annotate_all(sources, teacher, args.out, config))
    except TeacherError as error:
        _log.error('%s\nThe same command goes on.', error)
        return 1
    except KeyboardInterrupt:
        _log.info('Stopped. The same command goes on.')
        return 130
    return _conclude(args.out, reports, teacher.name, config)


def _teacher(config: AnnotateConfig) -> Teacher:
    if config.teacher == SIMULATOR:
        return SimulatorTeacher(config)
    from vla_r1_training.thoughts.teacher import ServerTeacher  # takes a second, and needs openai

    return ServerTeacher(config)


async def _annotate_all(
    sources: list[Source], teacher: Teacher, out: Path, config: AnnotateConfig
) -> list[ThoughtReport]:
    try:
        await teacher.start()
        return [await _annotate_file(source, teacher, out, config) for source in sources]
    finally:
        await teacher.close()


async def _annotate_file(
    source: Source, teacher: Teacher, out: Path, config: AnnotateConfig
) -> ThoughtReport:
    """Ask about all rows that are not done, then write the rows with their thoughts."""
    digest = sha256(source.path)
    name = hashlib.sha256(str(source.path.resolve()).encode()).hexdigest()[:8]
    name = f'{source.path.stem}-{name}'
    count = source.count()
    with JsonLines(out / REPORTS / f'{name}.jsonl') as lines:
        journal = Journal(lines, f'{digest} {teacher.name}', count)
        journal.forget()
        left = (q for q in source.questions() if q.number not in journal)
        done = sum(journal.counts().values())
        with (
            tqdm(desc=source.path.stem, total=count, initial=done, unit='row') as bar,
            logging_redirect_tqdm(),
        ):
            await _ask_side_by_side(left, teacher, config, journal, bar)
        report = ThoughtReport(source, digest, out / DATA / f'{name}.parquet', journal)
        write(_written(source, journal, teacher.name, config, report), report.parquet)
    return report


async def _ask_side_by_side(
    questions: Iterator[Question],
    teacher: Teacher,
    config: AnnotateConfig,
    journal: Journal,
    bar: 'tqdm[None]',
) -> None:
    """Keep so many requests under way; note each answer as it comes.

    Raises:
        TeacherError: the teacher cannot be used, or has not answered about many rows in a row.
    """
    running: set[asyncio.Task[Annotation]] = set()
    failed = 0
    more = True
    try:
        while more or running:
            while more and len(running) < config.requests:
                question = next(questions, None)
                more = question is not None
                if question:
                    running.add(asyncio.create_task(_annotate(question, teacher, config)))
            if not running:
                break
            ended, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                done = task.result()
                journal.add(done)
                failed = failed + 1 if done.code in LATER else 0
                bar.update()
                if failed >= config.give_up:
                    raise TeacherError(
                        f'the teacher has failed at {failed} rows in a row, the last time: '
                        f'{done.reason}'
                    )
            counts = journal.counts()
            bar.set_postfix_str(f'{counts[Code.ANNOTATED] + counts[Code.KEPT]} with a thought')
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _annotate(question: Question, teacher: Teacher, config: AnnotateConfig) -> Annotation:
    row = question.row
    if row['ground_truth'] is None:
        return Annotation(question.number, Code.NO_TRUTH, 'no true answer is known')
    if taught(row, config.least_reward):
        return Annotation(question.number, Code.KEPT)
    return await teacher.annotate(question, read_target(row['ground_truth'], row['task']))


def _written(
    source: Source, journal: Journal, teacher: str, config: AnnotateConfig, report: ThoughtReport
) -> Iterator[Row]:
    """Yield all rows of a source with what became of them."""
    for number, row in enumerate(source.rows()):
        done = journal[number]
        report.add(row, done)
        if done.answer is not None:
            row |= {'answer': done.answer, 'well_formed': True, 'model': teacher}
            row |= {'weights_sha256': None, 'seed': config.seed, 'error_code': None}
        elif done.reason:
            row['lacks'] = [
                *(row.get('lacks') or ()),
                f'thought: {done.code.value}: {done.reason}',
            ]
        yield row


def _conclude(
    out: Path, reports: list[ThoughtReport], teacher: str, config: AnnotateConfig
) -> int:
    """Write what is about all sources; return the exit status."""
    counts = sum((report.counts for report in reports), Counter[Code]())
    text = as_markdown(reports, counts, teacher)
    write_text(out / 'report.md', text)
    write_text(out / 'README.md', CARD + text)
    files = [report.parquet for report in reports if report.parquet.exists()]
    write_run(
        out,
        seed=config.seed,
        packages=_PACKAGES,
        inputs={str(report.source.path): report.digest for report in reports},
        outputs={f'{DATA}/{file.name}': sha256(file) for file in files},
        teacher=teacher,
        codes={code.value: number for code, number in counts.items()},
    )
    _log.info('%d of %d rows have a thought; see %s', counts[Code.ANNOTATED] + counts[Code.KEPT],
              sum(counts.values()), out / 'report.md')  # fmt: skip
    later = sum(counts[code] for code in LATER)
    if later:
        _log.warning("%d rows lack one by the server's fault: the same command asks again", later)
    return int(bool(later))


if __name__ == '__main__':
    sys.exit(main())
