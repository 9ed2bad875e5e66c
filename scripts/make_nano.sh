#!/usr/bin/env bash
# Make the nano model that comes with the package again, and measure it; called by `make nano`.
# Stopped at any moment it goes on when it is called again. Seven to ten hours on two cores.
set -euo pipefail
cd "$(dirname "$0")/.."
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
training=src/vla_r1_training/config
shipped=src/vla_r1_perception/vla_r1_perception/models/nano
ros2 run vla_r1_training render --split train --scenes 10000 --out data/scenes --jobs 2
ros2 run vla_r1_training render --split test --scenes 4000 --out data/scenes --jobs 2
ros2 run vla_r1_training render --split unseen --scenes 10000 --out data/scenes --jobs 2
learn() {
  torchrun --standalone --nproc_per_node 2 -m vla_r1_training.sft --config $training/"$1".yaml "${@:2}"
}
learn nano
learn nano-longer
learn nano-longest
ros2 run vla_r1_training average --first data/nano/longer/model \
  --second data/nano/longest/model --share 0.1 --out data/nano/mean
learn nano-steep
learn nano-told
learn nano-list
if [ ! -d data/nano/grow-580/model ]; then  # it goes on from there, and the mean of both is better than either
  learn nano-grow --steps 580
  mkdir -p data/nano/grow-580
  rm -rf data/nano/grow-580/model.part
  cp -r data/nano/grow/model data/nano/grow-580/model.part
  mv data/nano/grow-580/model.part data/nano/grow-580/model
fi
learn nano-grow
ros2 run vla_r1_training average --first data/nano/grow-580/model \
  --second data/nano/grow/model --share 0.5 --out data/nano/grown
learn nano-color
learn nano-words
ros2 run vla_r1_training average --first data/nano/color/model \
  --second data/nano/words/model --share 0.5 --out data/nano/last
# The scenes before these were looked at while the recipe was made.
mkdir -p data/fresh
ln -sf ../scenes/test-000{12,13,14,15}.parquet data/fresh/
ln -sf ../scenes/unseen-000{36,37,38,39}.parquet data/fresh/
for split in test unseen; do
  ros2 run vla_r1_training evaluate --model data/nano/last/model --split $split \
    --scenes data/fresh --out data/nano/answers-$split.jsonl \
    --markdown data/nano/$split.md --json data/nano/$split.json
done
mkdir -p $shipped
cp data/nano/last/model/* $shipped
cp data/nano/last/run.json $shipped
# Of what it goes on from.
before=(sft longer longest mean steep told list grow grown color words)
names=(stage1 stage2 stage3 mean stage4 stage5 stage6 stage7 grown stage8 stage9)
for i in "${!before[@]}"; do
  cp data/nano/${before[i]}/run.json $shipped/run-${names[i]}.json
  cp data/nano/${before[i]}/model/training.yaml $shipped/training-${names[i]}.yaml
done
