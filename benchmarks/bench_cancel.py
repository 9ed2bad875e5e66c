"""Time from a cancel to the standstill of arm and fingers, in every stage of a pick."""

import argparse
from pathlib import Path
import random
import sys
import tempfile
import time

from cell import Cell, running_cell
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import JointState

from vla_r1_msgs.msg import Outcome

NEEDED_S = 0.250
STILL = 0.02  # [rad/s] and, for the fingers, [m/s]; the noise of a standing arm is below
WATCH_S = 1.5  # after the cancel: long enough to notice an arm that goes on
STAGES = {
    'reason': 'asking the reasoner',
    'plan': 'planning grasp',
    'open': 'opening the gripper',
    'approach': 'moving above the object',
    'descend': 'descending',
    'grasp': 'closing the gripper',
    'lift': 'holding',
}
INSTRUCTION = 'pick up the red cube'


class MotionWatch:
    """Remembers when a joint last moved [s, steady clock]."""

    def __init__(self, cell: Cell) -> None:
        self.last_moved = 0.0
        cell.create_subscription(JointState, 'joint_states', self._on, qos_profile_sensor_data)

    def _on(self, msg: JointState) -> None:
        if max(abs(velocity) for velocity in msg.velocity) > STILL:
            self.last_moved = time.monotonic()


def stop_in(cell: Cell, watch: MotionWatch, text: str, delay_s: float) -> tuple[float, Outcome]:
    """Cancel delay_s after a stage began; return the time [s] until the last movement."""
    goal = cell.send(INSTRUCTION)
    finished = goal.get_result_async()
    while not any(text in said for _, _, said in cell.stages) and not finished.done():
        cell.spin_for(0.005)
    cell.spin_for(delay_s)
    cancelled = time.monotonic()
    goal.cancel_goal_async()
    cell.spin_for(WATCH_S)
    outcome = cell.result(finished).result.outcome
    return max(0.0, watch.last_moved - cancelled), outcome


def main() -> int:
    """Cancel in every stage; exit status 1 when a stop takes too long or is not reported."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--repeats', type=int, default=3, help='cancels for each stage')
    args = parser.parse_args()
    log = Path(tempfile.mkstemp(prefix='bench_cancel_', suffix='.log')[1])
    rng, missed = random.Random(0), False
    with running_cell(log) as cell:
        watch = MotionWatch(cell)
        for stage, text in STAGES.items():
            times = []
            for repeat in range(args.repeats):
                cell.reset(repeat, INSTRUCTION)
                delay_s = rng.uniform(0.0, 0.02 if stage in ('reason', 'plan') else 0.3)
                seconds, outcome = stop_in(cell, watch, text, delay_s)
                times.append(seconds)
                if outcome.error_code != Outcome.CANCELED:
                    missed = True
                    print(f'  {stage}: ended with {outcome.error_code} {outcome.error_msg}')
            missed |= max(times) > NEEDED_S
            print(f'{stage:9} standstill after {", ".join(f"{1000 * t:.0f}" for t in times)} ms')
    print(f'(needed: {1000 * NEEDED_S:.0f} ms; log of bringup: {log})')
    return int(missed)


if __name__ == '__main__':
    sys.exit(main())
