#!/usr/bin/env bash
# The paper's experiment in small: what thought, more of the same, and GRPO each are worth.
#   scripts/paper_table.sh 0 1 2     # seeds; about two hours each on two cores
# Stopped at any moment it goes on when it is called again. All begin with nothing:
#   none     SFT on 13,392 examples (the paper's number), the answers alone
#   thought  SFT on the same with written-out thoughts
#   more     `thought`, then 300 more steps of SFT on the same examples
#   grpo     `thought`, then GRPO on other pictures with labels but no thoughts
set -euo pipefail
cd "$(dirname "$0")/.."
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
seeds=("${@:-0}")
configs=src/vla_r1_training/config out=data/table
sft() {
  torchrun --standalone --nproc_per_node 2 -m vla_r1_training.sft --files 6 --examples 13392 "$@"
}
ros2 run vla_r1_training render --split train --scenes 10000 --out data/scenes --jobs 2
ros2 run vla_r1_training render --split test --scenes 1000 --out data/scenes --jobs 2
ros2 run vla_r1_training render --split unseen --scenes 4000 --out data/scenes --jobs 2
mkdir -p $out/labels $out/fresh
for file in data/scenes/train-000{06..39}.parquet; do ln -sf "$PWD/$file" $out/labels/; done
ln -sf "$PWD"/data/scenes/unseen-000{12,13,14,15}.parquet $out/fresh/
for seed in "${seeds[@]}"; do
  whole=(--config $configs/nano.yaml --seed "$seed" --steps 1100 --decay-steps 500
    --smooth-steps 900 --watch-every 550)
  sft "${whole[@]}" --out $out/thought-"$seed"
  sft "${whole[@]}" --no-thought --out $out/none-"$seed"
  sft --config $configs/nano-longer.yaml --seed "$seed" --model $out/thought-"$seed"/model \
    --steps 300 --decay-steps 250 --out $out/more-"$seed"
  torchrun --standalone --nproc_per_node 2 -m vla_r1_training.grpo \
    --config $configs/grpo-nano.yaml --seed "$seed" --model $out/thought-"$seed"/model \
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
