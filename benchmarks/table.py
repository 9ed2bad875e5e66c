"""The report of many trials: success beside the paper's, times, and failures by code."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from statistics import median

from cell import Plan
from figures import first_motions, PAPER, Row, rows_of, wilson
import numpy as np
from trial import code_name, Result

APART = 0.05  # that the robots' shares of success may be
ALIKE = 0.95  # of the scenes that must end over ROS as they do by direct calls
SEEDS = 12  # that are named of each code

HEADER = (
    *('robot', 'task', 'success', '95 %', 'needed', 'paper', 'others moved', 'verified rightly'),
    *('first motion p50', 'the same without ROS', 'robot time p50 / longest'),
    'planning p50 / p95',
)


def report(backend: str, direct: Sequence[Result], ros: Sequence[Result]) -> list[str]:
    """Print all figures; return those that are missed."""
    rows = rows_of(backend, direct, ros)
    print(f'\n{markdown(HEADER, [_line(row) for row in rows])}\n')
    missed = [text for row in rows for text in row.missed()]
    missed += _between_robots(rows)
    missed += _alike(direct, ros)
    print(_stages(direct))
    print(_faults(rows))
    return missed


def markdown(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return a table, its columns as wide as what they hold."""
    widths = [max(map(len, column)) for column in zip(header, *lines, strict=True)]
    lines = [header, ['-' * width for width in widths], *lines]
    return '\n'.join(f'| {" | ".join(map(str.ljust, line, widths))} |' for line in lines)


def _line(row: Row) -> tuple[str, ...]:
    low, high = wilson(row.successes, len(row.judged))
    paper = PAPER.get((row.robot, row.task))
    unknown = f', {row.unknown} unknown' if row.unknown else ''
    motion = f'{median(row.motion_s):.1f} / {max(row.motion_s):.1f} s' if row.motion_s else '-'
    return (
        row.robot,
        row.task,
        f'{row.successes} of {len(row.judged)}',
        f'{low:.0%} to {high:.0%}',
        f'{row.needed:.0%}',
        f'{paper} %' if paper else '-',
        str(row.others_moved),
        f'{sum(row.told)} of {len(row.told)}{unknown}',
        _ms(first_motions(row.ros), 0.5),
        _ms(first_motions(row.direct), 0.5),
        motion,
        _ms(row.planning_s, 0.5, 0.95),
    )


def _ms(times_s: Sequence[float], *quantiles: float) -> str:
    """Return quantiles of times [s] in milliseconds."""
    if not times_s:
        return '-'
    return ' / '.join(f'{1000 * q:.0f}' for q in np.quantile(times_s, quantiles)) + ' ms'


def _between_robots(rows: Sequence[Row]) -> list[str]:
    """Print how far the robots are apart; return where that is too far."""
    shares: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        shares[row.task].append(row.share)
    apart = {task: max(found) - min(found) for task, found in shares.items() if len(found) > 1}
    if apart:
        points = ', '.join(f'{task} {100 * gap:.0f}' for task, gap in apart.items())
        print(f'Points between the robots (at most {100 * APART:.0f}): {points}')
    return [
        f'{task}: {100 * gap:.0f} points between the robots (needed: {100 * APART:.0f})'
        for task, gap in apart.items()
        if gap > APART + 1e-9
    ]


def _alike(direct: Sequence[Result], ros: Sequence[Result]) -> list[str]:
    """Print whether the same scenes end alike in both kinds of cell; return what is missed."""
    by_trial = {result.trial: result for result in direct}
    pairs = [(by_trial[r.trial], r) for r in ros if r.trial in by_trial]
    if not pairs:
        return []
    other = [(d, r) for d, r in pairs if (d.code, d.success) != (r.code, r.success)]
    count = f'{len(pairs) - len(other)} of {len(pairs)}'
    print(f'The same scenes over ROS: {count} end with the same code and verdict')
    times = {
        'in motion': [(d.motion_s, r.motion_s) for d, r in pairs],
        'planned': [(d.planning_s, r.planning_s) for d, r in pairs],
    }
    for what, both in times.items():
        ratios = [over_ros / by_call for by_call, over_ros in both if by_call and over_ros]
        if ratios:
            print(f'  {what} {median(ratios):.2f} times as long over ROS (median)')
    for by_call, over_ros in other:
        print(f'  {by_call.trial}\n    directly: {by_call.why}\n    over ROS: {over_ros.why}')
    enough = len(other) <= (1 - ALIKE) * len(pairs)
    return [] if enough else [f'alike over ROS: {count} (needed: {ALIKE:.0%})']


def _stages(direct: Sequence[Result]) -> str:
    """Return how long the planning of each stage took, attempts that failed among them."""
    plans: dict[str, dict[str, list[Plan]]] = defaultdict(lambda: defaultdict(list))
    for result in direct:
        for plan in result.plans:
            plans[plan.stage][result.trial.robot].append(plan)
    lines = []
    for stage, by_robot in plans.items():
        for robot, made in by_robot.items():
            found = f'{sum(plan.found for plan in made)} of {len(made)}'
            lines.append((stage, robot, found, _ms([plan.seconds for plan in made], 0.5, 0.95)))
    header = ('stage', 'robot', 'planned', 'planning p50 / p95')
    return f'\n{markdown(header, lines)}\n' if lines else ''


def _faults(rows: Sequence[Row]) -> str:
    """Return how often each fault was seen, failures by their code, and of which seeds."""
    lines = []
    for row in rows:
        for cell, results in (('', row.direct), (' over ROS', row.ros)):
            seeds: dict[str, list[int]] = defaultdict(list)
            for result in results:
                for fault in _faults_of(result):
                    seeds[fault].append(result.trial.seed)
            for fault, its in sorted(seeds.items()):
                named = ', '.join(map(str, its[:SEEDS])) + (', ...' if its[SEEDS:] else '')
                lines.append(f'  {row.robot} {row.task}{cell}: {len(its)} x {fault}: {named}')
    return '\n'.join(['Failures by code, with their seeds:', *lines]) if lines else 'No failures.'


def _faults_of(result: Result) -> Iterator[str]:
    if not result.success:
        yield code_name(result.code) if result.code else 'said to be done, but not so'
    if result.verified_rightly is False:
        yield 'verified wrongly'
    if result.others_moved:
        yield 'others moved'
