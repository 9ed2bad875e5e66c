"""Improve a model by rewards that a program can verify (GRPO), from labels without thoughts.

    ros2 run vla_r1_training grpo --config grpo-nano.yaml
    ros2 run vla_r1_training grpo --config grpo-3b-lora-24gb.yaml --data dataset --out run
    torchrun --standalone --nproc_per_node 2 -m vla_r1_training.grpo --config grpo-nano.yaml

The same command goes on where it was stopped, after kill -9 too. The questions are those of
`ingest`'s datasets and of rendered scenes; the answers earn what `vla_r1_core.rewards` says. The
folder then holds `model`, `report.html`, log.jsonl, TensorBoard's files, pictures of answers,
config.yaml and run.json. The engine is TRL on Accelerate; LoRA is peft's.

The defaults are VLA-R1's (arXiv 2510.01623 and its code). Departures from it:

- The reward is `strict`: what could be gamed in the published one is closed. `mode: paper` is it.
- The length of a run is said in steps, not in 50 epochs: data sets differ in size.
- A group's spread has 1e-4 added to it, not 1e-6, before rewards are divided by it: TRL's.
- Prompts are never cut: they are short, and a cut one would lose its picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from importlib.util import find_spec
import logging
import os
from pathlib import Path
import sys
from typing import Any

from peft import LoraConfig
import torch
from transformers import PrinterCallback
from trl import GRPOConfig
from vla_r1_core.config import param, RewardConfig
from vla_r1_core.errors import ReasoningError
from vla_r1_core.rewards import RewardFunction
from vla_r1_perception.model_folder import check_folder
from vla_r1_perception.processor import load_processor

from vla_r1_training.command_line import make_parser, read_config
from vla_r1_training.formats.dataset import DATA
from vla_r1_training.provenance import sha256, write_config, write_run
from vla_r1_training.run_report import write_report
from vla_r1_training.runs.asking import as_dataset, from_bags, from_scenes, Question
from vla_r1_training.runs.checkpoints import write_model
from vla_r1_training.runs.grpo_trainer import Trainer
from vla_r1_training.runs.grpo_watch import Watch, WatchedReward
from vla_r1_training.runs.look_once import look_once
from vla_r1_training.runs.models import load_model, warn_if_slow
from vla_r1_training.runs.run_log import RunLog

_PACKAGES = ('vla_r1_training', 'torch', 'transformers', 'trl', 'peft', 'accelerate')
_LANGUAGE_MODEL = r'.*language_model.*\.(q_proj|v_proj|o_proj)'
"""What LoRA adapts: `all-linear` would reach into the vision tower."""


@dataclass(frozen=True)
class GrpoConfig(RewardConfig):
    """A run; one YAML file. What the reward is made of belongs to it."""

    model: str = param('', 'folder of the model to start from, or nano')
    data: str = param('', 'folders of datasets that `ingest` wrote, with spaces between')
    scenes: str = param('', 'folder with rendered train-*.parquet')
    files: int = param(40, 'of the scenes, at most', ge=1)
    out: str = param('data/grpo', 'folder of the run')
    seed: int = param(0, 'of order and sampling', ge=0)
    weights: str = param('fp32', 'of the model in memory', choices=('fp32', 'bf16'))
    precision: str = param('fp32', 'of the matrix products', choices=('fp32', 'bf16'))
    steps: int = param(1000, 'optimizer steps; may be raised later', ge=1)
    group: int = param(5, 'answers to a question', ge=2)
    questions: int = param(512, 'that are answered by the same weights', ge=1)
    mini_batch: int = param(128, 'of these questions in an optimizer step', ge=1)
    at_once: int = param(
        4, 'answers in memory of a process while it learns; the others follow', ge=1
    )
    learning_rate: float = param(3e-5, 'constant', ge=0.0)
    kl_weight: float = param(0.01, 'of the distance to the first model (k3)', ge=0.0)
    clip: float = param(0.2, 'how far a probability may move in a step', ge=0.0)
    entropy_weight: float = param(0.0, 'of a bonus for being undecided', ge=0.0)
    temperature: float = param(1.0, 'of sampling', ge=0.01)
    max_tokens: int = param(2048, 'of an answer', ge=1)
    frozen_vision: bool = param(False, 'whether the vision encoder stays as it is')
    lora_rank: int = param(0, '0: all weights are trained', ge=0)
    lora_alpha: float = param(64.0, 'the adapter counts alpha / rank', ge=0.0)
    gradient_checkpointing: bool = param(False, 'less memory for more time')
    vllm: bool = param(False, 'answers by vLLM, which must be installed')
    vllm_memory: float = param(0.3, 'share of the GPU that vLLM takes', ge=0.0, le=1.0)
    log_every: int = param(1, 'steps', ge=1)
    save_every: int = param(20, 'steps', ge=1)
    show_every: int = param(20, 'steps, between pictures of answers', ge=1)


def main(argv: Sequence[str] | None = None) -> int:
    """Run what the configuration says."""
    logging.basicConfig(level=logging.INFO, format='%(asctime)s %(message)s')
    parser = make_parser(__doc__, GrpoConfig)
    _, config = read_config(parser, GrpoConfig, argv)
    try:
        train(config)
    except (ValueError, ReasoningError) as error:
        parser.error(str(error))
    return 0


def train(config: GrpoConfig) -> Path:
    """Train, or go on; return the folder of the finished model.

    Raises:
        ValueError: the settings do not fit together, to the data or to the folder.
        ReasoningError: MODEL_NOT_LOADED, there is no such model.
    """
    start, out = check_folder(config.model), Path(config.out)
    arguments = _arguments(config)
    out.mkdir(parents=True, exist_ok=True)
    processor = load_processor(start)
    processor.tokenizer.padding_side = 'left'  # TRL's own; otherwise it takes text for the image
    with arguments.main_process_first(local=False):
        questions, sources = _questions(config, processor)
    if arguments.process_index == 0:
        warn_if_slow(config.precision)
        write_config(out, config, free=('steps',))
        inputs = {str(file): sha256(file) for file in [*sources, *start.glob('*.safetensors')]}
        write_run(out, seed=config.seed, packages=_PACKAGES, inputs=inputs)
    reward = WatchedReward(
        RewardFunction(
            RewardConfig(**{f.name: getattr(config, f.name) for f in fields(RewardConfig)})
        )
    )
    watch = Watch(RunLog(out / 'log.jsonl'), reward, out, config.show_every)
    model = load_model(start, _dtype(config))
    if config.frozen_vision:
        model.model.visual.requires_grad_(False)
    look_once(model)
    trainer = Trainer(
        model=model,
        reward_funcs=reward,
        args=arguments,
        train_dataset=as_dataset(questions),
        processing_class=processor,
        callbacks=[watch],
        peft_config=_lora(config),
    )
    if trainer.ref_model is not None:
        look_once(trainer.accelerator.unwrap_model(trainer.ref_model))
    trainer.remove_callback(PrinterCallback)
    trainer.go_on()
    model = trainer.accelerator.unwrap_model(trainer.model)
    if config.lora_rank:
        model = model.merge_and_unload()
    if arguments.process_index == 0:
        write_model(model, start, config, out / 'model')
        write_report(out)
    return out / 'model'


def _questions(config: GrpoConfig, processor: Any) -> tuple[list[Question], list[Path]]:
    """Return all questions, and the files that they come from."""
    questions: list[Question] = []
    sources: list[Path] = []
    for folder in map(Path, config.data.split()):
        questions += from_bags(folder, Path(config.out) / 'cache')
        sources += sorted((folder / DATA).glob('*.parquet'))
    if config.scenes:
        files = sorted(Path(config.scenes).glob('train-*.parquet'))[: config.files]
        if not files:
            raise ValueError(f'{config.scenes} has no train-*.parquet: run render')
        questions += from_scenes(files, processor)
        sources += files
    if len(questions) < config.questions:
        raise ValueError(
            f'{len(questions)} questions with known answers in data and scenes; '
            f'a step takes {config.questions}'
        )
    return questions, sources


def _arguments(config: GrpoConfig) -> GRPOConfig:
    """Say it in TRL's words.

    Raises:
        ValueError: batches do not divide.
    """
    at_once = config.at_once * int(os.environ.get('WORLD_SIZE', '1'))
    parts, rest = divmod(config.mini_batch * config.group, at_once)
    if rest:
        raise ValueError(
            f'{config.mini_batch} questions with {config.group} answers cannot be split into '
            f'parts of {at_once} (at_once, times the processes)'
        )
    if config.questions % config.mini_batch or config.save_every % (
        config.questions // config.mini_batch
    ):
        raise ValueError('questions must be a multiple of mini_batch, save_every one of the ratio')
    if config.vllm and not find_spec('vllm'):
        raise ValueError('vllm is asked for but not installed: pip install vllm')
    return GRPOConfig(
        output_dir=str(Path(config.out) / 'checkpoints'),
        seed=config.seed,
        use_cpu=not torch.accelerator.is_available(),
        bf16=config.precision == 'bf16',
        max_steps=config.steps,
        num_generations=config.group,
        generation_batch_size=config.questions * config.group,
        per_device_train_batch_size=config.at_once,
        gradient_accumulation_steps=parts,
        learning_rate=config.learning_rate,
        lr_scheduler_type='constant',
        weight_decay=0.01,
        max_grad_norm=1.0,
        beta=config.kl_weight,
        use_bias_correction_kl=False,  # plain k3
        epsilon=config.clip,
        entropy_coef=config.entropy_weight,
        loss_type='dapo',  # the mean over all tokens of a step, as in verl
        scale_rewards='group',
        temperature=config.temperature,
        max_completion_length=config.max_tokens,
        gradient_checkpointing=config.gradient_checkpointing,
        use_vllm=config.vllm,
        vllm_gpu_memory_utilization=config.vllm_memory,
        logging_steps=config.log_every,
        save_steps=config.save_every,
        save_total_limit=2,  # the older one is whole while the newer one is written
        report_to='none',  # RunLog's
        disable_tqdm=True,
    )


def _dtype(config: GrpoConfig) -> torch.dtype:
    return torch.float32 if config.weights == 'fp32' else torch.bfloat16


def _lora(config: GrpoConfig) -> LoraConfig | None:
    if not config.lora_rank:
        return None
    return LoraConfig(
        r=config.lora_rank,
        lora_alpha=config.lora_alpha,
        target_modules=_LANGUAGE_MODEL,
        task_type='CAUSAL_LM',
    )


if __name__ == '__main__':
    sys.exit(main())
