"""A recipe that was carried out with several seeds, measured as one."""

from collections.abc import Sequence

import numpy as np

from vla_r1_training.exams.judge import summary, Verdict

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
    for name in Verdict.__dataclass_fields__:
        # What does not apply to a question applies in no run.
        found = [[getattr(v, name) for v in run] for run in runs]
        values = np.array([[float(v) for v in run if v is not None] for run in found])
        models, questions = values.shape
        if not questions:
            continue
        drawn = []
        for _ in range(_DRAWS):
            answers = values[rng.integers(models, size=models)].mean(0)
            drawn.append(answers[rng.integers(questions, size=questions)].mean())
        low, high = np.quantile(drawn, (0.025, 0.975))
        result[name] = (float(values.mean()), float(low), float(high), questions)
    return result
