"""Every benchmark in turn; `make bench`. Names the machine; exit status 1 when a figure is missed.

Example: python benchmarks/run.py [--scenes 40] [--only grounding cancel]
"""

import argparse
import os
from pathlib import Path
import platform
import subprocess
import sys

HERE = Path(__file__).parent
# name: arguments, in the order of a request's way through the system
BENCHMARKS = {
    'tf2_lookup': [],
    'reasoner': [],
    'scripted': ['--scenes'],
    'grounding': [],
    'move_group': [],
    'cancel': [],
    'watchdog': [],
    'demo': ['--scenes'],
}


def machine() -> str:
    """Return the processor's name, the number of cores, and the Python version."""
    cpu = platform.processor() or platform.machine()
    for line in Path('/proc/cpuinfo').read_text().splitlines():
        if line.startswith('model name'):
            cpu = line.split(':')[1].strip()
            break
    return f'{cpu}, {os.cpu_count()} cores, Python {platform.python_version()}'


def main() -> int:
    """Run them all, then say which figures were missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--scenes', default='40', help='how many seeded scenes the demo runs')
    parser.add_argument('--only', nargs='+', choices=tuple(BENCHMARKS), default=tuple(BENCHMARKS))
    args = parser.parse_args()
    sys.stdout.write(f'Machine: {machine()}\n')
    missed = []
    for name in args.only:
        sys.stdout.write(f'\n== {name}\n')
        sys.stdout.flush()
        extra = [word for flag in BENCHMARKS[name] for word in (flag, args.scenes)]
        script = HERE / f'bench_{name}.py'
        if subprocess.run([sys.executable, str(script), *extra], check=False).returncode:
            missed.append(name)
    sys.stdout.write(f'\n{"missed: " + ", ".join(missed) if missed else "every figure reached"}\n')
    return bool(missed)


if __name__ == '__main__':
    sys.exit(main())
