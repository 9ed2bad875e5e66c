"""Measure models: boxes by IoU, traces by DFD, HD, RMSE and their mean, as in the paper.

Examples:
    ros2 run vla_r1_training render --split test --scenes 1000 --out data/scenes
    ros2 run vla_r1_training render --split unseen --scenes 1000 --out data/scenes
    ros2 run vla_r1_training evaluate --model sft/model --split test unseen --scenes data/scenes
    ros2 run vla_r1_training evaluate --model sft/model grpo/model --data dataset --json both.json

Rendered scenes: `test` is in-domain; in `unseen` pairs of colour and shape, cameras, table tops,
clutter and words are others than in training. --data: datasets that ingest, import or annotate has
made. Answers are greedy. Distances are on a picture of 1000 by 1000, between 16 points at even
distances along each trace; a missing trace counts 1000, a missing box 0.

Success of whole tasks in the simulator, by task and with seeds:
    make bench BACKEND=transformers MODEL=FOLDER
"""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
import json
from pathlib import Path
import sys
from typing import TextIO

from tqdm import tqdm
from vla_r1_core.errors import VlaR1Error
from vla_r1_perception.config import ReasonerConfig

from vla_r1_training.exam import Exam, Item, of_dataset, of_split
from vla_r1_training.judge import summary
from vla_r1_training.provenance import revision, sha256, versions, write_text
from vla_r1_training.results import as_dict, as_markdown, PAPER, PAPER_NOTE, Result
from vla_r1_training.splits import SPLITS


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what the command line asks for."""
    parser = _parser()
    args = parser.parse_args(argv)
    if not args.split and not args.data:
        parser.error('say on what: --split with --scenes, or --data')
    if args.split and not args.scenes:
        parser.error('--split needs --scenes, the folder that render has filled')
    try:
        exams = [of_split(split, args.scenes) for split in args.split]
        exams += [of_dataset(folder) for folder in args.data]
        with ExitStack() as stack:
            out = stack.enter_context(args.out.open('w')) if args.out else None
            hashes, results = {}, []
            for folder in args.model:
                hashes[str(folder)], measured = measure(
                    folder, exams, args.limit, args.batch_size, args.max_tokens,
                    thought=not args.without_thought, out=out,
                )  # fmt: skip
                results += measured
    except (VlaR1Error, ValueError, OSError) as error:
        parser.error(str(error))
    text = as_markdown(results)
    sys.stdout.write(text)
    if args.markdown:
        write_text(args.markdown, text)
    if args.json:
        about = {
            'revision': revision(),
            'versions': versions('torch', 'transformers', 'numpy'),
            'weights_sha256': hashes,
            'limit': args.limit,
            'data': {exam.name: {f.name: sha256(f) for f in exam.files} for exam in exams},
            'results': as_dict(results),
            'paper': {'note': PAPER_NOTE, **PAPER},
        }
        write_text(args.json, json.dumps(about, indent=1) + '\n')
    return 0


def measure(
    folder: Path,
    exams: list[Exam],
    limit: int,
    batch_size: int,
    max_tokens: int,
    *,
    thought: bool,
    out: TextIO | None = None,
) -> tuple[str, list[Result]]:
    """Return the hash of a model's weights, and how well it answers each set of questions.

    Args:
        folder: of the model.
        exams: sets of questions.
        limit: of the questions in each.
        batch_size: questions at a time; more are never in memory.
        max_tokens: of an answer.
        thought: whether an answer without a thought is of no use.
        out: takes every answer, a line of JSON each.

    Raises:
        ReasoningError: the folder holds no model that can be loaded.
    """
    from vla_r1_training.answerer import Answerer  # torch: --help must not wait for it

    model = Answerer(folder, max_tokens=max_tokens)
    results = []
    for exam in exams:
        verdicts = []
        count = min(limit, exam.count())
        with tqdm(total=count, desc=f'{folder} {exam.name}', unit='answer') as bar:
            for items in _batches(islice(exam.items(), limit), batch_size):
                texts = model.answer([item.row for item in items])
                for item, text in zip(items, texts, strict=True):
                    verdicts.append(item.judge(text, thought=thought))
                    if out:
                        out.write(_line(folder, exam, item, text))
                bar.update(len(items))
        results.append(Result(str(folder), exam.name, exam.domains, summary(verdicts)))
    return model.weights_sha256, results


def _batches(items: Iterator[Item], size: int) -> Iterator[list[Item]]:
    while some := list(islice(items, size)):
        yield some


def _line(folder: Path, exam: Exam, item: Item, text: str) -> str:
    keys = ('id', 'instruction', 'ground_truth')
    about = {'model': str(folder), 'exam': exam.name, **{key: item.row[key] for key in keys}}
    return json.dumps({**about, 'text': text}) + '\n'


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    splits = [name for name in SPLITS if name != 'train']
    add('--model', type=Path, nargs='+', required=True, metavar='FOLDER', help='of Qwen2.5-VL')
    add('--split', nargs='+', choices=splits, default=[], help='of the rendered scenes')
    add('--scenes', type=Path, metavar='FOLDER', help='that render has filled')
    add('--data', type=Path, nargs='+', default=[], metavar='FOLDER', help='datasets')
    add('--limit', type=_positive, default=1000, help='questions of each (default: %(default)s)')
    add('--batch-size', type=_positive, default=50, help='at a time (default: %(default)s)')
    most = ReasonerConfig().max_new_tokens
    add('--max-tokens', type=_positive, default=most, help='of an answer (default: %(default)s)')
    add('--without-thought', action='store_true', help='answers need no thought')
    add('--out', type=Path, metavar='FILE.jsonl', help='every answer, too')
    add('--json', type=Path, metavar='FILE', help='results, and where they come from')
    add('--markdown', type=Path, metavar='FILE', help='the same tables')
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


if __name__ == '__main__':
    sys.exit(main())
