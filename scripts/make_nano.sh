#!/usr/bin/env bash
# Make the nano model that comes with the package again, and measure it; called by `make nano`.
# Stopped at any moment it goes on when it is called again. Four to six hours on two cores.
set -euo pipefail
cd "$(dirname "$0")/.."
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
training=src/vla_r1_training/config
shipped=src/vla_r1_perception/vla_r1_perception/models/nano
ros2 run vla_r1_training render --split train --scenes 10000 --out data/scenes --jobs 2
ros2 run vla_r1_training render --split test --scenes 1000 --out data/scenes --jobs 2
ros2 run vla_r1_training render --split unseen --scenes 6000 --out data/scenes --jobs 2
for stage in nano nano-longer nano-longest; do
  torchrun --standalone --nproc_per_node 2 -m vla_r1_training.sft --config $training/$stage.yaml
done
ros2 run vla_r1_training average --first data/nano/longer/model \
  --second data/nano/longest/model --share 0.1 --out data/nano/mean
# The first 5,000 scenes of `unseen` were looked at while the recipe was made; these were not.
mkdir -p data/fresh
ln -sf ../scenes/unseen-000{20,21,22,23}.parquet data/fresh/
for split in test unseen; do
  scenes=data/$([ $split = test ] && echo scenes || echo fresh)
  ros2 run vla_r1_training evaluate --model data/nano/mean/model --split $split \
    --scenes "$scenes" --out data/nano/answers-$split.jsonl \
    --markdown data/nano/$split.md --json data/nano/$split.json
done
mkdir -p $shipped
cp data/nano/mean/model/* $shipped
cp data/nano/mean/run.json $shipped
number=0
for stage in sft longer longest; do
  number=$((number + 1))
  cp data/nano/$stage/run.json $shipped/run-stage$number.json
  cp data/nano/$stage/model/training.yaml $shipped/training-stage$number.yaml
done
