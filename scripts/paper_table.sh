#!/usr/bin/env bash
# The paper's experiment in small: what thought, more of the same, and GRPO each are worth.
#   scripts/paper_table.sh 0 1 2     # seeds; about an hour each on two cores
# Stopped at any moment it goes on when it is called again. As the paper's models, all begin with a vision encoder that
# has been trained: nano's, which stays as it is. The language model begins with nothing:
#   none     SFT on 13,392 examples (the paper's number), the answers alone
#   thought  SFT on the same with written-out thoughts
#   more     `thought`, then SFT on the same examples for as long as GRPO takes
#   grpo     `thought`, then GRPO on other pictures with labels but no thoughts
set -euo pipefail
cd "$(dirname "$0")/.."
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
seeds=("${@:-0}")
out=data/table
sft() {
  torchrun --standalone --nproc_per_node 2 -m vla_r1_training.sft --config src/vla_r1_training/config/table.yaml "$@"
}
ros2 run vla_r1_training render --split train --scenes 7000 --out data/scenes --jobs 2
ros2 run vla_r1_training render --split test --scenes 1000 --out data/scenes --jobs 2
ros2 run vla_r1_training render --split unseen --scenes 4000 --out data/scenes --jobs 2
mkdir -p $out/labels $out/fresh
for file in data/scenes/train-000{06..27}.parquet; do ln -sf "$PWD/$file" $out/labels/; done
ln -sf "$PWD"/data/scenes/unseen-000{12,13,14,15}.parquet $out/fresh/
for seed in "${seeds[@]}"; do
  sft --seed "$seed" --out $out/thought-"$seed"
  sft --seed "$seed" --no-thought --out $out/none-"$seed"
  sft --seed "$seed" --model $out/thought-"$seed"/model --out $out/more-"$seed" \
    --steps 150 --decay-steps 150 --learning-rate 0.001 --smooth-from 0
  torchrun --standalone --nproc_per_node 2 -m vla_r1_training.grpo \
    --config src/vla_r1_training/config/grpo-nano.yaml --seed "$seed" --model $out/thought-"$seed"/model \
    --questions 32 --mini-batch 32 --group 8 --at-once 32 --learning-rate 5e-5 --steps 100 \
    --scenes $out/labels --out $out/grpo-"$seed"
done
models=()
for name in none thought more grpo; do
  folders=$(printf "$out/$name-%s/model," "${seeds[@]}")
  models+=("$name=${folders%,}")
done
for split in test unseen; do
  scenes=$([ $split = test ] && echo data/scenes || echo $out/fresh)
  ros2 run vla_r1_training evaluate --model "${models[@]}" --split $split --scenes "$scenes" \
    --out $out/answers-$split.jsonl --markdown $out/$split.md --json $out/$split.json
done
