"""GRPO of the nano model: answers learned from per CPU second, beside TRL's own settings.

The same questions about rendered scenes, model, reward, number of answers in a step, group, KL
weight and longest answer; what differs is what our command does about it: the attention, each
picture looked at once, all answers of a step in one part. CPU times of one core, medians over the
steps of alternating runs.

Example: python benchmarks/bench_grpo.py --rounds 4
"""

import argparse
from pathlib import Path
from statistics import median
import sys
import tempfile
from time import process_time
from typing import Any

from machine import machine
import torch
from trl import GRPOConfig, GRPOTrainer
from vla_r1_core.rewards import RewardFunction
from vla_r1_perception.model_folder import check_folder
from vla_r1_perception.processor import load_processor
from vla_r1_training.render import PER_FILE, render
from vla_r1_training.runs.asking import as_dataset, from_scenes

from vla_r1_training import grpo

QUESTIONS, GROUP, TOKENS = 8, 8, 160
PARTS = ('answer', 'reference', 'learn')


class Timed(GRPOTrainer):
    """Notes the CPU time of each step and of its parts [s]."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.steps: list[dict[str, float]] = []
        self._parts = dict.fromkeys(PARTS, 0.0)

    def _generate_single_turn(self, *args: Any, **kwargs: Any) -> Any:
        return self._timed('answer', super()._generate_single_turn, args, kwargs)

    def _get_per_token_logps_and_entropies(self, *args: Any, **kwargs: Any) -> Any:
        method = super()._get_per_token_logps_and_entropies
        if torch.is_grad_enabled():
            return method(*args, **kwargs)
        return self._timed('reference', method, args, kwargs)

    def training_step(self, *args: Any, **kwargs: Any) -> Any:
        """Time a part of a step, the answers of a step's first part included."""
        before = dict(self._parts)
        start = process_time()
        loss = super().training_step(*args, **kwargs)
        within = sum(self._parts[name] - before[name] for name in ('answer', 'reference'))
        self._parts['learn'] += process_time() - start - within
        if self._step % self.args.gradient_accumulation_steps == 0:
            self.steps.append(self._parts)
            self._parts = dict.fromkeys(PARTS, 0.0)
        return loss

    def _timed(self, part: str, method: Any, args: Any, kwargs: Any) -> Any:
        start = process_time()
        try:
            return method(*args, **kwargs)
        finally:
            self._parts[part] += process_time() - start


def stock(model: Path, scenes: Path, out: Path, steps: int) -> list[dict[str, float]]:
    """Run TRL's trainer with its own settings."""
    processor = load_processor(model)
    processor.tokenizer.padding_side = 'left'
    trainer = Timed(
        model=str(model),
        reward_funcs=RewardFunction(),
        args=GRPOConfig(
            output_dir=str(out), use_cpu=True, max_steps=steps, report_to='none', beta=0.01,
            num_generations=GROUP, gradient_accumulation_steps=QUESTIONS,  # parts of 8 answers
            max_completion_length=TOKENS, disable_tqdm=True, save_strategy='no', seed=0,
        ),
        train_dataset=as_dataset(from_scenes(sorted(scenes.glob('*.parquet')), processor)),
        processing_class=processor,
    )  # fmt: skip
    trainer.train()
    return trainer.steps


def ours(model: Path, scenes: Path, out: Path, steps: int) -> list[dict[str, float]]:
    """Run our command's trainer with the nano preset."""
    runs: list[Timed] = []

    class TimedTrainer(Timed, grpo.Trainer):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            runs.append(self)

    trainer, grpo.Trainer = grpo.Trainer, TimedTrainer
    try:
        config = grpo.GrpoConfig(
            model=str(model), scenes=str(scenes), out=str(out), steps=steps, group=GROUP,
            questions=QUESTIONS, mini_batch=QUESTIONS, at_once=QUESTIONS * GROUP,
            max_tokens=TOKENS, show_every=10**6, save_every=10**6, precision='bf16',
        )  # fmt: skip
        grpo.train(config)
    finally:
        grpo.Trainer = trainer
    return runs[0].steps


def main() -> int:
    """Print answers a second of both, and where the time goes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--model', default='nano', help='folder, or the one that is shipped')
    parser.add_argument('--steps', type=int, default=4, help='of each run')
    parser.add_argument('--rounds', type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(1)
    measured: dict[str, list[dict[str, float]]] = {'stock TRL': [], 'ours': []}
    with tempfile.TemporaryDirectory() as folder:
        model = check_folder(args.model)
        render('train', PER_FILE, Path(folder, 'scenes'))
        for i in range(args.rounds):
            for name, run in (('stock TRL', stock), ('ours', ours)):
                out = Path(folder, f'{name} {i}')
                measured[name] += run(model, Path(folder, 'scenes'), out, args.steps)[1:]
    sys.stdout.write(f'Machine: {machine()}\n')
    speeds = []
    for name, steps in measured.items():
        whole = median(sum(step.values()) for step in steps)
        speeds.append(QUESTIONS * GROUP / whole)
        parts = ', '.join(f'{p} {median(s[p] for s in steps):.2f} s' for p in PARTS)
        sys.stdout.write(f'{name:9} {speeds[-1]:5.1f} answers/s of CPU; in a step: {parts}\n')
    sys.stdout.write(f'{speeds[1] / speeds[0]:.2f} times as many\n')
    return 0


if __name__ == '__main__':
    sys.exit(main())
