"""Teach a Qwen2.5-VL model from rendered scenes with written-out thoughts (SFT).

    ros2 run vla_r1_training sft --config nano.yaml

Stopped and started again with the same file it goes on where it last saved, with the same numbers
as if it had never been stopped. It runs on Accelerate: `accelerate launch` takes it to many GPUs.

Departures from plain SFT: near coordinates count as nearly right at first, and the visual tokens
are asked what they show (`hints`). Both only teach; the model that is saved is a plain one.
"""

import argparse
from dataclasses import asdict, dataclass
import json
import logging
from pathlib import Path
import shutil
import time
from typing import Any

from accelerate import Accelerator
from accelerate.utils import set_seed
import numpy as np
import torch
from torch import nn
from torch.nn import functional
from transformers import Qwen2_5_VLForConditionalGeneration
from vla_r1_core.config import param, validate
from vla_r1_perception.processor import load_processor
import yaml

from vla_r1_training.answers import answer_all
from vla_r1_training.batches import Batch, Batcher, IGNORED
from vla_r1_training.hints import Cells, Hints
from vla_r1_training.judge import judge, summary
from vla_r1_training.nano import make_nano, PICTURE
from vla_r1_training.nano_tokenizer import COORDINATES
from vla_r1_training.scenes import Asked, load_scenes, Scenes

_MIDDLE_LAYER = 2
"""Of the language model, whose visual tokens are asked for places in the picture."""


@dataclass(frozen=True)
class SftConfig:
    """A run; one YAML file."""

    model: str = param('', 'folder to start from; "" starts the nano model anew')
    scenes: str = param('data/scenes', 'folder with rendered train-*.parquet')
    files: int = param(40, 'how many of them; the first is held back to watch', ge=2)
    out: str = param('data/nano/sft', 'folder of the run')
    seed: int = param(0, 'of weights, words and order', ge=0)
    steps: int = param(12000, 'optimizer steps', ge=1)
    batch_size: int = param(32, 'questions in a step, one per picture', ge=1)
    learning_rate: float = param(0.002, 'highest', ge=0.0)
    warmup_steps: int = param(100, 'until the rate is highest', ge=0)
    decay_steps: int = param(6000, 'at the end, while the rate falls to 0', ge=0)
    hint_weight: float = param(0.5, 'of what the visual tokens are asked', ge=0.0)
    smooth_from: float = param(
        15.0, 'how far a coordinate may be off at first', unit='1/1000 of the picture', ge=0.0
    )
    smooth_steps: int = param(6000, 'until only the exact coordinate is right', ge=1)
    save_every: int = param(100, 'steps', ge=1)
    watch_every: int = param(500, 'steps', ge=1)


class Student(nn.Module):
    """The model and its hints, which are saved together and trained as one.

    Args:
        model: a Qwen2.5-VL.
        coordinates: (1001,), ids of the coordinates' tokens, in order.
    """

    def __init__(self, model: Any, coordinates: torch.Tensor) -> None:
        super().__init__()
        self.model = model
        self.register_buffer('coordinates', coordinates, persistent=False)
        hidden_size = model.config.text_config.hidden_size
        self.hints = nn.ModuleList(
            [Hints(hidden_size, relative=True), Hints(hidden_size, relative=False)]
        )

    def forward(self, batch: Batch, cells: Cells, smooth: float) -> dict[str, torch.Tensor]:
        """Return the losses of text and hints.

        Args:
            batch: questions and answers.
            cells: what is where in their pictures.
            smooth: standard deviation of what counts as right [tokens].
        """
        out = self.model.model(**batch.inputs, output_hidden_states=True, use_cache=False)
        learned = batch.labels != IGNORED
        logits = self.model.lm_head(out.last_hidden_state[learned])
        text = functional.cross_entropy(
            logits, self._targets(batch.labels[learned], logits, smooth)
        )
        visual = batch.inputs['mm_token_type_ids'] == 1
        seen = [out.hidden_states[i][visual] for i in (0, _MIDDLE_LAYER)]
        hints = [hint(tokens, cells) for hint, tokens in zip(self.hints, seen, strict=True)]
        return {'text': text, 'hints': torch.stack(hints).sum()}

    def _targets(self, labels: torch.Tensor, logits: torch.Tensor, smooth: float) -> torch.Tensor:
        """Return (N, V) probabilities: certain, but for coordinates a bell curve."""
        targets = functional.one_hot(labels, logits.shape[-1]).to(logits.dtype)
        if smooth > 0.0:
            exact = targets[:, self.coordinates]
            rows = exact.any(-1).nonzero()[:, 0]
            places = torch.arange(len(self.coordinates), device=labels.device)
            offset = places - exact[rows].argmax(-1, keepdim=True)
            bell = torch.softmax(-0.5 * (offset / smooth) ** 2, -1)
            targets[rows[:, None], self.coordinates] = bell
        return targets


def main() -> None:
    """Run what the configuration says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--config', type=Path, required=True, metavar='FILE.yaml')
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format='%(asctime)s %(message)s')
    config = SftConfig(**yaml.safe_load(args.config.read_text()))
    validate(config)
    train(config)


def train(config: SftConfig) -> Path:
    """Train, or go on; return the folder of the finished model."""
    accelerator = Accelerator()
    set_seed(config.seed)
    out = Path(config.out)
    start = Path(config.model) if config.model else out / 'start'
    if not config.model and not start.exists():
        partly = start.with_suffix('.part')
        make_nano(partly, seed=config.seed)
        partly.rename(start)
    files = sorted(Path(config.scenes).glob('train-*.parquet'))[: config.files]
    if len(files) < config.files:
        raise SystemExit(f'{config.scenes} has {len(files)} of {config.files} files: run render')
    watched, scenes = load_scenes(files[:1], PICTURE), load_scenes(files[1:], PICTURE)
    processor = load_processor(start)
    model = Qwen2_5_VLForConditionalGeneration.from_pretrained(start, dtype=torch.float32)
    ids = processor.tokenizer.convert_tokens_to_ids(list(COORDINATES))
    student = Student(model, torch.tensor(ids))
    optimizer = torch.optim.AdamW(
        student.parameters(), config.learning_rate, betas=(0.9, 0.98), weight_decay=0.01
    )
    student, optimizer = accelerator.prepare(student, optimizer)
    batcher = Batcher(processor)
    log = _Log(out / 'log.jsonl')
    first = _resume(accelerator, out)
    for step in range(first, config.steps):
        for group in optimizer.param_groups:
            group['lr'] = _rate(config, step)
        asked, batch, cells = _draw(config, step, scenes, batcher, accelerator.process_index)
        losses = student(batch, cells, _smooth(config, step))
        loss = losses['text'] + config.hint_weight * losses['hints']
        accelerator.backward(loss)
        accelerator.clip_grad_norm_(student.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        log.add({name: value.item() for name, value in losses.items()}, len(asked))
        done = step + 1
        if done % config.save_every == 0 and accelerator.is_main_process:
            _save(accelerator, out, done)
            log.write(done)
        if (
            done % config.watch_every == 0 or done == config.steps
        ) and accelerator.is_main_process:
            plain = accelerator.unwrap_model(student).model
            log.watch(done, _watch(plain, processor, batcher, watched))
            _export(plain, start, config, out / 'model')
    return out / 'model'


def _draw(
    config: SftConfig, step: int, scenes: Scenes, batcher: Batcher, rank: int
) -> tuple[list[Asked], Batch, Cells]:
    """Draw a step's questions, one per picture, each picture brighter or darker."""
    rng = np.random.default_rng((config.seed, step, rank))
    chosen = rng.choice(len(scenes.questions), config.batch_size)
    asked = [scenes.questions[i][rng.integers(len(scenes.questions[i]))] for i in chosen]
    gain = rng.uniform(0.85, 1.15, (len(chosen), 1, 1, 3)) * rng.uniform(
        0.85, 1.15, (len(chosen), 1, 1, 1)
    )
    pictures = np.clip(scenes.pictures[chosen] * gain.astype(np.float32), 0, 255).astype(np.uint8)
    answers = [a.answer(int(rng.integers(1 << 31))) for a in asked]
    batch = batcher.batch(asked, answers, pictures)
    rows, columns = (batch.inputs['image_grid_thw'][0, 1:] // batcher.merge).tolist()
    return asked, batch, Cells(asked, rows, columns)


def _rate(config: SftConfig, step: int) -> float:
    warm = min(1.0, (step + 1) / max(1, config.warmup_steps))
    left = (config.steps - step) / max(1, config.decay_steps)
    return config.learning_rate * warm * min(1.0, left)


def _smooth(config: SftConfig, step: int) -> float:
    return config.smooth_from * max(0.0, 1 - step / config.smooth_steps)


def _watch(model: Any, processor: Any, batcher: Batcher, watched: Scenes) -> dict[str, float]:
    """Let the model answer one question about each held-back picture."""
    asked = [questions[i % len(questions)] for i, questions in enumerate(watched.questions)]
    texts = answer_all(model, processor.tokenizer, batcher, asked, watched.pictures)
    verdicts = [judge(text, a) for text, a in zip(texts, asked, strict=True)]
    return {name: round(values[0], 4) for name, values in summary(verdicts).items()}


def _save(accelerator: Accelerator, out: Path, done: int) -> None:
    """Save so that being stopped at any moment leaves a whole state."""
    partly = out / 'state.part'
    shutil.rmtree(partly, ignore_errors=True)
    accelerator.save_state(str(partly))
    (partly / 'step.json').write_text(json.dumps(done))
    kept = out / f'state-{done}'
    shutil.rmtree(kept, ignore_errors=True)
    partly.rename(kept)
    for old in out.glob('state-*'):
        if old != kept:
            shutil.rmtree(old)


def _resume(accelerator: Accelerator, out: Path) -> int:
    """Load the newest state; return how many steps are done."""
    states = sorted(out.glob('state-*'), key=lambda path: int(path.name.split('-')[1]))
    if not states:
        return 0
    accelerator.load_state(str(states[-1]))
    return int(json.loads((states[-1] / 'step.json').read_text()))


def _export(model: Any, start: Path, config: SftConfig, folder: Path) -> None:
    """Write the plain model in half precision, with what it was made from."""
    partly = folder.with_suffix('.part')
    shutil.rmtree(partly, ignore_errors=True)
    weights = {name: value.half() for name, value in model.state_dict().items()}
    model.save_pretrained(partly, state_dict=weights)
    for file in start.iterdir():  # of the processor; it is not trained
        if not (partly / file.name).exists() and file.suffix != '.safetensors':
            shutil.copy(file, partly)
    (partly / 'training.yaml').write_text(yaml.safe_dump(asdict(config), sort_keys=False))
    shutil.rmtree(folder, ignore_errors=True)
    partly.rename(folder)


class _Log:
    """Appends to a file of JSON lines and tells the terminal."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._sums: dict[str, float] = {}
        self._count, self._examples = 0, 0
        self._start, self._cpu_start = time.monotonic(), time.process_time()

    def add(self, losses: dict[str, float], examples: int) -> None:
        """Take a step's losses in."""
        for name, value in losses.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self._count, self._examples = self._count + 1, self._examples + examples

    def write(self, step: int) -> None:
        """Write the means since the last time."""
        row: dict[str, Any] = {n: round(v / self._count, 4) for n, v in self._sums.items()}
        row['seconds'] = round(time.monotonic() - self._start, 1)
        row['cpu_seconds'] = round(time.process_time() - self._cpu_start, 1)
        self._append({'step': step, 'examples': self._examples, **row})
        self._sums, self._count, self._examples = {}, 0, 0
        self._start, self._cpu_start = time.monotonic(), time.process_time()

    def watch(self, step: int, measures: dict[str, float]) -> None:
        """Write what the held-back pictures say."""
        self._append({'step': step, 'watch': measures})
        self._start, self._cpu_start = time.monotonic(), time.process_time()

    def _append(self, row: dict[str, Any]) -> None:
        with self._path.open('a') as file:
            file.write(json.dumps(row) + '\n')
        logging.info('%s', row)
