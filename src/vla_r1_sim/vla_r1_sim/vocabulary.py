"""The words of the simulated world: which things there are, and how they look."""

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

CONTAINERS = {
    **dict.fromkeys(('bowl', 'dish', 'cup'), 'bowl'),
    **dict.fromkeys(('tray', 'plate', 'platter'), 'tray'),
}
"""The container that a word means."""

DIRECTIONS: dict[str, tuple[float, float]] = {
    'left': (-1.0, 0.0),
    'right': (1.0, 0.0),
    **dict.fromkeys(('away', 'back', 'backwards'), (0.0, -1.0)),
    **dict.fromkeys(('closer', 'nearer', 'forward', 'forwards'), (0.0, 1.0)),
}
"""Ways to push: (x, y) in the picture, y down; the camera faces the robot."""

_SHAPE = '|'.join([*SHAPES, *SYNONYMS])
_COLOR = '|'.join(COLORS)
MENTION = re.compile(
    rf'\b(?:(?P<color>{_COLOR})\s+)?(?P<shape>{_SHAPE})\b(?!\s+you\b)'  # "can you ..."
    rf'|\b(?P<only_color>{_COLOR})\s+(?:one|object|thing|item)\b',
    re.IGNORECASE,
)
"""Matches one mention of an object in an instruction."""

RELATION = re.compile(
    r'\s+(?:(?:that|which)\s+is\s+)?(?:'
    r'(?P<left>(?:to\s+the\s+|on\s+the\s+)?left\s+of)'
    r'|(?P<right>(?:to\s+the\s+|on\s+the\s+)?right\s+of)'
    r'|(?P<behind>behind)'
    r'|(?P<front>in\s+front\s+of)'
    r'|(?P<nearest>(?:nearest|closest)(?:\s+to)?)'
    r'|(?P<farthest>(?:farthest|furthest)\s+from)'
    r')\s+(?:the\s+)?',
    re.IGNORECASE,
)
"""Matches what stands between two mentions and says where the first one is; as the camera sees."""

BARE_NOUN = re.compile(r'\b(?:object|thing|item)\b', re.IGNORECASE)
"""Matches a mention of an object without colour and shape."""
