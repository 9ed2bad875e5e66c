"""Two processes on CPUs (gloo) train one model: they see other questions and end alike."""

from dataclasses import asdict
import json
import os
import subprocess
import sys

from vla_r1_training.nano.sft_config import SftConfig
from vla_r1_training.render import render
import yaml

SCRIPT = """
import hashlib, json, sys, torch
from accelerate import Accelerator
from pathlib import Path
import vla_r1_training.sft as sft
drawn = []
class Lessons(sft.Lessons):
    def draw(self, step, rank):
        lesson = super().draw(step, rank)
        drawn.append(lesson.batch.inputs['pixel_values'].sum().item())
        return lesson
sft.Lessons = Lessons
students = []
class Student(sft.Student):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        students.append(self)
sft.Student = Student
import yaml
sft.train(sft.SftConfig(**yaml.safe_load(Path(sys.argv[1]).read_text())))
digest = hashlib.sha256()
for value in students[0].state_dict().values():
    digest.update(value.numpy().tobytes())
rank = Accelerator().process_index
Path(sys.argv[2], f'{rank}.json').write_text(json.dumps([digest.hexdigest(), drawn]))
"""


def test_both_end_with_the_same_weights(tmp_path, monkeypatch):
    monkeypatch.setattr('vla_r1_training.render.PER_FILE', 4)
    render('train', 8, tmp_path / 'scenes')
    config = SftConfig(
        scenes=str(tmp_path / 'scenes'), files=2, out=str(tmp_path / 'run'), steps=3,
        batch_size=2, told=1, contradicted=1, save_every=2, watch_every=100,
    )  # fmt: skip
    (tmp_path / 'run.yaml').write_text(yaml.safe_dump(asdict(config)))
    (tmp_path / 'script.py').write_text(SCRIPT)
    subprocess.run(
        [sys.executable, '-m', 'torch.distributed.run', '--standalone', '--nproc_per_node', '2',
         str(tmp_path / 'script.py'), str(tmp_path / 'run.yaml'), str(tmp_path)],
        check=True, env={**os.environ, 'OMP_NUM_THREADS': '1'},
    )  # fmt: skip
    (first, seen), (second, seen_too) = (
        json.loads((tmp_path / f'{rank}.json').read_text()) for rank in (0, 1)
    )
    assert first == second
    assert len(seen) == 3 and not set(seen) & set(seen_too)
    assert (tmp_path / 'run' / 'model' / 'model.safetensors').exists()
