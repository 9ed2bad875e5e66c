"""What verl on Ray needs for GRPO: Parquet, the reward function, and the command.

The settings are the paper's (arXiv 2510.01623 and its code); the names are those of verl 0.9.
"""

from typing import Any

import pyarrow as pa

from vla_r1_training.formats.dataset import Row
from vla_r1_training.formats.sharegpt import one_image

DATA_SOURCE = 'vla_r1'
SCHEMA = pa.schema(
    {
        'data_source': pa.string(),
        'prompt': pa.list_(pa.struct({'role': pa.string(), 'content': pa.string()})),
        'images': pa.list_(pa.struct({'bytes': pa.binary(), 'path': pa.string()})),
        'ability': pa.string(),
        'reward_model': pa.struct({'style': pa.string(), 'ground_truth': pa.string()}),
        'extra_info': pa.struct({'task': pa.string(), 'id': pa.string(), 'split': pa.string()}),
    }
)
REWARD = '''"""The reward, for verl: see vla_r1_core.rewards."""

from vla_r1_core.rewards import compute_score

__all__ = ['compute_score']
'''
TRAIN = """#!/usr/bin/env bash
# GRPO with verl on Ray: ./train.sh MODEL_FOLDER [overrides of verl's configuration]
# On several nodes: start Ray on them (ray start), and add trainer.nnodes=N.
# Every worker must import vla_r1_core.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
model=${1:?the folder of the model}
shift
exec python3 -m verl.trainer.main_ppo \\
  algorithm.adv_estimator=grpo \\
  algorithm.norm_adv_by_std_in_grpo=True \\
  algorithm.use_kl_in_reward=False \\
  data.train_files="$here/train.parquet" \\
  data.val_files="$here/validation.parquet" \\
  data.image_key=images \\
  data.train_batch_size=512 \\
  data.max_prompt_length=2048 \\
  data.max_response_length=2048 \\
  data.filter_overlong_prompts=True \\
  actor_rollout_ref.model.path="$model" \\
  actor_rollout_ref.actor.optim.lr=3e-5 \\
  actor_rollout_ref.actor.ppo_mini_batch_size=128 \\
  actor_rollout_ref.actor.ppo_micro_batch_size_per_gpu=4 \\
  actor_rollout_ref.actor.ppo_epochs=1 \\
  actor_rollout_ref.actor.clip_ratio=0.2 \\
  actor_rollout_ref.actor.entropy_coeff=0 \\
  actor_rollout_ref.actor.use_kl_loss=True \\
  actor_rollout_ref.actor.kl_loss_coef=0.01 \\
  actor_rollout_ref.actor.kl_loss_type=low_var_kl \\
  actor_rollout_ref.rollout.name=vllm \\
  actor_rollout_ref.rollout.n=5 \\
  actor_rollout_ref.rollout.temperature=1.0 \\
  actor_rollout_ref.rollout.log_prob_micro_batch_size_per_gpu=4 \\
  actor_rollout_ref.ref.log_prob_micro_batch_size_per_gpu=4 \\
  reward.custom_reward_function.path="$here/reward.py" \\
  reward.custom_reward_function.name=compute_score \\
  trainer.project_name=vla_r1 \\
  trainer.experiment_name=grpo \\
  trainer.default_local_dir="$here/checkpoints" \\
  'trainer.logger=[console,tensorboard]' \\
  trainer.total_epochs=50 \\
  trainer.n_gpus_per_node=2 \\
  "$@"
"""


def verl_row(row: Row, split: str) -> dict[str, Any]:
    """Return a row with a known answer in verl's columns."""
    return {
        'data_source': DATA_SOURCE,
        'prompt': [{'role': 'user', 'content': one_image(row['prompt'])}],
        'images': [row['image']],
        'ability': row['task'],
        'reward_model': {'style': 'rule', 'ground_truth': row['ground_truth']},
        'extra_info': {'task': row['task'], 'id': row['id'], 'split': split},
    }
