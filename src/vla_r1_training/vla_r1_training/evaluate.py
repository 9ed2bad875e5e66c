"""Measure a model on rendered scenes that it has never seen.

    ros2 run vla_r1_training render --split unseen --scenes 1000 --out data/scenes
    ros2 run vla_r1_training evaluate --model models/nano --split unseen --scenes data/scenes

Each measure is a mean with a 95 % bootstrap interval. `test` is in-domain, `unseen` is not: pairs
of colour and shape, cameras, table tops, clutter and words are others than in training. IoU and
the choice of the thing are of boxes, the distances of traces, on a picture of 1000 by 1000.
"""

import argparse
import json
from pathlib import Path
import sys

import torch
from transformers import Qwen2_5_VLForConditionalGeneration
from vla_r1_perception.processor import load_processor

from vla_r1_training.answers import answer_all
from vla_r1_training.batches import Batcher
from vla_r1_training.judge import judge, summary
from vla_r1_training.nano import PICTURE
from vla_r1_training.scenes import load_scenes
from vla_r1_training.splits import SPLITS


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--model', type=Path, required=True, metavar='FOLDER')
    parser.add_argument('--split', choices=[name for name in SPLITS if name != 'train'],
                        required=True)  # fmt: skip
    parser.add_argument('--scenes', type=Path, required=True, metavar='FOLDER')
    parser.add_argument('--limit', type=int, default=1000, help='of the questions')
    parser.add_argument('--out', type=Path, metavar='FILE.jsonl', help='every answer, too')
    args = parser.parse_args()
    rows, measures = evaluate(args.model, args.split, args.scenes, args.limit)
    if args.out:
        args.out.write_text(''.join(json.dumps(row) + '\n' for row in rows))
    for name, (mean, low, high, count) in measures.items():
        sys.stdout.write(f'{name:8} {mean:8.3f}  [{low:.3f}, {high:.3f}]  n = {count:.0f}\n')


def evaluate(
    model: Path, split: str, folder: Path, limit: int
) -> tuple[list[dict[str, str | None]], dict[str, tuple[float, ...]]]:
    """Return every answer beside its truth, and `judge.summary` of them.

    Args:
        model: folder of a Qwen2.5-VL model.
        split: of `SPLITS`.
        folder: with the split's rendered files.
        limit: of the questions.
    """
    scenes = load_scenes(sorted(folder.glob(f'{split}-*.parquet')), PICTURE)
    asked = [question for questions in scenes.questions for question in questions][:limit]
    processor = load_processor(model)
    loaded = Qwen2_5_VLForConditionalGeneration.from_pretrained(model, dtype=torch.float32)
    texts = answer_all(loaded, processor.tokenizer, Batcher(processor), asked, scenes.pictures)
    rows = [
        {'instruction': a.instruction, 'name': a.name, 'text': text, 'truth': a.answer(0)}
        for a, text in zip(asked, texts, strict=True)
    ]
    return rows, summary([judge(text, a) for text, a in zip(texts, asked, strict=True)])


if __name__ == '__main__':
    main()
