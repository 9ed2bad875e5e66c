"""Rewards that a program can verify, of many answers at once: what GRPO learns from.

An answer earns the weighted sum of the form and of the one term that its target asks for:

    affordance  (GIoU + 1) / 2 of the box
    trajectory  closeness of the trace, from the ALAF distance D of `vla_r1_core.frechet`
    absence     1 for null where the object is not there; the paper has no such term
    format      1 for the right form

`paper` mode is the published reward (arXiv 2510.01623 and its code): boxes clipped to the image,
1 - min(1, D / 2.43) of the vertices as given, the form paid for any JSON between tags. The divisor
is what D can be at most when lengths differ tenfold: sqrt(2) + angle_weight pi + length_weight
ln 10.

`strict` mode, the default, leaves nothing to gain but by a better answer:

- Only what `vla_r1_core.output.parse` reads earns anything: finite numbers within the image, the
  right kind of answer, the last complete output behind a thought.
- The form is paid for if every tag stands once, in order, around a thought in words
  (`is_canonical`).
- Traces are compared at points at even distances along them, so that neither the number of points
  nor repeated ones matter; the length is that of the whole trace.
- The trace earns exp(-D / trajectory_scale). The published divisor adds up three worst cases that
  never meet: random traces earn 0.5 there, and answers worth telling apart differ by hundredths.
  The exponential uses the whole range and never saturates, and 0.25 is about the D of a trained
  model (0.1 of the image beside the target, some 30 degrees askew), so that the answers of a group
  lie where it is steep.

Functions are pure and linear in the length of a text; RewardFunction can be pickled.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vla_r1_core import published
from vla_r1_core.config import RewardConfig, validate
from vla_r1_core.errors import AnswerError
from vla_r1_core.frechet import alaf_distance
from vla_r1_core.geometry import generalized_iou
from vla_r1_core.output import format as format_answer
from vla_r1_core.output import is_canonical, parse
from vla_r1_core.types import ParsedAnswer, Task

Array = NDArray[np.float64]
_Points = tuple[tuple[float, float], ...]

TERMS = ('affordance', 'trajectory', 'absence', 'format')
_TASKS: dict[str | int | None, Task] = {
    **{task.name.lower(): task for task in (Task.AFFORDANCE, Task.TRAJECTORY)},
    **{task.value: task for task in (Task.AFFORDANCE, Task.TRAJECTORY)},
}
_STRICT = RewardConfig()


@dataclass(frozen=True)
class Rewards:
    """What N answers earn.

    Attributes:
        score: (N,) the weighted sums.
        affordance, trajectory, absence: (N,) raw terms in [0, 1]; 0 where another is asked for.
        format: (N,) 0 or 1.
        asked: N names: 'affordance', 'trajectory' or 'absence'.
    """

    score: Array
    affordance: Array
    trajectory: Array
    absence: Array
    format: Array
    asked: tuple[str, ...]

    def means(self) -> dict[str, float]:
        """Return the mean score, and of each term over the answers it was asked of; never NaN."""
        means = {'score': self.score, 'format': self.format}
        asked = np.array(self.asked)
        for name in TERMS[:3]:
            means[name] = getattr(self, name)[asked == name]
        return {name: float(values.mean()) for name, values in means.items() if values.size}


def grade(
    completions: Sequence[str],
    targets: Sequence[ParsedAnswer],
    config: RewardConfig = _STRICT,
) -> Rewards:
    """Grade N completions against N targets.

    Args:
        completions: the models' whole texts.
        targets: the true answers; their thoughts do not matter. One without box and trace says
            that the object is not there.
        config: mode and weights.

    Raises:
        ValueError: the lists differ in length, a target is no true answer, or a parameter is out
            of its bounds.
    """
    validate(config)
    if len(completions) != len(targets):
        raise ValueError(f'{len(completions)} completions, but {len(targets)} targets')
    strict = config.mode == 'strict'
    terms = {name: np.zeros(len(targets)) for name in TERMS}
    score = np.zeros(len(targets))
    asked, boxes, traces = [], [], []
    for k, (text, target) in enumerate(zip(completions, targets, strict=True)):
        if fault := _fault(target, strict):
            raise ValueError(f'target {k}: {fault}')
        form, answer = _read(text, target.task) if strict else published.read(text)
        terms['format'][k] = form
        if target.absent:
            asked.append('absence')
            terms['absence'][k] = answer is not None and answer.absent
        elif target.box:
            asked.append('affordance')
            if answer and answer.box:
                boxes.append((k, answer.box.corners, target.box.corners))
        elif target.trajectory:
            asked.append('trajectory')
            if answer and answer.trajectory:
                traces.append((k, answer.trajectory.points, target.trajectory.points))
    if boxes:
        at, *pairs = zip(*boxes, strict=True)
        edges = np.array(pairs)
        giou = generalized_iou(*(edges if strict else edges.clip(0.0, 1.0)))
        terms['affordance'][list(at)] = (giou + 1.0) / 2.0
    if traces:
        at, *pairs = zip(*traces, strict=True)
        terms['trajectory'][list(at)] = _closeness(pairs, config)
    for name, values in terms.items():
        score += getattr(config, f'{name}_weight') * values
    return Rewards(score=score, asked=tuple(asked), **terms)


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: str,
    extra_info: Mapping[str, Any] | None = None,
    **parameters: Any,
) -> dict[str, float]:
    """Grade one answer: verl's custom reward function.

    Args:
        data_source: not used.
        solution_str: the completion.
        ground_truth: see `read_target`.
        extra_info: may hold 'mode', and 'task' ('affordance' or 'trajectory'), which a ground
            truth of null needs.
        parameters: fields of RewardConfig; verl passes its `reward_kwargs`.

    Returns:
        `score` and the raw terms, always the same keys; terms that were not asked for are 0, so
        average them by data source.
    """
    extra = extra_info or {}
    config = RewardConfig(**{'mode': extra.get('mode', _STRICT.mode), **parameters})
    target = read_target(ground_truth, extra.get('task'), config.mode)
    rewards = grade([solution_str], [target], config)
    return {name: float(getattr(rewards, name)[0]) for name in ('score', *TERMS)}


@dataclass(frozen=True)
class RewardFunction:
    """TRL's reward function: `GRPOTrainer(reward_funcs=[RewardFunction(config)], ...)`."""

    config: RewardConfig = _STRICT

    @property
    def __name__(self) -> str:  # TRL logs by it
        return f'vla_r1_{self.config.mode}'

    def __call__(
        self,
        completions: Sequence[str | Sequence[Mapping[str, Any]]],
        *,
        ground_truth: Sequence[str],
        task: Sequence[str | int] | None = None,
        log_metric: Callable[[str, float], None] | None = None,
        **columns: Any,
    ) -> list[float]:
        """Return the scores.

        Args:
            completions: texts, or chats whose last message is the answer.
            ground_truth: the dataset's column, see `read_target`.
            task: the dataset's column, if it has one; ground truths of null need it.
            log_metric: TRL's; receives the mean of each raw term.
            columns: TRL's other arguments and the dataset's other columns; not used.
        """
        tasks: Sequence[str | int | None] = task or [None] * len(ground_truth)
        targets = [
            read_target(truth, name, self.config.mode)
            for truth, name in zip(ground_truth, tasks, strict=True)
        ]
        rewards = grade([_text(completion) for completion in completions], targets, self.config)
        if log_metric:
            for name, mean in rewards.means().items():
                log_metric(f'rewards/{name}', mean)
        return [float(score) for score in rewards.score]


@lru_cache(maxsize=4096)  # the answers of a group share their target
def read_target(
    ground_truth: str, task: str | int | None = None, mode: str = 'strict'
) -> ParsedAnswer:
    """Read a true answer.

    Args:
        ground_truth: a whole answer, or just its payload: a box, a trace or null.
        task: 'affordance' or 'trajectory', in any case, or the number in `Task`; None: by payload.
        mode: as in RewardConfig; 'paper' reads as the published code does.

    Raises:
        ValueError: the ground truth cannot be read, or is null and its task not given.
    """
    payload = ground_truth.rpartition('<output>')[2].partition('</output>')[0].strip()
    if mode == 'paper' and payload != 'null':
        answer = published.read(f'<output>{payload}</output>')[1]
        if answer is None:
            raise ValueError(f'{payload[:80]!r} is neither a box nor a trace')
        return answer
    if task is None:
        task = {'{': Task.AFFORDANCE, '[': Task.TRAJECTORY}.get(payload[:1])
    which = _TASKS.get(task.lower() if isinstance(task, str) else task)
    if which is None:
        raise ValueError(f'the task of {payload[:80]!r} is {task}; give one of {list(_TASKS)}')
    try:
        return parse(f'<think>known</think><output>{payload}</output>', which)
    except AnswerError as error:
        raise ValueError(f'{payload[:80]!r} is no true answer: {error}') from error


def _read(text: str, task: Task) -> tuple[bool, ParsedAnswer | None]:
    """Return whether the form is paid for, and the answer if there is one that counts."""
    try:
        answer = parse(text, task)
    except AnswerError:
        return False, None
    return is_canonical(text), answer


def _closeness(pairs: Sequence[Sequence[_Points]], config: RewardConfig) -> Array:
    """Return the trajectory term (N,) of N answers and N targets."""
    strict = config.mode == 'strict'
    traces = [[np.array(points) for points in side] for side in pairs]
    if not strict:
        traces = [[points.clip(0.0, 1.0) for points in side] for side in traces]
    distance = alaf_distance(
        *traces,
        angle_weight=config.angle_weight,
        length_weight=config.length_weight,
        samples=config.trajectory_samples if strict else 0,
    )
    if strict:
        return np.exp(-distance / config.trajectory_scale)
    largest = (
        math.sqrt(2.0) + config.angle_weight * math.pi + config.length_weight * math.log(10.0)
    )
    return 1.0 - np.minimum(distance / largest, 1.0)


@lru_cache(maxsize=4096)
def _fault(target: ParsedAnswer, strict: bool) -> str:
    """Return what is wrong with a target, or nothing."""
    if target.task not in _TASKS.values():
        return f'its task is {target.task.name}, not AFFORDANCE or TRAJECTORY'
    if strict:
        try:
            format_answer(replace(target, thought='known'))
        except ValueError as error:
            return str(error)
    points = target.trajectory.points if target.trajectory else ((0.0, 0.0),)
    numbers = [
        *(target.box.corners if target.box else ()),
        *(n for point in points for n in point),
    ]
    if not points or not all(map(math.isfinite, numbers)):
        return 'it has no points, or numbers that are not finite'
    return ''


def _text(completion: str | Sequence[Mapping[str, Any]]) -> str:
    """Return the text of a completion, the last message's of a chat."""
    if isinstance(completion, str):
        return completion
    content = completion[-1].get('content') if completion else None
    if isinstance(content, str) or not content:
        return content or ''
    return ''.join(part.get('text', '') for part in content)
