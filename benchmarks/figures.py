"""What came of one task on one robot, and what is needed of it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from trial import Result

from vla_r1_msgs.msg import Outcome

_MODEL = {'pick': 0.90, 'reach': 0.85, 'push': 0.85, 'place': 0.80, 'absent': 0.90}
NEEDED = {
    'scripted': {'pick': 0.97, 'reach': 0.95, 'push': 0.95, 'place': 0.95, 'absent': 1.0},
    'transformers': _MODEL,
    'openai': _MODEL,
}
"""Success by backend, task; of a model, the nano model's."""
# Success in simulation as the paper reports it [%]: affordance (pick) and trajectory (place).
PAPER = {
    ('ur5e', 'pick'): 50,
    ('ur5e', 'place'): 60,
    ('piper', 'pick'): 60,
    ('piper', 'place'): 80,
}
FIRST_MOTION_S = 0.150  # median over ROS, without the model's time
PICK_S = 12.0  # of the robot's time
VERIFIED_SHARE = 0.95  # of those that were told VERIFIED or REFUTED


@dataclass(frozen=True)
class Row:
    """The results of one task on one robot, by direct calls and over ROS.

    What is judged are those by direct calls, and those over ROS when there are no others.
    """

    robot: str
    task: str
    needed: float
    direct: Sequence[Result]
    ros: Sequence[Result]

    @property
    def judged(self) -> Sequence[Result]:
        """The results that the figures are of."""
        return self.direct or self.ros

    @property
    def successes(self) -> int:
        """How many trials succeeded."""
        return sum(result.success for result in self.judged)

    @property
    def share(self) -> float:
        """Of the trials that succeeded."""
        return self.successes / len(self.judged)

    @property
    def others_moved(self) -> int:
        """In how many trials anything but the target moved."""
        return sum(result.others_moved for result in self.judged)

    @property
    def told(self) -> list[bool]:
        """Of each trial that the robot says is verified or refuted, whether the physics agrees."""
        found = (result.verified_rightly for result in self.judged)
        return [rightly for rightly in found if rightly is not None]

    @property
    def unknown(self) -> int:
        """How many trials were carried out without the robot's knowing whether they succeeded."""
        carried_out = [result for result in self.judged if result.code == Outcome.NONE]
        return sum(result.verified_rightly is None for result in carried_out)

    @property
    def motion_s(self) -> list[float]:
        """[s] that each success was in motion."""
        return [result.motion_s for result in self.judged if result.success and result.motion_s]

    @property
    def planning_s(self) -> list[float]:
        """[s] that all plans of each trial took."""
        return [sum(p.seconds for p in result.plans) for result in self.judged if result.plans]

    def missed(self) -> Iterator[str]:
        """Yield each figure that is not reached."""
        name = f'{self.robot} {self.task}'
        if self.share < self.needed:
            yield f'{name}: success {self.share:.0%} (needed: {self.needed:.0%})'
        if self.others_moved:
            yield f'{name}: others moved in {self.others_moved} scenes (needed: 0)'
        if self.told and np.mean(self.told) < VERIFIED_SHARE:
            right = np.mean(self.told)
            yield f'{name}: verified rightly {right:.0%} (needed: {VERIFIED_SHARE:.0%})'
        latency_s = first_motions(self.ros)
        if latency_s and np.median(latency_s) > FIRST_MOTION_S:
            yield (
                f'{name}: first motion p50 {1000 * np.median(latency_s):.0f} ms '
                f'(needed: {1000 * FIRST_MOTION_S:.0f} ms)'
            )
        if self.task == 'pick' and max(self.motion_s, default=0.0) > PICK_S:
            yield f'{name}: {max(self.motion_s):.1f} s of robot time (needed: {PICK_S:.0f} s)'


def rows_of(backend: str, direct: Iterable[Result], ros: Iterable[Result]) -> list[Row]:
    """Sort a backend's results by robot and task, in the order of their first ones."""
    rows: dict[tuple[str, str], Row] = {}
    for kind, results in (('direct', direct), ('ros', ros)):
        for result in results:
            key = result.trial.robot, result.trial.task
            row = rows.setdefault(key, Row(*key, NEEDED[backend][key[1]], [], []))
            getattr(row, kind).append(result)
    return list(rows.values())


def first_motions(results: Iterable[Result]) -> list[float]:
    """Return the times to the first motion [s] of the trials in which the robot moved."""
    return [r.first_motion_s for r in results if r.first_motion_s is not None]


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share."""
    z, n = 1.96, trials
    p = successes / n
    middle, half = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)
