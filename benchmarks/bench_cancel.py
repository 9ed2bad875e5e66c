"""Time from a cancel to the standstill of arm and fingers, at random moments of every task.

Example: python benchmarks/bench_cancel.py --count 500
"""

import argparse
from collections import defaultdict
from pathlib import Path
import random
import sys
import tempfile
import time

from ros_cell import RosCell, running_cell
from standstill import MotionWatch, NEEDED_S, table, WATCH_S

from vla_r1_msgs.msg import Outcome

INSTRUCTIONS = (
    'pick up the red cube',
    'push the blue cylinder left',
    'put the red cube in the bowl',
    'reach the green ball',
)
MAX_DECELERATION = 12.0  # [rad/s^2]: the limit of 8, and the servos' overshoot at 50 Hz
BRIEF = 0.3  # share of the cancels that fall into the stages before the motion, which are short
BEFORE_MOTION_S = 0.3
OVER = 'over'  # done, or refused, before the cancel


def cancel_at(cell: RosCell, watch: MotionWatch, instruction: str, delay_s: float) -> tuple:
    """Cancel an instruction delay_s [s] after it was sent.

    Returns:
        The stage in which it was, (time to standstill [s], deceleration [rad/s^2]), the outcome.
    """
    goal = cell.send(instruction)
    finished = goal.get_result_async()
    end = time.monotonic() + delay_s
    while time.monotonic() < end and not finished.done():
        cell.spin_for(0.005)
    if finished.done():
        return OVER, (0.0, 0.0), cell.result(finished).result.outcome
    stage = cell.stages[-1][1] if cell.stages else 'reason'
    since = watch.now
    goal.cancel_goal_async()
    cell.spin_for(WATCH_S)
    outcome = cell.result(finished).result.outcome
    return stage, (watch.moved_for(since), watch.braked(since)), outcome


def main() -> int:
    """Cancel at random; exit status 1 when a stop takes too long, is rough or not reported."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--count', type=int, default=24, help='how many cancels')
    parser.add_argument('--seed', type=int, default=0, help='of moments and scenes')
    args = parser.parse_args()
    log = Path(tempfile.mkstemp(prefix='bench_cancel_', suffix='.log')[1])
    rng, missed = random.Random(args.seed), False
    stops = defaultdict(list)
    lasts: dict[str, float] = {}
    with running_cell(log) as cell:
        watch = MotionWatch(cell)
        for number in range(args.count):
            instruction = INSTRUCTIONS[number % len(INSTRUCTIONS)]
            cell.reset(args.seed + number, instruction)
            longest = BEFORE_MOTION_S if rng.random() < BRIEF else lasts.get(instruction, 6.0)
            sent = time.monotonic()
            stage, stop, outcome = cancel_at(cell, watch, instruction, rng.uniform(0.0, longest))
            if stage == OVER:
                lasts[instruction] = 0.9 * (time.monotonic() - sent)
                continue
            stops[stage].append(stop)
            print(f'{stage} {1000 * stop[0]:.0f} ms', end=', ', flush=True)
            if outcome.error_code != Outcome.CANCELED:
                missed = True
                print(f'  {stage}: ended with {outcome.error_code} {outcome.error_msg}')
            missed |= stop[0] > NEEDED_S or stop[1] > MAX_DECELERATION
    print()
    print(table(stops))
    print(f'(needed: {1000 * NEEDED_S:.0f} ms, {MAX_DECELERATION:.0f} rad/s^2; log: {log})')
    return int(missed)


if __name__ == '__main__':
    sys.exit(main())
