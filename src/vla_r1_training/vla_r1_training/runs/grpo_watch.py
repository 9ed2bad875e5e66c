"""What is kept of a GRPO run while it goes: log and pictures of answers."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from vla_r1_core.rewards import read_target, RewardFunction
from vla_r1_core.types import Task

from vla_r1_training.exams.judge import read
from vla_r1_training.runs.drawing import draw, Drawn
from vla_r1_training.runs.run_log import RunLog

_SHOWN = 6
"""Questions in a picture."""
_NAMES = {
    'reward': 'reward', 'reward_std': 'spread', 'frac_reward_zero_std': 'undecided',
    'rewards/affordance': 'affordance', 'rewards/trajectory': 'trajectory',
    'rewards/absence': 'absence', 'rewards/format': 'format', 'kl': 'kl', 'entropy': 'entropy',
    'completions/mean_length': 'length', 'completions/clipped_ratio': 'cut_off',
    'clip_ratio/region_mean': 'clipped', 'loss': 'loss', 'grad_norm': 'gradient',
    'step_time': 'seconds',
}  # fmt: skip
"""TRL's names of what is logged, and ours."""


class WatchedReward:
    """A reward that remembers the last answers it was asked about.

    Args:
        reward: what answers earn.
    """

    def __init__(self, reward: RewardFunction) -> None:
        self._reward, self.__name__ = reward, reward.__name__
        self.last: list[Drawn] = []

    def __call__(
        self,
        completions: Sequence[Sequence[Mapping[str, Any]]],
        *,
        image: Sequence[Any],
        instruction: Sequence[str],
        task: Sequence[int],
        ground_truth: Sequence[str],
        **columns: Any,
    ) -> list[float]:
        """Return the scores; TRL gives chats and the dataset's columns."""
        scores = self._reward(completions, ground_truth=ground_truth, task=task, **columns)
        texts = [completion[-1]['content'] for completion in completions]
        rows = zip(instruction, task, ground_truth, image, texts, scores, strict=True)
        self.last = []
        for (asked, kind, truth), group in groupby(rows, lambda row: row[:3]):
            of_group = list(group)
            self.last.append(
                Drawn(
                    picture=np.asarray(of_group[0][3].convert('RGB')),
                    instruction=asked,
                    truth=read_target(truth, kind),
                    answers=tuple(read(row[4], Task(kind), thought=True) for row in of_group),
                    scores=tuple(row[5] for row in of_group),
                )
            )
        return scores


class Watch(TrainerCallback):
    """Follows the trainer.

    Args:
        log: of the run.
        reward: whose last answers are drawn.
        out: folder of the run.
        show_every: steps between pictures.
    """

    def __init__(self, log: RunLog, reward: WatchedReward, out: Path, show_every: int) -> None:
        self._log, self._reward, self._out, self._every = log, reward, out, show_every

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **more: Any
    ) -> None:
        """Forget what was done after the checkpoint: it is done again."""
        if state.is_world_process_zero:
            self._log.forget(state.global_step)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **more: Any,
    ) -> None:
        """Write a row."""
        row = {ours: logs[name] for name, ours in _NAMES.items() if logs and name in logs}
        if state.is_world_process_zero and row:
            self._log.row(state.global_step, row)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **more: Any
    ) -> None:
        """Draw answers."""
        shown = state.global_step % self._every == 0 or state.global_step == state.max_steps
        if shown and state.is_world_process_zero:
            draw(self._reward.last[:_SHOWN], self._out / f'answers-{state.global_step:06}.png')
