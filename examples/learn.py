"""The whole loop: record, label, learn, measure, swap the model in the running robot, go on.

Example: python examples/learn.py --model nano --scenes 4 --steps 20

A bag of simulated episodes is recorded and turned into a dataset; GRPO goes on from the model with
what the bag says is right; both models are measured on scenes that neither has seen; the robot,
which began with the old one, is given the new one while it runs, and carries out one more
instruction. Everything is left in the folder: bag, dataset, run with its report, table.
"""

import argparse
import math
import os
from pathlib import Path
import shutil
import subprocess
import sys
import time

from guide import Guide, START_S
import rclpy
from simulation import bringup
from vla_r1_core.errors import ReasoningError
from vla_r1_core.prompt import Intent
from vla_r1_perception.model_folder import check_folder
from vla_r1_sim.tasks import sample_task
from vla_r1_training.render import PER_FILE

from vla_r1_msgs.srv import LoadModel

HERE = Path(__file__).parent
PRESET = HERE.parent / 'src/vla_r1_training/config/grpo-nano.yaml'
TASKS = ('pick', 'reach')


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add('--model', default='nano', help='local folder to start from, or nano')
    add('--out', type=Path, default=Path('learn'), help='new folder for everything')
    add('--scenes', type=int, default=4, help='recorded of each of: ' + ', '.join(TASKS))
    add('--steps', type=int, default=20, help='of GRPO')
    add('--measured', type=int, default=250, help='fresh scenes that both models are measured on')
    add('--seed', type=int, default=0, help='of scenes and of the run')
    return parser.parse_args()


def step(title: str, *command: object) -> None:
    """Say what comes, and run it; exit when it fails."""
    print(f'\n== {title}')
    if command:
        start = time.monotonic()
        done = subprocess.run([str(word) for word in command])
        if done.returncode:
            sys.exit(f'"{title}" failed (exit status {done.returncode})')
        print(f'   {time.monotonic() - start:.0f} s')


def swap(guide: Guide, after: Path, seed: int) -> None:
    """Instruct the robot, give it the new model, instruct it again; say which weights answered."""
    client = guide.create_client(LoadModel, 'load_model')
    for number in range(2):
        if number:
            swapped = client.call_async(LoadModel.Request(model=str(after.resolve())))
            rclpy.spin_until_future_complete(guide, swapped, timeout_sec=START_S)
            if not swapped.result().success:
                sys.exit(f'{after} was not loaded: {swapped.result().message}')
            print(f'load_model: weights {swapped.result().weights_sha256[:12]}')
        task = sample_task(seed + number, Intent.PICK)
        guide.lay_out(task.seed, task.instruction, task.absent)
        outcome = guide.instruct(task.instruction)
        result = outcome.error_msg or ('done', 'verified', 'refuted')[outcome.verified]
        answer = guide.answer_of(outcome)
        print(f'{task.instruction} (weights {answer.weights_sha256[:12]}): {result}')


def main() -> int:
    """Go round once."""
    sys.stdout.reconfigure(line_buffering=True)
    args = parse_arguments()
    try:
        start = check_folder(args.model).resolve()
    except ReasoningError as error:
        sys.exit(str(error))
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    shutil.rmtree(args.out, ignore_errors=True)
    args.out.mkdir(parents=True)
    training = ('ros2', 'run', 'vla_r1_training')
    step(
        f'record {args.scenes * len(TASKS)} episodes', sys.executable, HERE / 'record_episodes.py',
        '--out', args.out / 'bag', '--scenes', args.scenes, '--seed', args.seed,
        '--teacher', 'truth', '--tasks', *TASKS,
    )  # fmt: skip
    step('ingest', *training, 'ingest', args.out / 'bag', '--out', args.out / 'dataset')
    step(
        f'{args.steps} steps of GRPO', *training, 'grpo', '--config', PRESET,
        '--model', args.model, '--data', args.out / 'dataset', '--out', args.out / 'run',
        '--scenes', '', '--steps', args.steps, '--seed', args.seed,
    )  # fmt: skip
    after = args.out / 'run' / 'model'
    step(
        'draw fresh scenes', *training, 'render', '--split', 'test',
        '--scenes', math.ceil(args.measured / PER_FILE) * PER_FILE, '--out', args.out / 'scenes',
    )  # fmt: skip
    step(
        'measure both', *training, 'evaluate', '--model', args.model, after, '--split', 'test',
        '--scenes', args.out / 'scenes', '--limit', args.measured,
        '--json', args.out / 'measured.json',
    )  # fmt: skip
    step('swap the model in the running robot')
    log = args.out / 'bringup.log'
    with bringup(log, backend='transformers', model=start):
        rclpy.init()
        guide = Guide()
        guide.wait(guide.runs, START_S)
        swap(guide, after, args.seed + 1000)
        guide.destroy_node()
        rclpy.shutdown()
    print(f'\n{args.out}: bag, dataset, run (report.html), scenes, measured.json')
    return 0


if __name__ == '__main__':
    sys.exit(main())
