"""The statistics of a LeRobot dataset: of each episode, and of all together."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Stats = dict[str, Array]
"""By name: min, max, mean, std, quantiles; of the shape of one value. And count, (1,)."""

_QUANTILES = {'q01': 0.01, 'q10': 0.10, 'q50': 0.50, 'q90': 0.90, 'q99': 0.99}


def of_values(values: Any) -> Stats:
    """Return the statistics of (N,) or (N, D) numbers."""
    array = np.asarray(values, dtype=np.float64)
    return _stats(array[:, None] if array.ndim == 1 else array, len(array))


def of_pictures(pictures: Sequence[NDArray[np.uint8]]) -> Stats:
    """Return the statistics of colours in [0, 1], each (3, 1, 1); every fourth pixel is looked at.

    Args:
        pictures: each (height, width, 3).
    """
    pixels = np.concatenate([picture[::4, ::4].reshape(-1, 3) for picture in pictures]) / 255.0
    return {
        name: value if name == 'count' else value[:, None, None]
        for name, value in _stats(pixels, len(pictures)).items()
    }


def of_all(parts: Sequence[Stats]) -> Stats:
    """Return the statistics of all episodes from those of each; quantiles are weighted means."""
    weights = np.array([float(part['count'][0]) for part in parts])
    weights /= weights.sum()

    def mean(name: str) -> Array:
        return np.asarray(np.tensordot(weights, np.array([part[name] for part in parts]), 1))

    middle = mean('mean')
    spread = sum(
        w * (part['std'] ** 2 + (part['mean'] - middle) ** 2)
        for w, part in zip(weights, parts, strict=True)
    )
    return {
        'min': np.min([part['min'] for part in parts], axis=0),
        'max': np.max([part['max'] for part in parts], axis=0),
        'mean': middle,
        'std': np.sqrt(spread),
        'count': np.sum([part['count'] for part in parts], axis=0),
        **{name: mean(name) for name in _QUANTILES},
    }


def _stats(values: Array, count: int) -> Stats:
    return {
        'min': values.min(axis=0),
        'max': values.max(axis=0),
        'mean': values.mean(axis=0),
        'std': values.std(axis=0),
        'count': np.array([count]),
        **{name: np.quantile(values, share, axis=0) for name, share in _QUANTILES.items()},
    }
