#!/usr/bin/env bash
# The paper's experiment in small: what thought, more of the same, and GRPO each are worth.
#   scripts/paper_table.sh 0 1 2                      # seeds
#   PRECISION=fp32 scripts/paper_table.sh 0 1 2       # on a CPU without bf16
# Half an hour, and fifty minutes more for each seed, on two cores; then a quarter of an hour to measure them.
# Stopped at any moment it goes on when it is called again. As the paper's models begin with one that sees and points,
# all of these begin with one that has learned to point at what is named and to say what is seen, but no task:
#   none     SFT on 13,392 examples (the paper's number), the answers alone
#   thought  SFT on the same with written-out thoughts
#   grpo     `thought`, then GRPO on other pictures with labels but no thoughts
#   more     `thought`, then SFT on the same examples for as long as GRPO takes
#   late     `more`, then GRPO
set -euo pipefail
cd "$(dirname "$0")/.."
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
seeds=("${@:-0}")
out=data/table
config=src/vla_r1_training/config
run() {
  torchrun --standalone --nproc_per_node 2 -m vla_r1_training."$1" --config $config/"$2".yaml \
    --precision "${PRECISION:-bf16}" "${@:3}"
}
ros2 run vla_r1_training render --split train --scenes 7000 --out data/scenes --jobs 2
ros2 run vla_r1_training render --split test --scenes 1000 --out data/scenes --jobs 2
ros2 run vla_r1_training render --split unseen --scenes 4000 --out data/scenes --jobs 2
share() {  # NAME FILE...: scenes in a folder of their own
  mkdir -p $out/"$1"
  for file in "${@:2}"; do ln -sf "$PWD/data/scenes/$file.parquet" $out/"$1"/; done
}
compare() {  # FIRST OTHER...: each of all seeds, and the change against the first
  local models=() name folders split scenes
  for name in "$@"; do
    folders=$(printf "$out/$name-%s/model," "${seeds[@]}")
    models+=("$name=${folders%,}")
  done
  for split in test unseen; do
    scenes=$([ $split = test ] && echo data/scenes || echo $out/fresh)
    ros2 run vla_r1_training evaluate --model "${models[@]}" --split $split --scenes "$scenes" \
      --limit 500 --out $out/answers-$split.jsonl --markdown $out/$split-"$1".md --json $out/$split-"$1".json
  done
}
share pictures train-000{00,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27}
share annotated train-000{00,01,02,03,04,05}
share labels train-000{06,07,08,09,10,11}
share fresh unseen-000{12,13,14,15}
run sft table-base
for seed in "${seeds[@]}"; do
  run sft table --seed "$seed" --out $out/thought-"$seed"
  run sft table --seed "$seed" --no-thought --out $out/none-"$seed"
  run grpo table-grpo --seed "$seed" --model $out/thought-"$seed"/model --out $out/grpo-"$seed"
  run sft table --seed "$seed" --model $out/thought-"$seed"/model --out $out/more-"$seed" \
    --steps 470 --decay-steps 470 --learning-rate 0.001
  run grpo table-grpo --seed "$seed" --model $out/more-"$seed"/model --out $out/late-"$seed"
done
compare thought none grpo more
compare more late
