"""The curves of a run's log."""

from collections.abc import Sequence
import io
import math
from typing import Any

from matplotlib.figure import Figure
import numpy as np
from numpy.typing import NDArray

PANELS = {
    'what an answer earns': ('reward', 'affordance', 'trajectory', 'absence'),
    'share of the answers': ('format', 'cut_off'),
    'KL to the first model': ('kl',),
    'entropy [nat]': ('entropy',),
    'length [tokens]': ('length',),
    'spread within a group': ('spread', 'undecided'),
    'loss': ('loss', 'text', 'hints'),
    'norm of the gradient': ('gradient',),
    'held-back pictures: share': ('valid', 'iou', 'named', 'absent', 'missed'),
    'held-back pictures: distance [1/1000]': ('dfd', 'hd', 'rmse', 'mean'),
}
"""What is drawn together; a panel that the log has nothing for is left out."""
_COLUMNS = 3
_MOST = 300  # points of a curve; of more, neighbours are averaged
_SMOOTH = 0.1  # of the run, what a moving mean is over


def curves(rows: Sequence[dict[str, Any]]) -> bytes:
    """Draw the rows of a `RunLog` as SVG."""
    flat = [{**row, **row.get('watch', {})} for row in rows]
    panels = {
        title: series
        for title, names in PANELS.items()
        if (series := {n: values for n in names if len(values := _series(flat, n))})
    }
    lines = max(1, math.ceil(len(panels) / _COLUMNS))
    figure = Figure(figsize=(4.2 * _COLUMNS, 2.9 * lines), layout='constrained')
    for place, (title, series) in enumerate(panels.items(), 1):
        axes = figure.add_subplot(lines, _COLUMNS, place)
        axes.set_title(title, fontsize=10)
        for name, values in series.items():
            step, value = _thinned(values).T
            (line,) = axes.plot(step, value, alpha=0.3, linewidth=1)
            axes.plot(step, _moving_mean(value), color=line.get_color(), linewidth=2, label=name)
        axes.grid(alpha=0.25)
        axes.tick_params(labelsize=8)
        axes.spines[['top', 'right']].set_visible(False)
        if len(series) > 1:
            axes.legend(fontsize=8, frameon=False)
    file = io.BytesIO()
    figure.savefig(file, format='svg')
    return file.getvalue()


def _series(rows: Sequence[dict[str, Any]], name: str) -> NDArray[np.float64]:
    """Return (N, 2) steps and values; of those rows that have it."""
    return np.array([(row['step'], row[name]) for row in rows if name in row], float)


def _thinned(values: NDArray[np.float64]) -> NDArray[np.float64]:
    parts = np.array_split(values, min(len(values), _MOST))
    return np.array([part.mean(0) for part in parts])


def _moving_mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (N,) means over the neighbours on both sides, of fewer at the ends."""
    reach = int(_SMOOTH * len(values) / 2)
    sums = np.concatenate([[0.0], values.cumsum()])
    at = np.arange(len(values))
    low, high = np.maximum(at - reach, 0), np.minimum(at + reach + 1, len(values))
    means: NDArray[np.float64] = (sums[high] - sums[low]) / (high - low)
    return means
