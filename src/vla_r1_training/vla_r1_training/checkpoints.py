"""States of a run, written so that being stopped at any moment leaves a whole one."""

import json
from pathlib import Path
import shutil

from accelerate import Accelerator


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
