# Every target does all the set-up that it needs (see scripts/setup.sh).
SHELL := bash
.DEFAULT_GOAL := help

INSTRUCTION ?= pick up the red cube
SEED ?= 0
ROBOT ?= ur5e
BACKEND ?= transformers
MODEL ?=
SCENES ?= 100
ROS_SCENES ?= 10
JOBS ?= 1

ENV := . ./env.sh &&
CORES := src/vla_r1_core/vla_r1_core src/vla_r1_perception/vla_r1_perception \
	src/vla_r1_planner/vla_r1_planner src/vla_r1_sim/vla_r1_sim \
	src/vla_r1_training/vla_r1_training

.PHONY: help build demo test lint bench learn nano clean

help:  ## show this
	@grep -hE '^[a-z]+:.*##' Makefile | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

build:  ## set up and build; then `. ./env.sh` gives a shell with ros2
	@scripts/setup.sh demo

demo: build  ## see, reason, grasp: INSTRUCTION="pick up the blue cylinder" SEED=7
	@$(ENV) exec python examples/demo.py --instruction "$(INSTRUCTION)" --seed "$(SEED)" \
		--robot "$(ROBOT)" --backend "$(BACKEND)" --model "$(MODEL)"

# As `colcon test --retest-until-pass 1`: real processes share a busy machine with others. What failed
# the first time is shown at the end all the same.
test: lint  ## lint and every test
	@$(ENV) exec python -m pytest --reruns 1 -raR $(TESTS)

lint:  ## ruff, and mypy strict on the cores
	@scripts/setup.sh test
	@$(ENV) ruff check . && ruff format --check . && mypy $(CORES)

bench:  ## measure; prints every figure beside its target and names the machine
	@scripts/setup.sh test
	@$(ENV) exec python benchmarks/run.py --scenes "$(SCENES)" --ros-scenes "$(ROS_SCENES)" \
		--backend "$(BACKEND)" --model "$(MODEL)" --jobs "$(JOBS)"

learn:  ## the whole loop: record, label, GRPO, measure, swap the running model: MODEL=
	@scripts/setup.sh test
	@$(ENV) exec python examples/learn.py --model "$(or $(MODEL),nano)"

nano:  ## make the model that comes with the package again, and measure it (hours)
	@scripts/setup.sh test
	@$(ENV) exec scripts/make_nano.sh

clean:  ## remove everything that was built or installed here
	rm -rf .venv build install log demo underlay/build underlay/install underlay/log
