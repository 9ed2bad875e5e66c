"""Two processes on CPUs (gloo) share the questions of GRPO and end with one model."""

from dataclasses import asdict
import json
import os
import subprocess
import sys

from vla_r1_training.grpo import GrpoConfig
import yaml

SCRIPT = """
import hashlib, json, sys
from pathlib import Path
from accelerate import PartialState
import vla_r1_training.grpo as grpo
import yaml
trainers, asked = [], []
class Trainer(grpo.Trainer):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        trainers.append(self)
grpo.Trainer = Trainer
class Reward(grpo.WatchedReward):
    def __call__(self, completions, **columns):
        asked.append([completion[-1]['content'] for completion in completions])
        super().__call__(completions, **columns)
        # Never all alike, whatever a machine's numbers make it say: there is much to learn.
        return [float(i) for i in range(len(completions))]
grpo.WatchedReward = Reward
grpo.train(grpo.GrpoConfig(**yaml.safe_load(Path(sys.argv[1]).read_text())))
digest = hashlib.sha256()
for value in trainers[0].model.state_dict().values():
    digest.update(value.numpy().tobytes())
rank = PartialState().process_index
Path(sys.argv[2], f'{rank}.json').write_text(json.dumps([digest.hexdigest(), asked]))
"""


def test_both_end_with_the_same_weights(taught, tmp_path):
    scenes, model = taught
    config = GrpoConfig(
        model=str(model), scenes=str(scenes), out=str(tmp_path / 'run'), steps=2, group=3,
        questions=2, mini_batch=2, at_once=3, learning_rate=1e-3, max_tokens=140, save_every=2,
        show_every=10,
    )  # fmt: skip
    (tmp_path / 'run.yaml').write_text(yaml.safe_dump(asdict(config)))
    (tmp_path / 'script.py').write_text(SCRIPT)
    subprocess.run(
        [sys.executable, '-m', 'torch.distributed.run', '--standalone', '--nproc_per_node', '2',
         str(tmp_path / 'script.py'), str(tmp_path / 'run.yaml'), str(tmp_path)],
        check=True, env={**os.environ, 'OMP_NUM_THREADS': '1'},
    )  # fmt: skip
    (first, said), (second, said_too) = (
        json.loads((tmp_path / f'{rank}.json').read_text()) for rank in (0, 1)
    )
    assert first == second
    assert [len(batch) for batch in said] == [3, 3] and said != said_too
    log = [json.loads(row) for row in (tmp_path / 'run' / 'log.jsonl').read_text().splitlines()]
    assert [row['step'] for row in log] == [1, 2]
    assert log[1]['kl'] > 0.0  # it has moved
    assert (tmp_path / 'run' / 'model' / 'model.safetensors').exists()
