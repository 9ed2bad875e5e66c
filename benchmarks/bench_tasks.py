"""Success by task and robot over seeded scenes, beside the paper's, judged by the physics.

Most scenes call the nodes' code directly, which takes a second each; the first few of them are
then repeated with the real processes, for the latency and to see that both end alike. Every
failure is printed with its code and its reason; `log/failures.png` shows them. Any model is
measured by the same command. Ctrl-C ends it with the table of what has been measured so far.

Examples:
    python benchmarks/bench_tasks.py
    python benchmarks/bench_tasks.py --tasks place --robots piper --scenes 10 --ros-scenes 0
    python benchmarks/bench_tasks.py --backend transformers --model nano --json nano.json
"""

import argparse
from collections.abc import Generator
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
import json
from pathlib import Path
import sys

from cell import CellError
from failures import Failures
from machine import machine
from runners import directly, with_ros
from table import report
from tqdm import tqdm
from trial import Result, Trial
from vla_r1_perception.config import ReasonerConfig

LOG = Path(__file__).resolve().parents[1] / 'log'
ROBOTS = ('ur5e', 'piper')
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


def trial_of(robot: str, task: str, seed: int) -> Trial:
    """Return the trial of a seed."""
    say = SAY[task][seed // len(OBJECTS) % len(SAY[task])]
    return Trial(robot, task, seed, say.format(OBJECTS[seed % len(OBJECTS)]))


def measure(
    results: Generator[Result], what: str, total: int, into: list[Result], failures: Failures
) -> None:
    """Take results as they come; tell how far it is, and what fails."""
    seldom = 1 if sys.stderr.isatty() else 30  # [s]
    bar = tqdm(desc=what, total=total, unit='scene', mininterval=seldom, maxinterval=2 * seldom)
    with closing(results), bar as progress:
        for result in results:
            into.append(result)
            failed = sum(not result.success for result in into)
            progress.set_postfix_str(f'{failed} failed', refresh=False)
            progress.update()
            if not result.success:
                progress.write(f'  {result.trial}: {result.why}')
                failures.add(result)


def main() -> int:
    """Run every task on every robot; exit status 1 when a figure is missed."""
    args = arguments()
    seeds = range(args.first_seed, args.first_seed + max(args.scenes, args.ros_scenes))
    # By seed first, so that all tasks have got as far when it is stopped early.
    trials = [trial_of(r, t, seed) for seed in seeds for r in args.robots for t in args.tasks]
    calls = [trial for trial in trials if trial.seed in seeds[: args.scenes]]
    over_ros = [trial for trial in trials if trial.seed in seeds[: args.ros_scenes]]
    over_ros.sort(key=lambda trial: args.robots.index(trial.robot))
    model = {'backend': args.backend, 'model': args.model}
    direct: list[Result] = []
    ros: list[Result] = []
    failures, ended = Failures(), ''
    try:
        if calls:
            its = directly(calls, **model, jobs=args.jobs)
            measure(its, 'directly', len(calls), direct, failures)
        if over_ros:
            measure(with_ros(over_ros, **model), 'over ROS', len(over_ros), ros, failures)
    except KeyboardInterrupt:
        ended = 'stopped'
    except (CellError, BrokenProcessPool) as error:
        ended = f'ended early ({error})'
    missed: list[str] = []
    if direct or ros:
        direct.sort(key=lambda result: calls.index(result.trial))
        missed = report(args.backend or ReasonerConfig().backend, direct, ros)
        print('\n  '.join(['Missed:', *missed]) if missed else 'No figure missed.')
    if failures.save(args.out):
        print(f'Pictures of failures: {args.out}')
    if args.json:
        save(args.json, model, direct, ros)
    if ended:
        print(f'{ended}: {len(direct)} of {len(calls)} scenes directly, '
              f'{len(ros)} of {len(over_ros)} over ROS')  # fmt: skip
    return int(bool(missed or ended))


def save(path: Path, model: dict[str, str], direct: list[Result], ros: list[Result]) -> None:
    """Write all results as JSON, to compare models by."""
    records = {
        **model,
        'machine': machine(),
        'direct': [result.record() for result in direct],
        'ros': [result.record() for result in ros],
    }
    path.write_text(json.dumps(records, indent=1))


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    scenes = 'by direct calls, for each task and robot; needs the move_group of underlay/'
    add('--scenes', type=int, default=100, help=scenes)
    add('--ros-scenes', type=int, default=10, help='with the real processes, likewise')
    add('--first-seed', type=int, default=1000, help='of both')
    add('--tasks', nargs='+', choices=tuple(SAY), default=tuple(SAY))
    add('--robots', nargs='+', choices=ROBOTS, default=ROBOTS)
    add('--backend', default='', help='of the reasoner; its default if empty')
    add('--model', default='', help='local folder of a model, or a name')
    add('--jobs', type=int, default=1, help='processes for the direct calls')
    add('--out', type=Path, default=LOG / 'failures.png', help='for the pictures of failures')
    add('--json', type=Path, help='for all results')
    args = parser.parse_args()
    if args.model and Path(args.model).is_dir():  # the processes may run elsewhere
        args.model = str(Path(args.model).resolve())
    return args


if __name__ == '__main__':
    sys.exit(main())
