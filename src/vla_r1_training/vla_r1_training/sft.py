"""Teach a Qwen2.5-VL model from rendered scenes with written-out thoughts (SFT).

    ros2 run vla_r1_training sft --config nano.yaml
    torchrun --standalone --nproc_per_node 2 -m vla_r1_training.sft --config nano.yaml

The same command goes on where it was stopped, after kill -9 too, with the same numbers as if it
had never been stopped. Each process draws its own questions. The folder then holds `model`,
`report.html`, log.jsonl, TensorBoard's files, pictures of answers, config.yaml and run.json.

Departures from plain SFT: near coordinates count as nearly right at first, and the visual tokens
are asked what they show (`hints`). Both only teach; the model that is saved is a plain one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
import logging
from pathlib import Path
import sys
from typing import Any

from accelerate import Accelerator
from accelerate.utils import set_seed
import numpy as np
from numpy.typing import NDArray
import torch
from vla_r1_core.config import param
from vla_r1_core.errors import ReasoningError
from vla_r1_perception.model_folder import check_folder
from vla_r1_perception.processor import load_processor
from vla_r1_sim.vocabulary import COLORS

from vla_r1_training.command_line import make_parser, read_config
from vla_r1_training.exams.answers import answer_all
from vla_r1_training.exams.judge import judge, read, summary
from vla_r1_training.nano.batches import Batch, Batcher, strangely_colored
from vla_r1_training.nano.hints import Cells
from vla_r1_training.nano.model import make_nano, PICTURE
from vla_r1_training.nano.pairs import shown_pairs
from vla_r1_training.nano.student import Student
from vla_r1_training.provenance import sha256, write_config, write_run
from vla_r1_training.run_report import write_report
from vla_r1_training.runs.checkpoints import resume, save, write_model
from vla_r1_training.runs.drawing import draw, Drawn
from vla_r1_training.runs.models import load_model, warn_if_slow
from vla_r1_training.runs.run_log import RunLog
from vla_r1_training.scenes.augment import augment, bleach
from vla_r1_training.scenes.examples import Asked, first_questions, load_scenes, Scenes
from vla_r1_training.scenes.hues import rename_colors, turn_hues
from vla_r1_training.scenes.phrases import unknown_verbs
from vla_r1_training.scenes.thoughts import without_thought

_PACKAGES = ('vla_r1_training', 'torch', 'transformers', 'accelerate')
_FREE = ('steps', 'decay_steps', 'save_every', 'watch_every')
"""Settings that may be changed when a run goes on."""
_SHOWN = 6
"""Held-back pictures that are drawn with their answers."""


@dataclass(frozen=True)
class SftConfig:
    """A run; one YAML file."""

    model: str = param('', 'folder to start from; "" starts the nano model anew')
    scenes: str = param('data/scenes', 'folder with rendered train-*.parquet')
    files: int = param(40, 'how many of them; the first is held back to watch', ge=2)
    examples: int = param(0, 'questions that are learned from, the first; 0: all', ge=0)
    out: str = param('data/nano/sft', 'folder of the run')
    seed: int = param(0, 'of weights, words and order', ge=0)
    precision: str = param('bf16', 'of the matrix products', choices=('fp32', 'bf16'))
    thought: bool = param(True, 'whether it is taught to think before it answers')
    steps: int = param(12000, 'optimizer steps', ge=1)
    batch_size: int = param(32, 'questions of a process in a step, one per picture', ge=1)
    told: int = param(
        0, 'more questions of a process in a step, without a picture: what is seen is told', ge=0
    )
    learning_rate: float = param(0.002, 'highest', ge=0.0)
    warmup_steps: int = param(100, 'until the rate is highest', ge=0)
    decay_steps: int = param(6000, 'at the end, while the rate falls to 0', ge=0)
    hint_weight: float = param(0.5, 'of what the visual tokens are asked', ge=0.0)
    misnamed: float = param(
        0.4, 'share of the pictures whose things it believes to have misnamed', ge=0.0, le=1.0
    )
    gray: float = param(
        0.1, 'share of the pictures that lose their colours; as many become paler', ge=0.0, le=0.5
    )
    turned_hues: float = param(
        0.2, 'share of the pictures that are shown in other colours', ge=0.0, le=1.0
    )
    unknown_verbs: float = param(
        0.3, 'share of the instructions whose verbs are made-up words', ge=0.0, le=1.0
    )
    relations: float = param(
        0.4, 'share of the scenes that are asked by a relation, if they can be', ge=0.0, le=1.0
    )
    smooth_from: float = param(
        15.0, 'how far a coordinate may be off at first', unit='1/1000 of the picture', ge=0.0
    )
    smooth_steps: int = param(6000, 'until only the exact coordinate is right', ge=1)
    save_every: int = param(100, 'steps', ge=1)
    watch_every: int = param(500, 'steps', ge=1)


def main(argv: Sequence[str] | None = None) -> int:
    """Run what the configuration says."""
    logging.basicConfig(level=logging.INFO, format='%(asctime)s %(message)s')
    parser = make_parser(__doc__, SftConfig)
    _, config = read_config(parser, SftConfig, argv)
    try:
        train(config)
    except ReasoningError as error:
        parser.error(str(error))
    return 0


def train(config: SftConfig) -> Path:
    """Train, or go on; return the folder of the finished model.

    Raises:
        ReasoningError: MODEL_NOT_LOADED, there is no such model.
    """
    accelerator = Accelerator(
        cpu=not torch.accelerator.is_available(),
        mixed_precision='no' if config.precision == 'fp32' else 'bf16',
    )
    if accelerator.is_main_process:
        warn_if_slow(config.precision)
    set_seed(config.seed)
    out = Path(config.out)
    start = check_folder(config.model) if config.model else out / 'start'
    with accelerator.main_process_first():
        if not config.model and not start.exists():
            partly = start.with_suffix('.part')
            make_nano(partly, seed=config.seed)
            partly.rename(start)
    files = sorted(Path(config.scenes).glob('train-*.parquet'))[: config.files]
    if len(files) < config.files:
        raise SystemExit(f'{config.scenes} has {len(files)} of {config.files} files: run render')
    if accelerator.is_main_process:
        _write_provenance(out, config, [*files, *start.glob('*.safetensors')])
    with accelerator.main_process_first():
        watched, scenes = load_scenes(files[:1], PICTURE), load_scenes(files[1:], PICTURE)
    held = sum(map(len, scenes.questions))
    if held < config.examples:
        raise SystemExit(f'{config.files} files hold {held} of {config.examples} examples')
    if config.examples:
        scenes = first_questions(scenes, config.examples)
    processor = load_processor(start)
    model = load_model(start, torch.float32)
    shown = shown_pairs(thing.name for asked in scenes.questions for thing in asked[0].things)
    student = Student(model, processor.tokenizer, shown)
    optimizer = torch.optim.AdamW(
        student.parameters(), config.learning_rate, betas=(0.9, 0.98), weight_decay=0.01
    )
    student, optimizer = accelerator.prepare(student, optimizer)
    batcher = Batcher(processor)
    log = RunLog(out / 'log.jsonl')
    questions = config.batch_size * accelerator.num_processes

    def show(done: int) -> None:
        if accelerator.is_main_process:
            plain = accelerator.unwrap_model(student).model
            picture = out / f'answers-{done:06}.png'
            log.watch(done, _watch(plain, processor, batcher, watched, config, picture))
            write_model(plain, start, config, out / 'model')
            write_report(out)

    first = resume(accelerator, out)
    if accelerator.is_main_process:
        log.forget(first)
    for step in range(first, config.steps):
        for group in optimizer.param_groups:
            group['lr'] = _rate(config, step)
        rank = accelerator.process_index
        batch, cells = _draw(config, step, scenes, shown.numpy(), batcher, rank)
        batch, cells = batch.to(accelerator.device), cells.to(accelerator.device)
        told = _tell(config, step, scenes, batcher, rank)
        told = told and told.to(accelerator.device)
        losses = student(batch, cells, _smooth(config, step), told)
        loss = losses['text'] + config.hint_weight * losses['hints'] + losses.get('told', 0.0)
        accelerator.backward(loss)
        accelerator.clip_grad_norm_(student.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        log.add({name: value.item() for name, value in losses.items()}, questions)
        done = step + 1
        if done % config.save_every == 0 and accelerator.is_main_process:
            save(accelerator, out, done)
            log.write(done)
        if done % config.watch_every == 0 or done == config.steps:
            show(done)
    if first >= config.steps:  # stopped between its last state and its model
        show(first)
    return out / 'model'


def _draw(
    config: SftConfig,
    step: int,
    scenes: Scenes,
    shown: NDArray[np.bool_],
    batcher: Batcher,
    rank: int,
) -> tuple[Batch, Cells]:
    """Draw a step's questions, one per picture."""
    rng = np.random.default_rng((config.seed, step, rank))
    chosen = rng.choice(len(scenes.questions), config.batch_size)
    asked = [_question(rng, scenes.questions[i], config.relations) for i in chosen]
    asked, pictures = augment(rng, asked, scenes.pictures[chosen])
    looks = np.tile(np.arange(len(COLORS)), (len(asked), 1))
    if config.thought:  # without a list of what is seen, nothing could be learned from these
        names = [[thing.name for thing in a.things] for a in asked]
        pictures, looks = turn_hues(rng, pictures, names, shown, config.turned_hues)
        pictures, looks = bleach(rng, pictures, looks, config.gray)
    unknown = rng.random(len(asked)) < config.unknown_verbs
    asked = [
        replace(a, instruction=unknown_verbs(rng, a.instruction)) if u else a
        for a, u in zip(asked, unknown, strict=True)
    ]
    named, named_looks = list(asked), looks.copy()
    for i in np.flatnonzero(strangely_colored(looks)).tolist():
        named[i], named_looks[i] = rename_colors(rng, asked[i], looks[i])
    answers = [a.answer(int(rng.integers(1 << 31))) for a in named]
    if not config.thought:
        answers = [without_thought(answer) for answer in answers]
    batch = batcher.batch(
        named, answers, pictures, misnamed=config.misnamed, looks=named_looks, rng=rng
    )
    rows, columns = (batch.inputs['image_grid_thw'][0, 1:] // batcher.merge).tolist()
    return batch, Cells(asked, rows, columns, looks)


def _tell(
    config: SftConfig, step: int, scenes: Scenes, batcher: Batcher, rank: int
) -> Batch | None:
    """Draw a step's questions without pictures, all colours named anew."""
    if not config.told:
        return None
    rng = np.random.default_rng((config.seed, step, rank, 1))
    asked = []
    for i in rng.choice(len(scenes.questions), config.told):
        drawn = _question(rng, scenes.questions[i], config.relations)
        asked.append(rename_colors(rng, drawn, np.arange(len(COLORS)))[0])
    answers = [a.answer(int(rng.integers(1 << 31))) for a in asked]
    return batcher.told(asked, answers)


def _question(rng: np.random.Generator, questions: list[Asked], relations: float) -> Asked:
    """Draw a question; this share of the times one with a relation, where there is one."""
    relative = [q for q in questions if q.relative] if rng.random() < relations else []
    drawn = relative or questions
    return drawn[rng.integers(len(drawn))]


def _rate(config: SftConfig, step: int) -> float:
    warm = min(1.0, (step + 1) / max(1, config.warmup_steps))
    left = (config.steps - step) / max(1, config.decay_steps)
    return config.learning_rate * warm * min(1.0, left)


def _smooth(config: SftConfig, step: int) -> float:
    return config.smooth_from * max(0.0, 1 - step / config.smooth_steps)


def _watch(
    model: Any,
    processor: Any,
    batcher: Batcher,
    watched: Scenes,
    config: SftConfig,
    picture: Path,
) -> dict[str, float]:
    """Let the model answer one question about each held-back picture; draw some answers."""
    asked = [questions[i % len(questions)] for i, questions in enumerate(watched.questions)]
    texts = answer_all(model, processor.tokenizer, batcher, asked, watched.pictures)
    shown = [
        Drawn(
            picture=watched.pictures[a.picture],
            instruction=a.instruction,
            truth=a.target,
            answers=(read(text, a.task, thought=config.thought),),
        )
        for text, a in zip(texts[:_SHOWN], asked[:_SHOWN], strict=True)
    ]
    draw(shown, picture)
    pairs = zip(texts, asked, strict=True)
    verdicts = [judge(text, a, thought=config.thought) for text, a in pairs]
    return {name: round(values[0], 4) for name, values in summary(verdicts).items()}


def _write_provenance(out: Path, config: SftConfig, inputs: list[Path]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    try:
        write_config(out, config, free=_FREE)
    except ValueError as error:
        raise SystemExit(str(error)) from error
    hashes = {str(file): sha256(file) for file in inputs}
    write_run(out, seed=config.seed, packages=_PACKAGES, inputs=hashes)


if __name__ == '__main__':
    sys.exit(main())
