"""The words that the scripted backend knows, and what they stand for."""

COLORS = {
    'red': ('red', 'crimson', 'scarlet'),
    'orange': ('orange',),
    'yellow': ('yellow', 'golden'),
    'green': ('green', 'lime'),
    'teal': ('teal', 'turquoise', 'cyan'),
    'blue': ('blue', 'navy'),
    'purple': ('purple', 'violet', 'magenta'),
    'pink': ('pink', 'rose'),
}
CONTAINERS = {
    'bowl': ('bowl', 'dish', 'cup'),
    'tray': ('tray', 'plate', 'platter'),
}
SHAPES = {
    'cube': ('cube', 'block', 'dice'),
    'cylinder': ('cylinder', 'can', 'tube', 'tin'),
    'ball': ('ball', 'sphere', 'marble'),
    'box': ('box', 'brick', 'cuboid', 'bar'),
    **CONTAINERS,
}
# One of several, as the camera sees them.
EXTREMES = {
    'leftmost': ('leftmost', 'left'),
    'rightmost': ('rightmost', 'right'),
    'nearest': ('nearest', 'closest', 'front', 'frontmost'),
    'farthest': ('farthest', 'furthest', 'back', 'rearmost'),
    'biggest': ('biggest', 'bigger', 'big', 'largest', 'larger', 'large'),
    'smallest': ('smallest', 'smaller', 'small', 'little', 'tiny'),
}
# What follows an object's name and says where it is: an extreme, or a relation to another object.
TAILS = {
    'leftmost': ('on the left', 'at the left'),
    'rightmost': ('on the right', 'at the right'),
    'nearest': ('in front', 'at the front', 'in the front'),
    'farthest': ('at the back', 'in the back'),
    'left of': ('left of', 'to the left of', 'on the left of', 'left from'),
    'right of': ('right of', 'to the right of', 'on the right of', 'right from'),
    'in front of': ('in front of',),
    'behind': ('behind', 'in back of'),
    'next to': (
        'next to', 'beside', 'near', 'near to', 'close to', 'closest to', 'nearest', 'nearest to',
        'closest',
    ),
    'farthest from': ('farthest from', 'furthest from'),
    'in': ('in', 'inside', 'inside of', 'on', 'on top of', 'out of', 'from', 'off'),
}  # fmt: skip
EXCEPTIONS = ('not', 'other than', 'except', 'except for', 'anything but', 'any but', 'all but')
# They turn the meaning round. What ends in n't does too.
NEGATIONS = (
    'not', 'dont', 'never', 'no', 'nothing', 'nor', 'neither', 'cannot', 'without', 'except',
    'other', 'anything', 'everything', 'all', 'but', 'avoid', 'leave', 'ignore', 'stop', 'keep',
    'instead', 'unless',
)  # fmt: skip
# (x, y) in the picture, y down: forward is towards the camera, which faces the robot.
DIRECTIONS: dict[str, tuple[float, float]] = {
    'left': (-1.0, 0.0),
    'right': (1.0, 0.0),
    **dict.fromkeys(('away', 'back', 'backwards'), (0.0, -1.0)),
    **dict.fromkeys(('closer', 'nearer', 'forward', 'forwards'), (0.0, 1.0)),
}
# How the directions are said; with another word the same one is meant.
WAY_OF = {
    **{f'{said}{way}': way for way in DIRECTIONS for said in ('', 'to the ', 'towards the ')},
    'towards me': 'closer',
    'towards the camera': 'closer',
}
TOWARDS = ('towards', 'toward', 'to', 'against', 'closer to', 'nearer to')
INTO = ('into', 'in', 'inside', 'onto', 'on', 'on top of', 'to', 'over')

DETERMINERS = ('the', 'a', 'an', 'that', 'this', 'any', 'of')
ANY_SHAPE = ('object', 'thing', 'one', 'item')
FILLERS = ('wooden', 'plastic', 'shiny', 'colored', 'coloured', 'hand', 'most')
LINKS = ('that is', "that's", 'which is', 'that lies', 'which lies', 'that stands', 'lying')
# Where all things are, and how all are grasped: says nothing about which one is meant.
NO_PLACE = (
    *(f'{tail} the {table}' for tail in ('on', 'from', 'off') for table in ('table', 'desk')),
    'from above',
)
POLITE = ('can you', 'could you', 'would you', 'will you')  # "can" is no cylinder here
# Begin what corrects or completes what was said before.
CORRECTIONS = (
    'yes', 'no', 'nope', 'wrong', 'wrong one', 'not that one', 'not this one', 'sorry', 'wait',
    'i meant', 'i mean', 'i said', 'rather', 'actually', 'instead', 'and', 'now', 'then', 'please',
    'what about', 'how about',
)  # fmt: skip
# End it.
AFTERTHOUGHTS = ('instead', 'rather', 'please', 'too', 'now', 'then', 'as well')
# May stand between the object and where it shall go.
BETWEEN_CLAUSES = (
    'and', 'then', 'please', 'it', 'down', 'gently', 'carefully', 'slowly', 'put', 'place', 'drop',
    'move', 'bring', 'carry', 'stack', 'now', 'a bit', 'a little', 'straight',
)  # fmt: skip
# Before an object's name, a word that is none of these would change what is meant.
BEFORE = (
    *DETERMINERS, *BETWEEN_CLAUSES, *FILLERS, 'up', 'me', 'at', 'for', 'to', 'over', 'above',
    'towards', 'toward', 'near', 'next',
)  # fmt: skip
# Where these are left over, something was said that was not understood.
MEANINGFUL = (
    'of', 'behind', 'beside', 'near', 'next', 'between', 'in', 'on', 'into', 'onto', 'inside',
    'from', 'under', 'below', 'around', 'with', 'middle', 'center', 'centre', 'twice', 'first',
)  # fmt: skip

COLOR_OF = {word: color for color, words in COLORS.items() for word in words}
SHAPE_OF = {word: shape for shape, words in SHAPES.items() for word in words}
EXTREME_OF = {word: extreme for extreme, words in EXTREMES.items() for word in words}
TAIL_OF = {words: tail for tail, phrases in TAILS.items() for words in phrases}
