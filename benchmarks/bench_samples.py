"""What several samples are worth: right answers against greedy ones, and what the score promises.

Held-out rendered scenes (`ros2 run vla_r1_training render --split test --scenes 1000`) are asked
about once greedily and once with many samples, as the node does. An answer is right when its box
overlaps the true one by half, when its trace is within 0.05 of the image on average, or when it
says of a thing that is not there that it is not. The picture shows which share is right at which
score.

Example: python benchmarks/bench_samples.py --split test --count 500 --picture calibration.png
"""

import argparse
from dataclasses import dataclass, replace
import io
from itertools import islice
from pathlib import Path
import sys
from time import process_time

from machine import machine
from matplotlib.figure import Figure
import numpy as np
from PIL import Image
import torch
from tqdm import tqdm
from vla_r1_core.types import Task
from vla_r1_perception.config import ReasonerConfig
from vla_r1_perception.reply import ask, Reply
from vla_r1_perception.request import Request
from vla_r1_perception.transformers_backend import TransformersReasoner
from vla_r1_training.exams.judge import judge
from vla_r1_training.formats.rendered import rendered_rows
from vla_r1_training.scenes.examples import Asked

RIGHT_IOU = 0.5
RIGHT_DISTANCE = 50.0  # [1/1000 of the image]
NEEDED_RATIO = 1.6  # of the time for four samples to that for one
LIMITS = (0.0, 0.3, 0.5, 0.7, 0.9)


@dataclass(frozen=True)
class Answered:
    """One answer: whether it is right, its IoU where a box is asked for, score, CPU seconds."""

    right: bool
    iou: float | None
    score: float
    seconds: float


def answer(reasoner: TransformersReasoner, picture: np.ndarray, asked: Asked) -> Answered:
    """Ask as the node does."""
    request = Request('', asked.instruction, asked.task, 60.0, lambda text, n: None)
    start = process_time()
    reply = ask(reasoner, picture, request, Task(asked.task), seed=asked.picture)
    seconds = process_time() - start
    return _judged(reply, asked, seconds)


def _judged(reply: Reply, asked: Asked, seconds: float) -> Answered:
    text = reply.answer.text if reply.answer else ''
    verdict = judge(text, asked)
    if verdict.absent is not None:
        right = verdict.absent
    elif verdict.iou is not None:
        right = verdict.iou >= RIGHT_IOU
    else:
        right = verdict.mean is not None and verdict.mean <= RIGHT_DISTANCE
    return Answered(right, verdict.iou, reply.answer.score if reply.answer else 0.0, seconds)


def draw(answers: list[Answered], samples: int, path: Path) -> None:
    """Draw the share of right answers at each score, beside how often there is each score."""
    scores = np.array([a.score for a in answers])
    right = np.array([a.right for a in answers])
    levels = np.unique(scores)
    figure = Figure(figsize=(5.0, 4.2), layout='constrained')
    axes = figure.add_subplot()
    axes.bar(
        levels, [np.mean(scores == level) for level in levels], 0.6 / samples,
        color='0.85', label='share of the answers',
    )  # fmt: skip
    shares = [right[scores == level].mean() for level in levels]
    errors = []
    for level in levels:
        count = np.sum(scores == level)
        share = (right[scores == level].sum() + 1) / (count + 2)  # one answer tells little
        errors.append(np.sqrt(share * (1 - share) / count))
    axes.errorbar(levels, shares, errors, fmt='o-', label='of them right')
    axes.plot([0, 1], [0, 1], ':', color='0.5')
    axes.set(
        xlabel=f'score: share of {samples} samples that agree', xlim=(0, 1.05), ylim=(0, 1.05)
    )
    axes.legend(loc='lower center', bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False)
    figure.savefig(path, dpi=110)


def main() -> int:
    """Print both, the trade of answers for right ones, and the time; 1 when that is too long."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add('--model', default='nano', help='folder, or the one that is shipped')
    add('--scenes', type=Path, default=Path('data/scenes'), help='folder of rendered files')
    add('--split', default='test', choices=('test', 'unseen'))
    add('--count', type=int, default=300, help='questions')
    add('--samples', type=int, default=8)
    add('--temperature', type=float, default=0.0, help='0: that of the node for many samples')
    add('--picture', type=Path, help='file for the calibration plot')
    args = parser.parse_args()
    files = sorted(args.scenes.glob(f'{args.split}-*.parquet'))
    if not files:
        parser.error(f'{args.scenes} has no {args.split}-*.parquet: run render')
    torch.set_num_threads(1)
    greedy = ReasonerConfig(backend='transformers', device='cpu', max_new_tokens=256)
    configs = {
        'greedy': greedy,
        'four samples': replace(greedy, samples=4, temperature=args.temperature),
        'samples': replace(greedy, samples=args.samples, temperature=args.temperature),
    }
    reasoners = {name: TransformersReasoner(args.model, one) for name, one in configs.items()}
    found: dict[str, list[Answered]] = {name: [] for name in configs}
    rows = (pair for file in files for pair in rendered_rows(file))
    for row, asked in tqdm(islice(rows, args.count), total=args.count, disable=None):
        picture = np.array(Image.open(io.BytesIO(row['image']['bytes'])).convert('RGB'))
        for name, reasoner in reasoners.items():
            found[name].append(answer(reasoner, picture, asked))
    say = sys.stdout.write
    say(f'Machine: {machine()}\n{len(found["greedy"])} questions of {args.split}\n')
    for name, answers in found.items():
        ious = [a.iou for a in answers if a.iou is not None]
        say(
            f'{name:13} right {np.mean([a.right for a in answers]):.3f}, IoU {np.mean(ious):.3f}, '
            f'{1e3 * np.median([a.seconds for a in answers]):.0f} ms\n'
        )
    for limit in LIMITS:
        kept = [a for a in found['samples'] if a.score >= limit]
        right = np.mean([a.right for a in kept]) if kept else float('nan')
        say(
            f'min_score {limit:.1f}: {len(kept) / args.count:.2f} of the questions answered, '
            f'{right:.3f} of these rightly\n'
        )
    if args.picture:
        draw(found['samples'], args.samples, args.picture)
    pairs = zip(found['four samples'], found['greedy'], strict=True)
    ratio = float(np.median([four.seconds / one.seconds for four, one in pairs]))
    say(f'four samples take {ratio:.2f} times as long as one answer (needed: {NEEDED_RATIO})\n')
    return int(ratio > NEEDED_RATIO)


if __name__ == '__main__':
    sys.exit(main())
