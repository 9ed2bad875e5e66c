"""Bags to episodes: speed beside a plain loop, memory, and labels by hindsight beside the truth.

A bag of simulated episodes is recorded first: the robot is given the right answers, and what its
motion shows afterwards is compared with what the simulator knows. What is carried is compared with
the trace that the robot followed, because its own model drew that one.

Example: python benchmarks/bench_ingest.py --ros-scenes 3
         python benchmarks/bench_ingest.py --bag taught
"""

import argparse
from collections import defaultdict
from multiprocessing import get_context
from pathlib import Path
import re
from statistics import median
import subprocess
import sys
import tempfile
from time import perf_counter, process_time

from machine import machine
import numpy as np
from rosbags.highlevel import AnyReader
from table import markdown
from vla_r1_core.geometry import box_iou
from vla_r1_core.prompt import infer_intent, Intent
from vla_r1_core.rewards import read_target
from vla_r1_core.types import ParsedAnswer, Task
from vla_r1_training.bags.bag import Bag
from vla_r1_training.bags.episode import Episode
from vla_r1_training.bags.episodes import EpisodeReader
from vla_r1_training.bags.images import read_depth, read_picture
from vla_r1_training.labels.hindsight import hindsight, HindsightError, TASKS

from vla_r1_training.config import EpisodeConfig

ROUNDS = 5
NEEDED_FACTOR, NEEDED_IOU, NEEDED_RMSE = 2.0, 0.7, 0.01
USED = ('CameraInfo', 'Image', 'JointState', 'MarkerArray', 'Outcome', 'Reasoning', 'TFMessage')
RECORD = Path(__file__).resolve().parents[1] / 'examples' / 'record_episodes.py'


def record(folder: Path, robot: str, scenes: int) -> Path:
    """Record episodes of each task and return the bag."""
    bag = folder / robot
    command = [sys.executable, str(RECORD), '--out', str(bag), '--scenes', str(scenes)]
    options = ['--robot', robot, '--seed', '1000', '--teacher', 'truth']
    subprocess.run([*command, *options], check=True, stdout=subprocess.DEVNULL)
    return bag


def plain_loop(bag: Path) -> int:
    """Read as one would first think of: everything by rosbags, images kept until asked for.

    Returns how many answers got their image and depth, decoded and encoded as ours are.
    """
    kept: dict[tuple[bool, int], object] = {}
    transforms, count = [], 0
    with AnyReader([bag]) as reader:
        connections = [
            c
            for c in reader.connections
            if c.msgtype.rpartition('/')[2] in USED and c.topic not in ('/overlay', '/markers')
        ]
        for connection, _, raw in reader.messages(connections):
            message = reader.deserialize(raw, connection.msgtype)
            if connection.msgtype.endswith('/Image'):
                kept['depth' in connection.topic, stamp(message)] = message
            elif connection.msgtype.endswith('/TFMessage'):
                transforms += message.transforms
            elif connection.topic == '/reasoning':
                read_picture(kept[False, stamp(message)], 'png')
                read_depth(kept[True, stamp(message)])
                count += 1
    return count


def stamp(message) -> int:
    return message.header.stamp.sec * 10**9 + message.header.stamp.nanosec


def our_loop(bag: Path) -> int:
    return sum(len(episode.said) for episode in read(bag))


def raw_loop(bag: Path) -> int:
    """Read the bytes and do nothing with them: the limit."""
    for path in bag.iterdir():
        with path.open('rb') as file:
            while file.read(1 << 20):
                pass
    return 0


def read(bag: Path) -> list[Episode]:
    with Bag(bag) as open_bag:
        return list(EpisodeReader(open_bag, EpisodeConfig()).episodes())


def speeds(bag: Path) -> bool:
    """Print the speeds; return whether they are as needed."""
    size = sum(path.stat().st_size for path in bag.iterdir()) / 1e6
    times = defaultdict(list)
    counts = {}
    for _ in range(ROUNDS):
        for loop in (raw_loop, plain_loop, our_loop):
            begin, cpu = perf_counter(), process_time()
            counts[loop] = loop(bag)
            times[loop].append((process_time() - cpu, perf_counter() - begin))
    assert counts[plain_loop] == counts[our_loop] > 0
    cpu, wall = ({k: median(t[i] for t in times[k]) for k in times} for i in (0, 1))
    names = ('raw file', 'plain rosbags loop', 'ours, with audit and tool path')
    lines = [
        (
            name,
            f'{size / cpu[loop]:.0f}',
            f'{size / wall[loop]:.0f}',
            f'{counts[loop] / cpu[loop]:.0f}',
        )
        for name, loop in zip(names, (raw_loop, plain_loop, our_loop), strict=True)
    ]
    factor = cpu[plain_loop] / cpu[our_loop]
    print(markdown(('reading', 'MB/s of CPU', 'MB/s of wall', 'answers/s of CPU'), lines))
    print(f'{factor:.1f} times the plain loop (needed: {NEEDED_FACTOR:g}), of {size:.0f} MB')
    with get_context('spawn').Pool(1) as pool:  # where nothing else has been read yet
        print(f'memory beyond the imports: {pool.apply(memory_mb, (bag,)):.0f} MB')
    return factor >= NEEDED_FACTOR


def memory_mb(bag: Path) -> float:
    """Return the peak memory of reading a bag's episodes one by one."""
    before = peak_mb()
    with Bag(bag) as open_bag:
        for _ in EpisodeReader(open_bag, EpisodeConfig()).episodes():
            pass
    return peak_mb() - before


def peak_mb() -> float:
    status = Path('/proc/self/status').read_text()
    return int(re.search(r'VmHWM:\s+(\d+)', status)[1]) / 1024


def error_of(found: ParsedAnswer, right: ParsedAnswer) -> float:
    """Return the IoU of boxes, or the RMSE of traces at 64 points evenly along them."""
    if found.box and right.box:
        return box_iou(found.box, right.box)
    assert found.trajectory and right.trajectory
    a, b = (evenly(np.array(answer.trajectory.points)) for answer in (found, right))
    return float(np.sqrt(((a - b) ** 2).sum(axis=1).mean()))


def evenly(points: np.ndarray, count: int = 64) -> np.ndarray:
    along = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))]
    return np.column_stack(
        [np.interp(np.linspace(0, along[-1], count), along, points[:, k]) for k in (0, 1)]
    )


def labels(robot: str, bag: Path) -> tuple[list[tuple[str, ...]], bool]:
    """Return lines of a table, and whether the labels are as good as needed."""
    found: dict[tuple[Intent, Task], list[float]] = defaultdict(list)
    none: dict[tuple[Intent, Task], list[str]] = defaultdict(list)
    for episode in read(bag):
        intent = infer_intent(episode.instruction)
        if episode.outcome is None or episode.outcome.error_code:
            continue  # nothing was shown
        truths = {stated.task: stated.payload for stated in episode.stated}
        followed = {said.task: said for said in episode.said}
        for task in TASKS[intent]:
            carried = (intent, task) == (Intent.PLACE, Task.TRAJECTORY)
            right = read_target(followed[task].text if carried else truths[task], task)
            view = followed[task].view if task in followed else episode.view
            try:
                error = error_of(hindsight(episode, task, view), right)
            except HindsightError as reason:
                none[intent, task].append(str(reason))
            else:
                found[intent, task].append(error)
    lines, good = [], True
    for intent, task in sorted({*found, *none}, key=lambda key: (key[1], key[0].value)):
        errors = found[intent, task]
        box = task is Task.AFFORDANCE
        needed = f'>= {NEEDED_IOU}' if box else f'<= {NEEDED_RMSE}'
        middle = median(errors) if errors else float('nan')
        good &= middle >= NEEDED_IOU if box else middle <= NEEDED_RMSE
        worst = (min if box else max)(errors, default=float('nan'))
        what = f'{intent.value}: {"IoU of the box" if box else "RMSE of the trace"}'
        count = f'{len(errors)} of {len(errors) + len(none[intent, task])}'
        lines.append((robot, what, count, f'{middle:.4f}', f'{worst:.4f}', needed))
        for reason in none[intent, task]:
            print(f'  no label: {what}: {reason}')
    return lines, good


def main() -> int:
    """Measure; the exit status is 1 when a figure is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--ros-scenes', type=int, default=10, help='to record, of each task')
    parser.add_argument('--robots', nargs='+', default=['ur5e', 'piper'])
    parser.add_argument('--bag', type=Path, help='that was recorded before')
    args = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        bags = {'': args.bag} if args.bag else {}
        for robot in () if args.bag else args.robots:
            bags[robot] = record(Path(folder), robot, args.ros_scenes)
        lines, good = [], True
        for robot, bag in bags.items():
            more, as_needed = labels(robot, bag)
            lines += more
            good &= as_needed
        header = ('robot', 'label by hindsight', 'episodes', 'median', 'worst', 'needed: median')
        print(markdown(header, lines))
        good &= speeds(next(iter(bags.values())))
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())
