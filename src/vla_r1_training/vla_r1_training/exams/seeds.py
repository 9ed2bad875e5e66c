"""A recipe that was carried out with several seeds, measured as one."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vla_r1_training.exams.judge import interval, summary, Verdict

_DRAWS = 1000


def summary_of_seeds(
    runs: Sequence[Sequence[Verdict]], *, seed: int = 0
) -> dict[str, tuple[float, ...]]:
    """Return each measure's (mean, low, high, count) over models that differ in their seeds.

    The 95 % bootstrap interval draws models and questions: where the mean of other seeds on
    other questions would lie. Of one model it is `judge.summary`.

    Args:
        runs: of each model, the verdicts on the same questions in the same order.
        seed: of the bootstrap.
    """
    if len(runs) == 1:
        return summary(runs[0], seed=seed)
    rng = np.random.default_rng(seed)
    result: dict[str, tuple[float, ...]] = {}
    for name, values in _values(runs).items():
        models, questions = values.shape
        drawn = []
        for _ in range(_DRAWS):
            answers = values[rng.integers(models, size=models)].mean(0)
            drawn.append(answers[rng.integers(questions, size=questions)].mean())
        result[name] = (float(values.mean()), *interval(drawn), questions)
    return result


def changes(
    first: Sequence[Sequence[Verdict]], runs: Sequence[Sequence[Verdict]], *, seed: int = 0
) -> dict[str, tuple[float, ...]]:
    """Return each measure's change (mean, low, high, count) against a first recipe.

    It is a share of what the first has: -0.25 is a quarter less. In each draw of the bootstrap
    both have the same questions and, if there are as many of each, the same seeds: the n-th model
    of one belongs to the n-th of the other. So what seeds and questions do to both alike is no
    part of the interval. Measures that are 0 in a draw of the first are left out.

    Args:
        first: of each of its models, the verdicts.
        runs: the other recipe's, on the same questions in the same order.
        seed: of the bootstrap.
    """
    rng = np.random.default_rng(seed)
    result: dict[str, tuple[float, ...]] = {}
    others = _values(runs)
    for name, values in _values(first).items():
        (models, questions), other = values.shape, others[name]
        same, drawn = len(other) == models, []
        for _ in range(_DRAWS):
            mine = rng.integers(models, size=models)
            its = mine if same else rng.integers(len(other), size=len(other))
            asked = rng.integers(questions, size=questions)
            drawn.append((values[mine][:, asked].mean(), other[its][:, asked].mean()))
        was, now = np.array(drawn).T
        if was.min() > 0.0:
            mean = float(other.mean() / values.mean() - 1.0)
            result[name] = (mean, *interval(now / was - 1.0), questions)
    return result


def _values(runs: Sequence[Sequence[Verdict]]) -> dict[str, NDArray[np.float64]]:
    """Return (models, questions) by measure; what applies to no question is left out."""
    result = {}
    for name in Verdict.__dataclass_fields__:
        # What does not apply to a question applies in no run.
        found = [[getattr(v, name) for v in run] for run in runs]
        values = np.array([[float(v) for v in run if v is not None] for run in found])
        if values.size:
            result[name] = values
    return result
