"""TRL's trainer, which goes on from whole checkpoints only, and really from their weights."""

from pathlib import Path
from typing import Any

from accelerate import PartialState
from transformers import (
    Qwen2_5_VLForConditionalGeneration,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from trl import GRPOTrainer

_WHOLE = 'whole'
"""A file in each checkpoint that was written to the end."""


class Trainer(GRPOTrainer):
    """GRPO of a Qwen2.5-VL; everything but what is said here is TRL's."""

    def go_on(self) -> None:
        """Train from the newest whole checkpoint, or from the start."""
        self.add_callback(_MarkWhole())
        newest = newest_checkpoint(Path(self.args.output_dir))
        if newest and _step(newest) >= self.args.max_steps:  # stopped before its model was written
            self._load_from_checkpoint(str(newest))
        else:
            self.train(resume_from_checkpoint=str(newest) if newest else None)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        """Load weights by the names in the file.

        A Qwen2.5-VL is written with other names than its modules have. The stock method takes them
        as they are and does not mind that none fits: it would begin with the first model again.
        """
        other = self.is_fsdp_enabled or self.is_deepspeed_enabled
        if other or not (Path(resume_from_checkpoint) / 'config.json').exists():  # LoRA's adapter
            super()._load_from_checkpoint(resume_from_checkpoint, model)
            return
        saved = Qwen2_5_VLForConditionalGeneration.from_pretrained(
            resume_from_checkpoint, dtype=self.model.dtype
        )
        self.model.load_state_dict(saved.state_dict())


class _MarkWhole(TrainerCallback):
    """Marks a checkpoint when every process has written its part."""

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **more: Any
    ) -> None:
        """Mark the newest."""
        PartialState().wait_for_everyone()
        if state.is_world_process_zero:
            (Path(args.output_dir) / f'checkpoint-{state.global_step}' / _WHOLE).touch()


def newest_checkpoint(folder: Path) -> Path | None:
    """Return the newest whole checkpoint in a folder."""
    whole = [file.parent for file in folder.glob(f'checkpoint-*/{_WHOLE}')]
    return max(whole, key=_step, default=None)


def _step(checkpoint: Path) -> int:
    return int(checkpoint.name.split('-')[1])
