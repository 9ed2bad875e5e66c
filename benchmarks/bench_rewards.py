"""Speed of the batched rewards against the plain formula, one pair of traces after the other.

The plain formula is written out below as the paper has it; beside it stands a version that takes
each vertex's tangent and length once, as the published code does. The traces are groups of five
answers about each target. Times are CPU times of one core, medians of alternating rounds.
"""

import argparse
from collections.abc import Callable
from functools import cache
import math
from statistics import median
import sys
from time import process_time

from machine import machine
import numpy as np
from vla_r1_core.config import RewardConfig
from vla_r1_core.frechet import alaf_distance
from vla_r1_core.output import format as format_answer
from vla_r1_core.rewards import grade
from vla_r1_core.types import Box, ParsedAnswer, Task, Trajectory2D

STRICT, PAPER = RewardConfig(), RewardConfig(mode='paper')
GROUP = 5
ROUNDS = 7
# By mode and number of points: how many times as fast as the plain formula.
NEEDED = {('strict', 10): 100, ('strict', 50): 1000, ('paper', 10): 100}
NEEDED_HOSTILE_MS = 50.0
HOSTILE_CHARS = 1_000_000
Trace = list[tuple[float, float]]


def unit(x: float, y: float) -> tuple[float, float]:
    size = math.hypot(x, y)
    return (x / size, y / size) if size > 0.0 else (0.0, 0.0)


def tangent(p: Trace, i: int) -> tuple[float, float]:
    """The normalized sum of the unit vectors from and to the neighbours."""
    steps = [unit(p[k + 1][0] - p[k][0], p[k + 1][1] - p[k][1]) for k in (i - 1, i) if valid(p, k)]
    return unit(sum(x for x, _ in steps), sum(y for _, y in steps))


def valid(p: Trace, k: int) -> bool:
    return 0 <= k < len(p) - 1


def length(p: Trace, i: int) -> float:
    """The distance to the next vertex; the last one takes its predecessor's."""
    i = min(i, len(p) - 2)
    return math.dist(p[i], p[i + 1])


def angle(u: tuple[float, float], v: tuple[float, float]) -> float:
    return math.acos(max(-1.0, min(1.0, u[0] * v[0] + u[1] * v[1])))


def plain(p: Trace, q: Trace, *, vertices_once: bool = False) -> float:
    """Return the ALAF distance by its recursion."""
    tangents, lengths = tangent, length
    if vertices_once:
        tangents, lengths = cache_by_vertex(tangent, p, q), cache_by_vertex(length, p, q)

    @cache
    def couple(i: int, j: int) -> float:
        turn = angle(tangents(p, i), tangents(q, j))
        ratio = abs(math.log(lengths(p, i) / lengths(q, j)))
        cost = math.dist(p[i], q[j]) + 0.25 * turn + 0.10 * ratio
        before = [(i - 1, j), (i - 1, j - 1), (i, j - 1)]
        reached = [couple(a, b) for a, b in before if a >= 0 and b >= 0]
        return max(cost, min(reached)) if reached else cost

    return couple(len(p) - 1, len(q) - 1)


def cache_by_vertex(function: Callable, *traces: Trace) -> Callable:
    values = {id(trace): [function(trace, i) for i in range(len(trace))] for trace in traces}
    return lambda trace, i: values[id(trace)][i]


def traces(points: int, pairs: int, seed: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return answers and targets: Bézier curves, and what a model makes of them."""
    rng = np.random.default_rng(seed)
    t = np.linspace(0.0, 1.0, points)[:, None]
    basis = [(1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3]
    answers, targets = [], []
    for _ in range(pairs // GROUP):
        control = rng.random((4, 2))
        for _ in range(GROUP):
            answer = (control + rng.normal(0.0, 0.05, control.shape)).clip(0.0, 1.0)
            answers.append(sum(b * c for b, c in zip(basis, answer, strict=True)))
            targets.append(sum(b * c for b, c in zip(basis, control, strict=True)))
    return answers, targets


def seconds(function: Callable[[], object]) -> float:
    start = process_time()
    function()
    return process_time() - start


def batched(config: RewardConfig, answers: list, targets: list) -> np.ndarray:
    return alaf_distance(
        answers,
        targets,
        angle_weight=config.angle_weight,
        length_weight=config.length_weight,
        samples=config.trajectory_samples if config.mode == 'strict' else 0,
    )


def against_plain(points: int, pairs: int, seed: int) -> bool:
    """Print the ratios at one number of points; return whether a needed one was missed."""
    answers, targets = traces(points, pairs, seed)
    few = range(0, pairs, pairs // 25)
    lists = [
        ([tuple(point) for point in answers[k].tolist()], [tuple(p) for p in targets[k].tolist()])
        for k in few
    ]
    expected = [plain(p, q) for p, q in lists]
    if np.abs(batched(PAPER, answers, targets)[list(few)] - expected).max() > 1e-8:
        raise AssertionError('the batched distance is not the formula')
    runs = {
        'plain': lambda: [plain(p, q) for p, q in lists],
        'vertices once': lambda: [plain(p, q, vertices_once=True) for p, q in lists],
        PAPER.mode: lambda: batched(PAPER, answers, targets),
        STRICT.mode: lambda: batched(STRICT, answers, targets),
    }
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name, run in runs.items():
            count = pairs if name in (PAPER.mode, STRICT.mode) else len(lists)
            times[name].append(seconds(run) / count)
    each = {name: median(values) for name, values in times.items()}
    print(
        f'{points} points, {pairs} pairs: plain formula {1e3 * each["plain"]:.3f} ms a pair, '
        f'with tangents computed once {1e3 * each["vertices once"]:.3f} ms'
    )
    missed = False
    for mode in (PAPER.mode, STRICT.mode):
        ratio, other = each['plain'] / each[mode], each['vertices once'] / each[mode]
        needed = NEEDED.get((mode, points))
        missed |= bool(needed) and ratio < needed
        bar = f' (needed: {needed})' if needed else ''
        print(
            f'  {mode}: {1e6 * each[mode]:.1f} us a pair, {ratio:.0f} times as fast{bar}, '
            f'{other:.0f} times with tangents computed once'
        )
    return missed


def long_traces(seed: int) -> None:
    """Print the time of 2,000 points against 2,000."""
    answers, targets = traces(2000, 20, seed)
    for config in (PAPER, STRICT):
        took = median(seconds(lambda: batched(config, answers, targets)) for _ in range(3))  # noqa: B023
        print(f'2000 points, {config.mode}: {1e3 * took / len(answers):.2f} ms a pair')


def whole_rewards(seed: int) -> None:
    """Print the time from texts to scores, reading included."""
    answers, targets = traces(10, 2560, seed)
    texts, truths = [], []
    for answer, target in zip(answers, targets, strict=True):
        for into, trace in ((texts, answer), (truths, target)):
            points = Trajectory2D(tuple((x, y) for x, y in trace.round(4).tolist()))
            into.append(ParsedAnswer(Task.TRAJECTORY, 'move ' * 50, trajectory=points))
    texts = [format_answer(text) for text in texts]
    boxes = [format_answer(ParsedAnswer(Task.AFFORDANCE, 'a box', box=Box(0.5, 0.5, 0.1, 0.2)))]
    box = ParsedAnswer(Task.AFFORDANCE, '', box=Box(0.4, 0.5, 0.2, 0.2))
    for config in (PAPER, STRICT):
        traced = median(seconds(lambda: grade(texts, truths, config)) for _ in range(3))  # noqa: B023
        boxed = median(
            seconds(lambda: grade(boxes * 2560, [box] * 2560, config))  # noqa: B023
            for _ in range(3)
        )
        print(
            f'from text to score, {config.mode}: {1e6 * traced / 2560:.0f} us for a trace of 10 '
            f'points, {1e6 * boxed / 2560:.0f} us for a box'
        )


def hostile_texts() -> dict[str, str]:
    n, think = HOSTILE_CHARS, '<think>a</think>'
    texts = {
        'spaces in an unclosed output': f'{think}<output>{" " * n}',
        'thoughts': '<think>' * (n // 7),
        'outputs': think + '<output>' * (n // 8),
        'empty outputs': think + '<output></output>' * (n // 17),
        'closed outputs': think + '</output>' * (n // 9),
        'brackets': f'{think}<output>{"[" * n}</output>',
        'digits': f'{think}<output>[[{"9" * n}</output>',
        'no words': f'<think>{"." * n}</think><output>null</output>',
        'the longest trace that is read': f'{think}<output>[{"[0,1]," * 10_000}[1,0]]</output>',
        'the longest trace of paper mode': f'{think}<output>[{"[0,1]," * 2_990}[1,0]]</output>',
    }
    return {name: text.ljust(n) for name, text in texts.items()}


def hostile(seed: int) -> bool:
    """Print the longest time that a megabyte takes; return whether it is too long."""
    target = traces(10, GROUP, seed)[1][0]
    truth = Trajectory2D(tuple((x, y) for x, y in target.tolist()))
    targets = [ParsedAnswer(Task.TRAJECTORY, '', trajectory=truth)]
    missed = False
    for config in (PAPER, STRICT):
        times = {
            name: median(seconds(lambda: grade([text], targets, config)) for _ in range(5))  # noqa: B023
            for name, text in hostile_texts().items()
        }
        worst = max(times, key=times.__getitem__)
        missed |= 1e3 * times[worst] > NEEDED_HOSTILE_MS
        print(
            f'1 MB of hostile text, {config.mode}: at most {1e3 * times[worst]:.0f} ms '
            f'({worst}; needed: {NEEDED_HOSTILE_MS:.0f} ms)'
        )
    return missed


def main() -> int:
    """Print every figure; exit status 1 when one is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--pairs', type=int, default=2560)
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    print(machine())
    missed = [against_plain(points, args.pairs, args.seed) for points in (10, 50)]
    long_traces(args.seed)
    whole_rewards(args.seed)
    missed.append(hostile(args.seed))
    return int(any(missed))


if __name__ == '__main__':
    sys.exit(main())
