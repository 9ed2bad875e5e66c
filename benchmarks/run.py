"""Every benchmark in turn; `make bench`. Names the machine; exit status 1 when a figure is missed.

Ctrl-C ends the present one, with what it has measured, and all after it.

Example: python benchmarks/run.py [--scenes 20] [--only grounding cancel]
"""

import argparse
from pathlib import Path
import subprocess
import sys

from machine import machine

HERE = Path(__file__).parent
# name: the options that are handed on, in the order of a request's way through the system
BENCHMARKS = {
    'tf2_lookup': (),
    'reasoner': (),
    'scripted': ('scenes',),
    'nano': (),
    'grounding': (),
    'move_group': (),
    'cancel': (),
    'watchdog': (),
    'rewards': (),
    'grpo': (),
    'ingest': ('ros_scenes',),
    'tasks': ('scenes', 'ros_scenes', 'backend', 'model', 'jobs'),
}


def main() -> int:
    """Run them all, then say which figures were missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add('--scenes', type=int, default=100, help='how many seeded scenes of each kind')
    add('--ros-scenes', type=int, default=10, help='of them, how many with the real processes')
    add('--backend', default='', help='of the reasoner, for tasks; its default if empty')
    add('--model', default='', help='local folder of a model, for tasks')
    add('--jobs', type=int, default=1, help='processes, for tasks')
    add('--only', nargs='+', choices=tuple(BENCHMARKS), default=tuple(BENCHMARKS))
    args = parser.parse_args()
    sys.stdout.write(f'Machine: {machine()}\n')
    missed = []
    for name in args.only:
        sys.stdout.write(f'\n== {name}\n')
        sys.stdout.flush()
        extra = [f'--{o.replace("_", "-")}={getattr(args, o)}' for o in BENCHMARKS[name]]
        process = subprocess.Popen([sys.executable, str(HERE / f'bench_{name}.py'), *extra])
        try:
            code = process.wait()
        except KeyboardInterrupt:  # which it has got, too
            process.wait()
            return 1
        if code:
            missed.append(name)
    sys.stdout.write(f'\n{"missed: " + ", ".join(missed) if missed else "every figure reached"}\n')
    return bool(missed)


if __name__ == '__main__':
    sys.exit(main())
