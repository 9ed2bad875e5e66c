"""States and models of a run, written so that being stopped at any moment leaves a whole one."""

from dataclasses import asdict
import json
from pathlib import Path
import shutil
from typing import Any

from accelerate import Accelerator
from safetensors import safe_open
import torch
import yaml


def save(accelerator: Accelerator, out: Path, done: int) -> None:
    """Save as `state-<done>` in a folder; older states go."""
    partly = out / 'state.part'
    shutil.rmtree(partly, ignore_errors=True)
    accelerator.save_state(str(partly))
    (partly / 'step.json').write_text(json.dumps(done))
    kept = out / f'state-{done}'
    shutil.rmtree(kept, ignore_errors=True)
    partly.rename(kept)
    for old in out.glob('state-*'):
        if old != kept:
            shutil.rmtree(old)


def resume(accelerator: Accelerator, out: Path) -> int:
    """Load the newest state; return how many steps are done."""
    states = sorted(out.glob('state-*'), key=lambda path: int(path.name.split('-')[1]))
    if not states:
        return 0
    accelerator.load_state(str(states[-1]))
    return int(json.loads((states[-1] / 'step.json').read_text()))


def write_model(model: Any, start: Path, config: Any, folder: Path) -> None:
    """Write a plain model in half precision, with what it was made from.

    Args:
        model: a Qwen2.5-VL.
        start: folder of the model that the run began with; its processor is copied.
        config: a dataclass, of the run; it becomes training.yaml.
        folder: appears when everything is in it.
    """
    partly, dtype = folder.with_suffix('.part'), _half(start)
    shutil.rmtree(partly, ignore_errors=True)
    once = {value.data_ptr(): name for name, value in reversed(model.state_dict().items())}
    kept = set(once.values())  # of tied weights the first, as transformers keeps them
    weights = {n: value.to(dtype) for n, value in model.state_dict().items() if n in kept}
    model.save_pretrained(partly, state_dict=weights)
    for file in start.iterdir():  # of the processor; it is not trained
        if not (partly / file.name).exists() and file.suffix != '.safetensors':
            shutil.copy(file, partly)
    (partly / 'training.yaml').write_text(yaml.safe_dump(asdict(config), sort_keys=False))
    shutil.rmtree(folder, ignore_errors=True)
    partly.rename(folder)


def _half(start: Path) -> torch.dtype:
    """Return bfloat16 for a model that was that, whose weights may exceed float16's range."""
    with safe_open(next(start.glob('*.safetensors')), 'pt') as file:
        kind = file.get_slice(next(iter(file.keys()))).get_dtype()
    return torch.bfloat16 if kind == 'BF16' else torch.float16
