"""Record a bag of simulated episodes: new scene, instruction, motion, and again.

Examples:
    python examples/record_episodes.py --out episodes --scenes 3
    python examples/record_episodes.py --out taught --tasks reach push --teacher truth

With `--teacher truth` the robot is given the right answers, as a person who guides it would; else
its own model answers. Every line printed is an instruction, and what became of it.
"""

import argparse
import os
from pathlib import Path
import shutil
import sys

from guide import Guide, START_S
import rclpy
from simulation import bringup
from vla_r1_core.prompt import infer_task, Intent
from vla_r1_sim.tasks import sample_task


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    tasks = [intent.value for intent in Intent]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--out', type=Path, required=True, help='folder of the new bag')
    parser.add_argument('--tasks', nargs='+', default=tasks, choices=tasks)
    parser.add_argument('--scenes', type=int, default=1, help='of each task')
    parser.add_argument('--seed', type=int, default=0, help='of the first scene')
    parser.add_argument('--absent', type=float, default=0.0, help='share of absent objects')
    parser.add_argument('--teacher', default='model', choices=('model', 'truth'))
    parser.add_argument('--robot', default='ur5e', help='ur5e or piper')
    parser.add_argument('--backend', default='scripted', help='scripted, transformers or openai')
    parser.add_argument('--model', default='', help='local model folder for transformers')
    return parser.parse_args()


def main() -> int:
    """Record."""
    sys.stdout.reconfigure(line_buffering=True)
    args = parse_arguments()
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    shutil.rmtree(args.out, ignore_errors=True)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    log = args.out.with_suffix('.log')
    with bringup(log, robot=args.robot, record=args.out, backend=args.backend, model=args.model):
        rclpy.init()
        guide = Guide()
        guide.wait(lambda: guide.runs() and guide.records(), START_S)
        for seed in range(args.seed, args.seed + args.scenes):
            for name in args.tasks:
                task = sample_task(seed, Intent(name), absent_share=args.absent)
                guide.lay_out(task.seed, task.instruction, task.absent)
                if args.teacher == 'truth':
                    outcome = guide.teach(task.instruction, infer_task(task.instruction))
                else:
                    outcome = guide.instruct(task.instruction)
                result = outcome.error_msg or ('done', 'verified', 'refuted')[outcome.verified]
                print(f'{task.instruction}: {result}')
        guide.look()  # the recorder is a little behind: it must have the last outcome, too
        guide.destroy_node()
        rclpy.shutdown()
    print(args.out)
    return 0


if __name__ == '__main__':
    sys.exit(main())
