"""Success of "pick up ..." over seeded scenes of all shapes, judged by the simulator's physics.

Prints every failure with its code. Example: python benchmarks/bench_demo.py --scenes 40
"""

import argparse
from collections import Counter
from pathlib import Path
from statistics import median
import sys
import tempfile

from cell import running_cell

NEEDED = 0.95
OBJECTS = (
    *('red cube', 'blue cylinder', 'green ball', 'yellow box'),
    *('blue cube', 'red cylinder', 'yellow ball', 'green box'),
)


def main() -> int:
    """Run the scenes; exit status 1 below the needed share."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--scenes', type=int, default=40)
    parser.add_argument('--first-seed', type=int, default=0)
    parser.add_argument('--real-time-factor', type=float, default=1.0)
    args = parser.parse_args()
    log = Path(tempfile.mkstemp(prefix='bench_demo_', suffix='.log')[1])
    lifted, codes, first_motion, touched = 0, Counter(), [], 0
    with running_cell(log, real_time_factor=args.real_time_factor) as cell:
        for seed in range(args.first_seed, args.first_seed + args.scenes):
            instruction = f'pick up the {OBJECTS[seed % len(OBJECTS)]}'
            cell.reset(seed, instruction)
            outcome = cell.ask(instruction)
            success, figures = cell.verdict()
            lifted += success
            codes[outcome.error_code] += 1
            touched += not figures.endswith('none')
            times = {text: at for at, _, text in cell.stages}
            if 'moving above the object' in times:
                first_motion.append(times['moving above the object'] - cell.stages[0][0])
            if not success or outcome.error_code:
                print(f'  seed {seed}, {instruction}: lifted {success}, error '
                      f'{outcome.error_code} {outcome.error_msg}; {figures}')  # fmt: skip
    print(f'lifted {lifted} of {args.scenes} (needed: {NEEDED:.0%})')
    print('outcomes by code: ' + ', '.join(f'{code}: {n}' for code, n in sorted(codes.items())))
    print(f'other objects moved in {touched} scenes')
    if first_motion:
        print(f'instruction to first arm motion: median {median(first_motion):.2f} s')
    print(f'log of bringup: {log}')
    return lifted < NEEDED * args.scenes


if __name__ == '__main__':
    sys.exit(main())
