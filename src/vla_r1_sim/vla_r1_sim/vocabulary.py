"""The words of the simulated world: which colours and shapes there are, and how they look."""

import re

COLORS: dict[str, tuple[float, float, float]] = {
    'red': (0.80, 0.09, 0.09),
    'green': (0.10, 0.58, 0.20),
    'blue': (0.10, 0.28, 0.78),
    'yellow': (0.95, 0.80, 0.08),
    'orange': (0.95, 0.42, 0.04),
    'purple': (0.46, 0.16, 0.66),
}
"""Linear RGB in [0, 1] by name."""

SHAPES = ('cube', 'cylinder', 'ball', 'box')

SYNONYMS = {'block': 'cube', 'sphere': 'ball', 'can': 'cylinder', 'tube': 'cylinder'}
"""Other words for the shapes."""

_SHAPE = '|'.join([*SHAPES, *SYNONYMS])
_COLOR = '|'.join(COLORS)
MENTION = re.compile(
    rf'\b(?:(?P<color>{_COLOR})\s+)?(?P<shape>{_SHAPE})\b'
    rf'|\b(?P<only_color>{_COLOR})\s+(?:one|object|thing|item)\b',
    re.IGNORECASE,
)
"""Matches one mention of an object in an instruction."""
