"""Instructions to ask for, in varied words, seeded; a scene for each comes from `make_scene`.

They say colours, shapes and relations that can be seen in the picture, and nothing else.
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from vla_r1_core.prompt import Intent

from vla_r1_sim.scene import make_scene
from vla_r1_sim.scene_spec import SceneSpec
from vla_r1_sim.vocabulary import COLORS, SHAPES, SYNONYMS


class Style(Enum):
    """How an instruction names its object."""

    PLAIN = 'plain'
    """By colour and shape, in a short command."""
    PARAPHRASE = 'paraphrase'
    """By colour and shape, in other words."""
    RELATION = 'relation'
    """By where it lies, among several that fit the words."""


@dataclass(frozen=True)
class TaskSpec:
    """An instruction and the scene that it is given in.

    Attributes:
        seed: of the scene.
        absent: whether what is named is not there: right is to say so and not to move.
    """

    seed: int
    instruction: str
    intent: Intent
    style: Style
    absent: bool

    def scene(self) -> SceneSpec:
        """Return the scene."""
        return make_scene(self.seed, self.instruction, absent=self.absent)


_SAY = {
    (Intent.PICK, Style.PLAIN): ('pick up {it}', 'grasp {it}', 'lift {it}', 'grab {it}'),
    (Intent.PICK, Style.PARAPHRASE): (
        'Could you pick up {it}?',
        'please take {it} from the table',
        'I would like to have {it}.',
        'get {it} for me',
        'hold {it} up',
        '{it}, please',
    ),
    (Intent.REACH, Style.PLAIN): ('reach {it}', 'go to {it}'),
    (Intent.REACH, Style.PARAPHRASE): (
        'move the gripper to {it}',
        'Please point at {it}.',
        'approach {it} from above',
        'move the arm over {it}',
        'Can you reach for {it}?',
    ),
    (Intent.PUSH, Style.PLAIN): ('push {it} {way}',),
    (Intent.PUSH, Style.PARAPHRASE): (
        'slide {it} {way}, please',
        'Could you shove {it} {way}?',
        'move {it} {way}',
        'nudge {it} a little {way}',
    ),
    (Intent.PLACE, Style.PLAIN): ('put {it} {goal}', 'place {it} {goal}'),
    (Intent.PLACE, Style.PARAPHRASE): (
        'drop {it} {goal}',
        'Could you move {it} {goal}?',
        'pick up {it} and put it {goal}',
        'grab {it}, then place it {goal}',
    ),
}
_WAYS = ('to the left', 'to the right', 'away', 'closer')
_GOALS = {
    'bowl': ('in the bowl', 'into the bowl', 'into the dish'),
    'tray': ('on the tray', 'onto the tray', 'onto the plate'),
}
_SIDES = ('left of', 'to the left of', 'right of', 'to the right of', 'behind', 'in front of')
_DISTANCES = ('nearest to', 'closest to', 'farthest from')
_SYNONYMS = {shape: [shape, *(w for w, s in SYNONYMS.items() if s == shape)] for shape in SHAPES}


def sample_task(
    seed: int, intent: Intent, style: Style | None = None, *, absent_share: float = 0.1
) -> TaskSpec:
    """Draw an instruction; the same arguments give the same one.

    Args:
        seed: of the words and of the scene.
        intent: what is asked for.
        style: how; drawn when None.
        absent_share: of the tasks name an object that is not there; with relations all are.
    """
    rng = np.random.default_rng((seed, list(Intent).index(intent)))
    style = style or list(Style)[rng.integers(len(Style))]
    goal = str(rng.choice(list(_GOALS)))
    it = _object(rng, style, intent, goal)
    say = _SAY[intent, Style.PLAIN if style is Style.RELATION else style]
    instruction = str(rng.choice(say)).format(
        it=it, way=rng.choice(_WAYS), goal=rng.choice(_GOALS[goal])
    )
    absent = bool(rng.random() < absent_share) and style is not Style.RELATION
    return TaskSpec(seed, instruction, intent, style, absent)


def _object(rng: np.random.Generator, style: Style, intent: Intent, goal: str) -> str:
    """Return the words for the object; anchors are not where it shall go."""
    color = rng.choice(list(COLORS))
    shape, other_shape = rng.choice(SHAPES, 2, replace=False)
    if style is Style.PLAIN:
        return f'the {color} {shape}'
    if style is Style.PARAPHRASE:
        return f'the {color} {rng.choice(_SYNONYMS[shape])}'
    side, distance = rng.choice(_SIDES), rng.choice(_DISTANCES)
    containers = [name for name in _GOALS if intent is not Intent.PLACE or name != goal]
    return str(
        rng.choice(
            [
                f'the {shape} {side} the {color} {other_shape}',
                f'the {shape} {distance} the {color} {other_shape}',
                f'the object {distance} the {rng.choice(containers)}',
                f'not the {color} {shape} but the other {shape}',
            ]
        )
    )
