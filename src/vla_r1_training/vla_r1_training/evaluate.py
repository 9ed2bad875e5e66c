"""Measure models: boxes by IoU, traces by DFD, HD, RMSE and their mean, as in the paper.

Examples:
    ros2 run vla_r1_training render --split test --scenes 1000 --out data/scenes
    ros2 run vla_r1_training render --split unseen --scenes 1000 --out data/scenes
    ros2 run vla_r1_training evaluate --model sft/model --split test unseen --scenes data/scenes
    ros2 run vla_r1_training evaluate --model sft/model grpo/model --data dataset --json both.json
    ros2 run vla_r1_training evaluate --split unseen --scenes data/scenes \
        --model none=n0/model,n1/model,n2/model thought=t0/model,t1/model,t2/model

Rendered scenes: `test` is in-domain; in `unseen` pairs of colour and shape, cameras, table tops,
clutter and words are others than in training. --data: datasets that ingest, import or annotate has
made. Answers are greedy. Distances are on a picture of 1000 by 1000, between 16 points at even
distances along each trace; a missing trace counts 1000, a missing box 0. With --out the same
command goes on where it was stopped. NAME=FOLDER,FOLDER are models of one recipe with other seeds:
their interval is drawn over models and questions. The change is against the first of --model, of
the same questions and, one by one, of the same seeds. Of a model whose training.yaml says
`thought: false` only the answer is read.

Success of whole tasks in the simulator, by task and with seeds:
    make bench BACKEND=transformers MODEL=FOLDER
"""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from itertools import islice
import json
from pathlib import Path
import sys
from typing import TYPE_CHECKING

from tqdm import tqdm
from vla_r1_core.config import param
from vla_r1_core.errors import VlaR1Error
from vla_r1_perception.config import ReasonerConfig
from vla_r1_perception.model_folder import find_model
import yaml

from vla_r1_training.command_line import make_parser, read_config
from vla_r1_training.exams.answer_log import AnswerLog, key_of
from vla_r1_training.exams.exam import Exam, Item, of_dataset, of_split
from vla_r1_training.exams.judge import Verdict
from vla_r1_training.exams.results import as_dict, as_markdown, PAPER, PAPER_NOTE, Result
from vla_r1_training.exams.seeds import changes, summary_of_seeds
from vla_r1_training.provenance import revision, sha256, versions, write_text
from vla_r1_training.runs.json_lines import JsonLines
from vla_r1_training.scenes.splits import SPLITS

if TYPE_CHECKING:
    from vla_r1_training.exams.answerer import Answerer


@dataclass(frozen=True)
class EvaluateConfig:
    """How models are measured."""

    limit: int = param(1000, 'questions of each split or dataset', ge=1)
    batch_size: int = param(50, 'questions at a time', ge=1)
    max_tokens: int = param(ReasonerConfig().max_new_tokens, 'of an answer', unit='tokens', ge=1)
    thought: bool = param(True, 'whether an answer without a thought counts as unreadable')
    seed: int = param(0, 'of the bootstrap', ge=0)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what the command line asks for."""
    parser = _parser()
    args, config = read_config(parser, EvaluateConfig, argv)
    if not args.split and not args.data:
        parser.error('say on what: --split with --scenes, or --data')
    if args.split and not args.scenes:
        parser.error('--split needs --scenes, the folder that render has filled')
    try:
        exams = [of_split(split, args.scenes) for split in args.split]
        exams += [of_dataset(folder) for folder in args.data]
        with JsonLines(args.out) if args.out else nullcontext() as lines:
            hashes, results = compare(args.model, exams, config, AnswerLog(lines))
    except (VlaR1Error, ValueError, OSError) as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        sys.stderr.write('Stopped. With --out the same command goes on.\n')
        return 130
    text = as_markdown(results)
    sys.stdout.write(text)
    if args.markdown:
        write_text(args.markdown, text)
    if args.json:
        about = {
            'revision': revision(),
            'versions': versions('torch', 'transformers', 'numpy'),
            'weights_sha256': hashes,
            'config': asdict(config),
            'data': {exam.name: {f.name: sha256(f) for f in exam.files} for exam in exams},
            'results': as_dict(results),
            'paper': {'note': PAPER_NOTE, **PAPER},
        }
        write_text(args.json, json.dumps(about, indent=1) + '\n')
    return 0


def compare(
    models: Sequence[str], exams: list[Exam], config: EvaluateConfig, log: AnswerLog
) -> tuple[dict[str, str], list[Result]]:
    """Return the hashes of models' weights, and how each compares with the first.

    Args:
        models: each FOLDER or NAME=FOLDER,FOLDER.
        exams: sets of questions.
        config: how they are asked.
        log: knows what was answered already.

    Raises:
        ReasoningError: a folder holds no model that can be loaded.
    """
    hashes: dict[str, str] = {}
    results: list[Result] = []
    first: list[list[list[Verdict]]] = []  # by set of questions and model
    for name, folders in map(_recipe, models):
        runs = []
        for folder in folders:
            hashes[str(folder)], verdicts = measure(folder, exams, config, log)
            runs.append(verdicts)
        found = [list(its) for its in zip(*runs, strict=True)]
        for i, (exam, its) in enumerate(zip(exams, found, strict=True)):
            measures = summary_of_seeds(its, seed=config.seed)
            change = changes(first[i], its, seed=config.seed) if first else {}
            results.append(Result(name, exam.name, exam.domains, measures, change))
        first = first or found
    return hashes, results


def measure(
    folder: Path, exams: list[Exam], config: EvaluateConfig, log: AnswerLog
) -> tuple[str, list[list[Verdict]]]:
    """Return the hash of a model's weights, and what became of each question of each set.

    Args:
        folder: of the model.
        exams: sets of questions; a batch of them is in memory.
        config: how they are asked.
        log: knows what was answered already.

    Raises:
        ReasoningError: the folder holds no model that can be loaded.
    """
    from vla_r1_training.exams.answerer import Answerer  # torch: --help must not wait for it

    model = Answerer(folder, max_tokens=config.max_tokens)
    thought = config.thought and _thinks(folder)
    found = []
    for exam in exams:
        verdicts: list[Verdict] = []
        count = min(config.limit, exam.count())
        with tqdm(total=count, desc=f'{folder} {exam.name}', unit='answer') as bar:
            for items in _batches(islice(exam.items(), config.limit), config.batch_size):
                texts = _answers(model, items, folder, exam, log)
                pairs = zip(items, texts, strict=True)
                verdicts += [item.judge(text, thought=thought) for item, text in pairs]
                bar.update(len(items))
        found.append(verdicts)
    return model.weights_sha256, found


def _recipe(argument: str) -> tuple[str, list[Path]]:
    """Return the name and the folders of FOLDER or NAME=FOLDER,FOLDER.

    Raises:
        ReasoningError: MODEL_NOT_LOADED, there is no such model.
    """
    name, named, folders = argument.partition('=')
    if not named:
        return argument, [find_model(argument)]
    paths = [find_model(folder) for folder in folders.split(',')]
    return (f'{name} ({len(paths)} seeds)' if len(paths) > 1 else name), paths


def _thinks(folder: Path) -> bool:
    """Return whether a model was taught to think; others than ours are taken to be."""
    file = folder / 'training.yaml'
    settings = yaml.safe_load(file.read_text()) if file.exists() else {}
    return bool(settings.get('thought', True))


def _answers(
    model: 'Answerer', items: list[Item], folder: Path, exam: Exam, log: AnswerLog
) -> list[str]:
    """Return the answers, of which those are asked for that are not known."""
    keys = [key_of(item.row, exam.name, model.weights_sha256, model.max_tokens) for item in items]
    texts = {key: text for key in keys if (text := log.get(key)) is not None}
    left = {key: item.row for key, item in zip(keys, items, strict=True) if key not in texts}
    if left:
        for (key, row), text in zip(left.items(), model.answer(list(left.values())), strict=True):
            about = {name: row[name] for name in ('id', 'instruction', 'ground_truth')}
            log.add(key, text, model=str(folder), exam=exam.name, **about)
            texts[key] = text
    return [texts[key] for key in keys]


def _batches(items: Iterator[Item], size: int) -> Iterator[list[Item]]:
    while some := list(islice(items, size)):
        yield some


def _parser() -> argparse.ArgumentParser:
    parser = make_parser(__doc__, EvaluateConfig)
    add = parser.add_argument
    splits = [name for name in SPLITS if name != 'train']
    recipes = 'folders of Qwen2.5-VL models, or NAME=FOLDER,FOLDER: one recipe, several seeds'
    add('--model', nargs='+', required=True, metavar='FOLDER', help=recipes)
    add('--split', nargs='+', choices=splits, default=[], help='of the rendered scenes')
    add('--scenes', type=Path, metavar='FOLDER', help='that render has filled')
    add('--data', type=Path, nargs='+', default=[], metavar='FOLDER', help='datasets')
    add('--out', type=Path, metavar='FILE.jsonl', help='every answer; what is in it is not asked')
    add('--json', type=Path, metavar='FILE', help='results, and where they come from')
    add('--markdown', type=Path, metavar='FILE', help='the same tables')
    return parser


if __name__ == '__main__':
    sys.exit(main())
