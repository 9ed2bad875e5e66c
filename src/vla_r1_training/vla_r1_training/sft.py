"""Teach a Qwen2.5-VL model from rendered scenes with written-out thoughts (SFT).

    ros2 run vla_r1_training sft --config nano.yaml
    torchrun --standalone --nproc_per_node 2 -m vla_r1_training.sft --config nano.yaml

The same command goes on where it was stopped, after kill -9 too, with the same numbers as if it
had never been stopped. Each process draws its own questions. The folder then holds `model`,
`report.html`, log.jsonl, TensorBoard's files, pictures of answers, config.yaml and run.json.

Departures from plain SFT: near coordinates count as nearly right at first, and the visual tokens
are asked what they show (`hints`). Both only teach; the model that is saved is a plain one.
"""

from collections.abc import Mapping, Sequence
from functools import partial
import logging
from pathlib import Path
import sys
from typing import Any

from accelerate import Accelerator
from accelerate.utils import set_seed
import numpy as np
from numpy.typing import NDArray
import torch
from vla_r1_core.errors import ReasoningError
from vla_r1_perception.model_folder import check_folder
from vla_r1_perception.processor import load_processor

from vla_r1_training.command_line import make_parser, read_config
from vla_r1_training.exams.answers import answer_all
from vla_r1_training.exams.judge import judge, read, summary
from vla_r1_training.nano.batches import Batcher
from vla_r1_training.nano.grow import grow, train_only
from vla_r1_training.nano.lessons import Lessons
from vla_r1_training.nano.model import make_nano, PICTURE
from vla_r1_training.nano.pairs import shown_pairs
from vla_r1_training.nano.sft_config import SftConfig
from vla_r1_training.nano.student import Student
from vla_r1_training.provenance import sha256, write_config, write_run
from vla_r1_training.run_report import write_report
from vla_r1_training.runs.checkpoints import resume, save, write_model
from vla_r1_training.runs.drawing import draw, Drawn
from vla_r1_training.runs.models import load_model, warn_if_slow
from vla_r1_training.runs.run_log import RunLog
from vla_r1_training.scenes.describing import describe
from vla_r1_training.scenes.examples import first_questions, load_scenes, Scenes

_PACKAGES = ('vla_r1_training', 'torch', 'transformers', 'accelerate')
_FREE = (
    *('steps', 'decay_steps', 'save_every', 'watch_every'),
    *('batch_size', 'told', 'contradicted', 'relations', 'compared', 'related'),
    *('picture_weight', 'number_weight', 'name_weight', 'contradicted_weight'),
    *('expected', 'expected_color'),
)
"""Settings that may be changed when a run goes on."""
_SHOWN = 6
"""Held-back pictures that are drawn with their answers."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run what the configuration says."""
    logging.basicConfig(level=logging.INFO, format='%(asctime)s %(message)s')
    parser = make_parser(__doc__, SftConfig)
    _, config = read_config(parser, SftConfig, argv)
    try:
        train(config)
    except (ValueError, ReasoningError) as error:
        parser.error(str(error))
    return 0


def train(config: SftConfig) -> Path:
    """Train, or go on; return the folder of the finished model.

    Raises:
        ReasoningError: MODEL_NOT_LOADED, there is no such model.
        ValueError: it cannot grow by so much, or has no such blocks.
    """
    _check(config)
    accelerator = Accelerator(
        cpu=not torch.accelerator.is_available(),
        mixed_precision='no' if config.precision == 'fp32' else 'bf16',
    )
    if accelerator.is_main_process:
        warn_if_slow(config.precision)
    set_seed(config.seed)
    out = Path(config.out)
    start = check_folder(config.model) if config.model else out / 'start'
    named = {'before': config.before, 'vision': config.vision}
    others = {name: check_folder(folder) for name, folder in named.items() if folder}
    with accelerator.main_process_first():
        if not config.model and not start.exists():
            partly = start.with_suffix('.part')
            make_nano(partly, seed=config.seed)
            partly.rename(start)
    files = sorted(Path(config.scenes).glob('train-*.parquet'))[: config.files]
    if len(files) < config.files:
        raise SystemExit(f'{config.scenes} has {len(files)} of {config.files} files: run render')
    with accelerator.main_process_first():
        watched, scenes = load_scenes(files[:1], PICTURE), load_scenes(files[1:], PICTURE)
    held = sum(map(len, scenes.questions))
    if held < config.examples:
        raise SystemExit(f'{config.files} files hold {held} of {config.examples} examples')
    if config.examples:
        scenes = first_questions(scenes, config.examples)
    processor = load_processor(start)
    shown = shown_pairs(thing.name for asked in scenes.questions for thing in asked[0].things)
    student = _student(config, start, others, processor.tokenizer, shown, accelerator.device)
    if accelerator.is_main_process:
        models = sorted({start, *others.values()})
        weights = [file for folder in models for file in folder.glob('*.safetensors')]
        _write_provenance(out, config, [*files, *weights])
    trained = [value for value in student.parameters() if value.requires_grad]
    optimizer = torch.optim.AdamW(
        trained, config.learning_rate, betas=(0.9, 0.98), weight_decay=0.01
    )
    plain = student.model
    batcher = Batcher(processor)
    lessons = Lessons(config, scenes, shown.numpy(), batcher, partial(look, student, batcher))
    student, optimizer = accelerator.prepare(student, optimizer)
    log = RunLog(out / 'log.jsonl')
    questions = config.batch_size * accelerator.num_processes

    def show(done: int) -> None:
        if accelerator.is_main_process:
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
        lesson = lessons.draw(step, accelerator.process_index).to(accelerator.device)
        losses = student(lesson.batch, lesson.cells, _smooth(config, step), lesson.more)
        shares = {
            'text': config.picture_weight,
            'names': config.name_weight,
            'hints': config.hint_weight,
            'contradicted': config.contradicted_weight,
        }
        loss = sum(shares.get(name, 1.0) * value for name, value in losses.items())
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


def _check(config: SftConfig) -> None:
    """Raise SystemExit where settings do not fit together."""
    if (config.describe or not config.thought) and (config.told or config.contradicted):
        raise SystemExit(
            'told and contradicted questions list what is seen: set thought: true, describe: false'
        )
    if (config.expected or config.expected_color) and not config.before:
        raise SystemExit('expected is against the odds of another model: set before: FOLDER')
    if config.views and (not config.vision or config.before or config.gray or config.turned_hues):
        raise SystemExit(
            'views are looked at once: set vision: FOLDER, gray: 0, turned_hues: 0, before: ""'
        )
    if config.grow and config.blocks.split():
        raise SystemExit('a model that grows trains its new blocks alone: set blocks: ""')


def _student(
    config: SftConfig,
    start: Path,
    others: Mapping[str, Path],
    tokenizer: Any,
    shown: torch.Tensor,
    device: torch.device,
) -> Student:
    """Return the model as it is trained, with only that to be learned that shall be."""
    model, more = load_model(start, torch.float32), {}
    blocks = config.blocks.split()
    for name, folder in others.items():
        more[name] = load_model(folder, torch.float32).eval().to(device)
    if 'vision' in more:
        model.model.visual.load_state_dict(more['vision'].model.visual.state_dict())
        model.model.visual.requires_grad_(False)
    if config.grow:
        grow(model, config.grow)
    elif blocks:
        train_only(model, blocks)
    student = Student(
        model,
        tokenizer,
        shown,
        hinted=config.hint_weight > 0.0 and not (config.grow or blocks),
        number_weight=config.number_weight,
        before=more.get('before'),
        expected=(config.expected_color, config.expected),
    )
    if config.compiled:
        for layer in model.model.language_model.layers:
            layer.compile(dynamic=True)
    return student


def look(
    student: Student, batcher: Batcher, pictures: NDArray[np.uint8]
) -> Sequence[torch.Tensor]:
    """Return the visual tokens of each of (B, height, width, 3) pictures."""
    device = student.model.device
    with torch.no_grad():
        patches = batcher.patches(torch.from_numpy(pictures)).to(device)
        return student.look(patches, batcher.grid(pictures).to(device))


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
    if config.describe:
        rng = np.random.default_rng(config.seed)
        asked = [describe(rng, a)[0] for a in asked]
    with torch.compiler.set_stance('force_eager'):
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
