"""What people say to the robot: words that are trained on, and words that are kept for the test.

`{it}` is the object, `{way}` where to push, `{goal}` where to put it. The simulator's reader
understands all of them; a test sees to it.
"""

import numpy as np
from vla_r1_core.prompt import Intent, VERBS

SAID = {
    Intent.PICK: (
        'pick up {it}', 'grasp {it}', 'lift {it}', 'grab {it}', 'take {it}', 'pick {it}',
        'Could you pick up {it}?', 'please take {it} from the table', 'get {it} for me',
        'I would like to have {it}.', 'hold {it} up', '{it}, please', 'Please grab {it}.',
        'lift {it} from the table', 'Now pick up {it}.', 'where is {it}?', 'pick {it} up',
        'show me {it}', 'raise {it}', 'collect {it}', 'give me {it}', 'lift up {it}',
        'take hold of {it}', '{it}', 'get a grip on {it}', 'pinch {it} and lift it',
    ),
    Intent.REACH: (
        'reach {it}', 'go to {it}', 'move the gripper to {it}', 'Please point at {it}.',
        'approach {it} from above', 'move the arm over {it}', 'Can you reach for {it}?',
        'touch {it}', 'Go to {it}, please.', 'reach for {it}', 'go over {it}',
        'move the hand to {it}', 'move above {it}', 'touch {it} from above', 'approach {it}',
        'move the robot to {it}', 'go near {it}',
    ),
    Intent.PUSH: (
        'push {it} {way}', 'slide {it} {way}, please', 'Could you shove {it} {way}?',
        'move {it} {way}', 'nudge {it} a little {way}', 'Push {it} {way}.',
        'please slide {it} {way}', 'push {it} a bit {way}', 'move {it} further {way}',
        'slide {it} along the table {way}', 'shove {it} {way}',
    ),
    Intent.PLACE: (
        'put {it} {goal}', 'place {it} {goal}', 'drop {it} {goal}',
        'Could you move {it} {goal}?', 'pick up {it} and put it {goal}',
        'grab {it}, then place it {goal}', 'Put {it} {goal}, please.', 'please drop {it} {goal}',
        'lift {it} and drop it {goal}', 'take {it} and place it {goal}', 'transfer {it} {goal}',
        'set {it} down, put it {goal}', 'stack {it} {goal}',
    ),
}  # fmt: skip
"""Trained on."""

UNHEARD = {
    Intent.PICK: (
        'fetch {it}', 'I need {it} now', 'Would you kindly lift {it} for us?',
        'robot, grasp {it} carefully', 'find {it} and hold it',
    ),
    Intent.REACH: (
        'bring the tip of the tool to {it}', 'follow the shortest way and touch {it}',
        'Would you go over to {it}?', 'point the arm at {it} now',
    ),
    Intent.PUSH: (
        'drag {it} {way} carefully', 'Would you push {it} some way {way}?',
        'robot, shove {it} {way} now',
    ),
    Intent.PLACE: (
        'carry {it} over and drop it {goal}', 'I need {it} put {goal}',
        'Would you kindly place {it} {goal} now?',
    ),
}  # fmt: skip
"""Never trained on."""

WAYS = ('to the left', 'to the right', 'away', 'closer')
GOALS = {
    'bowl': ('in the bowl', 'into the bowl', 'into the dish'),
    'tray': ('on the tray', 'onto the tray', 'onto the plate'),
}
SIDE_WORDS = {
    'left of': ('left of', 'to the left of'), 'right of': ('right of', 'to the right of'),
    'behind': ('behind',), 'in front of': ('in front of',),
}  # fmt: skip
FARTHEST = 'farthest from'
DISTANCE_WORDS = {'nearest to': ('nearest to', 'closest to'), FARTHEST: (FARTHEST,)}
"""By what a request says: what people say."""
OTHER = 'other than'
"""What a request says of "not the red ball but the other ball"."""
SIDES = tuple(word for words in SIDE_WORDS.values() for word in words)
DISTANCES = tuple(word for words in DISTANCE_WORDS.values() for word in words)

_OPENERS = (
    'please', 'could you', 'can you', 'will you', 'I want you to', 'hey,', 'next,', 'try to',
    'first', 'you should',
)  # fmt: skip
_CLOSERS = (
    ', please', 'quickly', 'gently', 'right away', 'if you can', 'slowly', 'for me', 'again',
    'today',
)  # fmt: skip
_SYLLABLES = tuple(c + v for c in 'bdfgklmnprstvwz' for v in ('a', 'e', 'i', 'o', 'u', 'an', 'er'))
_TOOLS = ('gripper', 'hand', 'arm', 'robot')
_WHERETO = ('to', 'over', 'above', 'near')


def unknown_verbs(rng: np.random.Generator, instruction: str) -> str:
    """Put made-up words where the verbs are: what is wanted then follows from the rest.

    "blicket the cup in the bowl" can only mean to put it there, and so can a verb that no training
    has shown. What goes to a thing is made up, too: "blicket the dax of the wug to the cup" tells
    no more of where the cup lies than "move the hand to the cup".
    """
    words = instruction.split(' ')
    verbs = [word.lower().rstrip(',') in VERBS for word in words]
    said: list[str] = []
    for i, word in enumerate(words):
        if i and verbs[i - 1] and word in _WHERETO and rng.random() < 0.5:
            said += ['the', *_made_up_tool(rng)]
        if i and word in _TOOLS and words[i - 1] == 'the':
            said += _made_up_tool(rng)
        else:
            said.append(_made_up(rng) if verbs[i] else word)
    return ' '.join(said)


def vary(rng: np.random.Generator, say: str) -> str:
    """Say the same with more words around it, some of which mean nothing.

    What is said in the world is full of words that no training has shown; a model that has met
    only the plain phrases takes them for something.
    """
    words = say.split(' ')
    if words[0][0].islower() and rng.random() < 0.4:
        words = [_one(rng, _OPENERS), *words]
    if say[-1] not in '.?!' and not say.endswith('please') and rng.random() < 0.3:
        closer = _one(rng, _CLOSERS)
        words = [*words[:-1], words[-1] + closer] if closer[0] == ',' else [*words, closer]
    for _ in range(rng.choice(3, p=(0.6, 0.25, 0.15))):
        words.insert(rng.integers(len(words) + 1), _made_up(rng))
    text = ' '.join(words)
    return text[0].upper() + text[1:] if rng.random() < 0.2 else text


def _made_up_tool(rng: np.random.Generator) -> list[str]:
    """Return the words of something that can be moved: "dax" or "dax of the wug"."""
    part = [_made_up(rng), 'of', 'the'] if rng.random() < 0.5 else []
    return [*part, _made_up(rng)]


def _made_up(rng: np.random.Generator) -> str:
    return ''.join(_one(rng, _SYLLABLES) for _ in range(rng.integers(1, 4)))


def _one(rng: np.random.Generator, choices: tuple[str, ...]) -> str:
    return choices[rng.integers(len(choices))]
