"""The whole loop, tiny: from a bag of simulated episodes to other weights in the running robot."""

import json
from pathlib import Path
import re
import subprocess
import sys

import pytest
from safetensors.torch import load_file
import torch
from vla_r1_perception.model_folder import weights_sha256
from vla_r1_training.nano.model import make_nano
from vla_r1_training.provenance import sha256

LEARN = Path(__file__).parents[1] / 'learn.py'
STEPS = 2


@pytest.fixture(scope='module')
def learned(tmp_path_factory):
    """Return the folder of an untrained model, that of the loop, and what the loop said."""
    root = tmp_path_factory.mktemp('learn')
    make_nano(root / 'nano', seed=0)
    sizes = ['--scenes', '2', '--steps', str(STEPS), '--measured', '10']
    command = [sys.executable, LEARN, '--model', root / 'nano', '--out', root / 'out', *sizes]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return root / 'nano', root / 'out', done.stdout


def test_the_running_robot_answers_with_the_weights_that_were_learned(learned):
    start, out, said = learned
    before, after = weights_sha256(start)[:12], weights_sha256(out / 'run' / 'model')[:12]
    assert re.findall(r'weights (\w+)', said) == [before, after, after]
    old = load_file(start / 'model.safetensors')
    new = load_file(out / 'run' / 'model' / 'model.safetensors')
    assert old.keys() == new.keys()
    moved = [not torch.equal(old[name].half(), new[name].half()) for name in old]
    assert sum(moved) > len(moved) / 2


def test_every_step_has_its_rewards_and_the_run_says_what_it_was_made_from(learned):
    start, out, _ = learned
    rows = [json.loads(line) for line in (out / 'run' / 'log.jsonl').read_text().splitlines()]
    steps = [row for row in rows if 'reward' in row]
    assert [row['step'] for row in steps] == list(range(1, STEPS + 1))
    assert all(0 <= row[term] <= 1 for row in steps for term in ('reward', 'format'))
    run = json.loads((out / 'run' / 'run.json').read_text())
    (data,) = (out / 'dataset' / 'data').glob('*.parquet')
    used = {*run['inputs'].values()}
    assert used == {sha256(data), sha256(start / 'model.safetensors')}
    assert re.match(r'[0-9a-f]{40}', run['revision'])
    assert '<img' in (out / 'run' / 'report.html').read_text()


def test_both_models_are_measured(learned):
    start, out, said = learned
    measured = json.loads((out / 'measured.json').read_text())
    model = out / 'run' / 'model'
    assert measured['weights_sha256'] == {
        str(folder): weights_sha256(folder) for folder in (start, model)
    }
    assert len(measured['results']) == 2
    assert said.count(f'| {model}') == 3  # how well it answers, on what, and how much better
