"""Time from `kill -9` of the planner to the standstill of the arm, at random moments of a pick.

Example: python benchmarks/bench_watchdog.py --count 100
"""

import argparse
import os
from pathlib import Path
import random
import signal
import subprocess
import sys
import tempfile
import time
from typing import Any

from ros_cell import RosCell, running_cell
from standstill import MotionWatch, NEEDED_S, table, WATCH_S

from vla_r1_msgs.action import ExecuteInstruction

INSTRUCTION = 'pick up the red cube'
LATEST_S = 3.5  # after the first movement


def planner_process() -> tuple[int, list[bytes]]:
    """Return the process id and the command line of the planner of this ROS domain."""
    domain = f'ROS_DOMAIN_ID={os.environ["ROS_DOMAIN_ID"]}'.encode()
    for process in Path('/proc').glob('[0-9]*'):
        try:
            command = (process / 'cmdline').read_bytes().rstrip(b'\0').split(b'\0')
            environment = (process / 'environ').read_bytes().split(b'\0')
        except OSError:  # it has ended meanwhile
            continue
        programs = [Path(word.decode()).name for word in command[:2]]
        if 'planner' in programs and domain in environment:
            return int(process.name), command
    raise RuntimeError('no planner runs in this domain')


def send(cell: RosCell) -> Any:
    """Give the instruction until a planner takes it; a dead one is still known for a while."""
    goal = ExecuteInstruction.Goal(instruction=INSTRUCTION)
    while True:
        sent = cell.action.send_goal_async(goal)
        end = time.monotonic() + 2.0
        while not sent.done() and time.monotonic() < end:
            cell.spin_for(0.02)
        if sent.done():
            return sent.result()


def kill_in_motion(cell: RosCell, watch: MotionWatch, delay_s: float) -> tuple[float, float]:
    """Return the time to standstill [s] and the deceleration [rad/s^2] after a kill in motion."""
    process, command = planner_process()
    began = watch.now
    while not watch.moved_for(began):  # a planner that has just started may still lack TF
        finished = send(cell).get_result_async()
        while not watch.moved_for(began) and not finished.done():
            cell.spin_for(0.01)
    cell.spin_for(delay_s)
    since = watch.now
    os.kill(process, signal.SIGKILL)
    cell.spin_for(WATCH_S)
    # A zombie until bringup, or nobody, waits for it.
    subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return watch.moved_for(since), watch.braked(since)


def main() -> int:
    """Kill at random; exit status 1 when the arm stops too late."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--count', type=int, default=10, help='how many kills')
    parser.add_argument('--seed', type=int, default=0, help='of moments and scenes')
    args = parser.parse_args()
    log = Path(tempfile.mkstemp(prefix='bench_watchdog_', suffix='.log')[1])
    rng, stops = random.Random(args.seed), []
    with running_cell(log) as cell:
        watch = MotionWatch(cell)
        try:
            for number in range(args.count):
                cell.reset(args.seed + number, INSTRUCTION)
                stops.append(kill_in_motion(cell, watch, rng.uniform(0.0, LATEST_S)))
                print(f'{1000 * stops[-1][0]:.0f} ms', end=' ', flush=True)
        finally:
            os.kill(planner_process()[0], signal.SIGINT)
    print()
    print(table({'kill -9': stops}))
    print(f'(needed: {1000 * NEEDED_S:.0f} ms; log: {log})')
    return int(max(seconds for seconds, _ in stops) > NEEDED_S)


if __name__ == '__main__':
    sys.exit(main())
