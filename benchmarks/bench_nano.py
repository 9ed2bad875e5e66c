"""The nano model's answer through the reasoner, beside the same with transformers' own `generate`.

CPU times of one core, medians of alternating answers about rendered scenes; both say the same. And
how much memory each takes, beyond that of the libraries.

Example: python benchmarks/bench_nano.py --scenes 100
"""

import argparse
from pathlib import Path
import resource
from statistics import median
import sys
from time import process_time

from machine import machine
import torch
from vla_r1_core.types import Task
from vla_r1_perception.config import ReasonerConfig
from vla_r1_perception.transformers_backend import TransformersReasoner
from vla_r1_sim.scene import make_scene
from vla_r1_sim.studio import Studio

from vla_r1_perception import transformers_backend

INSTRUCTION = 'pick up the red cube'
NEEDED_RATIO = 2.0
NEEDED_S = 1.5
Measured = tuple[str, float, float, int]


def reasoner(model: str, *, plain: bool) -> TransformersReasoner:
    """Load a model; a plain one answers with `generate`."""
    config = ReasonerConfig(backend='transformers', device='cpu', dtype='float32')
    can_decode = transformers_backend.can_decode
    if plain:
        transformers_backend.can_decode = lambda model: False
    try:
        return TransformersReasoner(model, config)
    finally:
        transformers_backend.can_decode = can_decode


def memory_mb() -> float:
    """Return what this process holds of the memory [MB]."""
    pages = int(Path('/proc/self/statm').read_text().split()[1])
    return pages * resource.getpagesize() * 1e-6


def measure(reasoner: TransformersReasoner, image: object, task: Task) -> Measured:
    """Return text, time to the first token [s], to the last [s], and how many there are."""
    first: list[float] = []
    start = process_time()
    answer = reasoner.answer(
        image, INSTRUCTION, task, seed=0,
        on_token=lambda text, n: first or first.append(process_time() - start),
        should_stop=lambda: False,
    )  # fmt: skip
    return answer.text, first[0], process_time() - start, answer.completion_tokens


def main() -> int:
    """Print both; exit status 1 when the answer is not the same, too late, or hardly sooner."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--model', default='nano', help='folder, or the one that is shipped')
    parser.add_argument('--scenes', type=int, default=30)
    args = parser.parse_args()
    torch.set_num_threads(1)
    both, held = [], [memory_mb()]
    for plain in (True, False):  # with their warm-up
        both.append(reasoner(args.model, plain=plain))
        held.append(memory_mb())
    runs: list[list[Measured]] = [[], []]
    with Studio(640, 480) as studio:
        for seed in range(args.scenes):
            studio.show(make_scene(seed, INSTRUCTION))
            image, task = studio.rgb(), (Task.AFFORDANCE, Task.TRAJECTORY)[seed % 2]
            for which in (0, 1) if seed % 4 < 2 else (1, 0):
                runs[which].append(measure(both[which], image, task))
    sys.stdout.write(f'Machine: {machine()}\n')
    sys.stdout.write(
        f'Memory: {held[0]:.0f} MB with the libraries; generate {held[1] - held[0]:.0f} MB more, '
        f'the decoder beside it {held[2] - held[1]:.0f} MB\n'
    )
    whole = []
    for name, measured in zip(('generate', 'decoder'), runs, strict=True):
        _, first, last, tokens = zip(*measured, strict=True)
        whole.append(median(last))
        speed = median(
            (n - 1) / (b - a) for a, b, n in zip(first, last, tokens, strict=True) if n > 1
        )
        sys.stdout.write(
            f'{name:9} answer {1e3 * whole[-1]:4.0f} ms (longest {1e3 * max(last):.0f}), '
            f'first token {1e3 * median(first):.0f} ms, {speed:.0f} tokens/s, '
            f'{median(tokens):.0f} tokens\n'
        )
    same = sum(a[0] == b[0] for a, b in zip(*runs, strict=True))
    ratio = whole[0] / whole[1]
    sys.stdout.write(
        f'{ratio:.2f} times as fast (needed: {NEEDED_RATIO}); '
        f'{same} of {args.scenes} answers are the same\n'
    )
    late = max(m[2] for m in runs[1]) > NEEDED_S
    return int(same < args.scenes or ratio < NEEDED_RATIO or late)


if __name__ == '__main__':
    sys.exit(main())
