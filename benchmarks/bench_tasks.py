"""Success by task and robot over seeded scenes, beside the paper's, judged by the physics.

Every failure is printed with its code and its reason; `failures.png` shows them. Any model is
measured by the same command.

Examples:
    python benchmarks/bench_tasks.py --scenes 100
    python benchmarks/bench_tasks.py --tasks place --robots piper --scenes 10
    python benchmarks/bench_tasks.py --backend transformers --model models/nano
"""

import argparse
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
import sys
import tempfile

from cell import Cell, running_cell
from failures import Failures
import numpy as np

from vla_r1_msgs.msg import Outcome, Reasoning

OBJECTS = (
    *('red cube', 'blue cylinder', 'green ball', 'yellow box'),
    *('blue cube', 'red cylinder', 'yellow ball', 'green box'),
)
SAY = {  # a few ways to ask for each task; scene after scene takes the next
    'pick': ('pick up the {}', 'grasp the {}', 'lift the {}'),
    'reach': ('reach the {}', 'go to the {}'),
    'push': ('push the {} left', 'push the {} right', 'push the {} away'),
    'place': ('put the {} in the bowl', 'place the {} on the tray'),
    'absent': ('pick up the {}', 'push the {} left', 'put the {} in the bowl'),
}
NEEDED = {'pick': 0.97, 'reach': 0.95, 'push': 0.95, 'place': 0.95, 'absent': 1.0}
# Success in simulation as the paper reports it: affordance (pick) and trajectory (place).
PAPER = {
    ('ur5e', 'pick'): 50,
    ('ur5e', 'place'): 60,
    ('piper', 'pick'): 60,
    ('piper', 'place'): 80,
}
FIRST_MOTION_S = 0.150
PICK_S = 12.0
VERIFIED_SHARE = 0.95


@dataclass
class Row:
    """What came of one task on one robot.

    Attributes:
        codes: of the instructions that did not succeed.
        right, wrong: verifications that agree with the physics, and that do not.
        first_motion_s, seconds: [s] without the model's; [s] in motion.
    """

    scenes: int = 0
    successes: int = 0
    touched: int = 0
    codes: Counter = field(default_factory=Counter)
    right: int = 0
    wrong: int = 0
    first_motion_s: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def add(self, cell: Cell, outcome: Outcome, *, success: bool, figures: str) -> None:
        """Count one scene."""
        self.scenes += 1
        self.successes += success
        self.touched += not figures.endswith('none')
        if not success:
            self.codes[outcome.error_code] += 1
        if outcome.verified != Outcome.VERIFICATION_UNKNOWN:
            agrees = (outcome.verified == Outcome.VERIFIED) == success
            self.right, self.wrong = self.right + agrees, self.wrong + (not agrees)
        if cell.first_motion_s is not None:
            self.first_motion_s.append(cell.first_motion_s - cell.model_s)
            self.seconds.append(outcome.execution_time)


def run_task(cell: Cell, task: str, seeds: range, failures: Failures) -> Row:
    """Give one instruction in each scene."""
    row = Row()
    for seed in seeds:
        say = SAY[task][seed // len(OBJECTS) % len(SAY[task])]
        instruction = say.format(OBJECTS[seed % len(OBJECTS)])
        cell.reset(seed, instruction, absent=task == 'absent')
        outcome = cell.ask(instruction)
        if task == 'absent':
            moved = cell.first_motion_s is not None
            success = outcome.error_code == Reasoning.OBJECT_NOT_FOUND and not moved
            figures = 'the arm moved; moved: none' if moved else 'no motion; moved: none'
        else:
            success, figures = cell.verdict()
        row.add(cell, outcome, success=success, figures=figures)
        if not success:
            reason = f'{outcome.error_code} {outcome.error_msg}'.strip()
            sys.stdout.write(f'  seed {seed}, {instruction}: {reason}; {figures}\n')
            failures.add(cell, f'{task} {seed}: {instruction}', f'{reason} {figures}')
        sys.stdout.flush()
    return row


def wilson(successes: int, scenes: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share."""
    z, n = 1.96, scenes
    p = successes / n
    middle, half = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def report(rows: dict[tuple[str, str], Row]) -> bool:
    """Print the table; return whether a figure is missed."""
    missed = False
    sys.stdout.write(
        '\n| robot | task | success | 95 % | needed | paper | others moved | verified rightly '
        '| first motion p50 | in motion p50 |\n' + '|---' * 10 + '|\n'
    )
    for (robot, task), row in rows.items():
        low, high = wilson(row.successes, row.scenes)
        told = row.right + row.wrong
        first = np.median(row.first_motion_s) if row.first_motion_s else np.nan
        seconds = np.median(row.seconds) if row.seconds else np.nan
        paper = PAPER.get((robot, task))
        sys.stdout.write(
            f'| {robot} | {task} | {row.successes} of {row.scenes} | {low:.0%} to {high:.0%} '
            f'| {NEEDED[task]:.0%} | {f"{paper} %" if paper else "-"} | {row.touched} '
            f'| {row.right} of {told} | {1000 * first:.0f} ms | {seconds:.1f} s |\n'
        )
        missed |= row.successes < NEEDED[task] * row.scenes or row.touched > 0
        missed |= bool(told and row.right < VERIFIED_SHARE * told)
        missed |= bool(first > FIRST_MOTION_S) or bool(task == 'pick' and seconds > PICK_S)
        for code, number in sorted(row.codes.items()):
            sys.stdout.write(f'  {robot} {task}: {number} x code {code}\n')
    return missed


def main() -> int:
    """Run every task on every robot; exit status 1 when a figure is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--scenes', type=int, default=100, help='for each task and robot')
    parser.add_argument('--first-seed', type=int, default=1000)
    parser.add_argument('--tasks', nargs='+', choices=tuple(SAY), default=tuple(SAY))
    parser.add_argument(
        '--robots', nargs='+', choices=('ur5e', 'piper'), default=('ur5e', 'piper')
    )
    parser.add_argument('--backend', default='', help='of the reasoner; its default if empty')
    parser.add_argument('--model', default='', help='local folder of a model')
    parser.add_argument('--out', type=Path, default=Path('failures.png'))
    args = parser.parse_args()
    seeds = range(args.first_seed, args.first_seed + args.scenes)
    failures, rows = Failures(), {}
    for robot in args.robots:
        log = Path(tempfile.mkstemp(prefix=f'bench_tasks_{robot}_', suffix='.log')[1])
        sys.stdout.write(f'{robot} (log of bringup: {log})\n')
        chosen = {'backend': args.backend, 'model': args.model}
        with running_cell(log, robot=robot, **{k: v for k, v in chosen.items() if v}) as cell:
            for task in args.tasks:
                rows[robot, task] = run_task(cell, task, seeds, failures)
    missed = report(rows)
    if failures.save(args.out):
        sys.stdout.write(f'the failures in pictures: {args.out}\n')
    return int(missed)


if __name__ == '__main__':
    sys.exit(main())
