"""Questions about a scene and their true answers, drawn by seed."""

from dataclasses import dataclass, replace

import numpy as np
from vla_r1_core.prompt import Intent
from vla_r1_core.types import Task
from vla_r1_sim.instruction import Command, read
from vla_r1_sim.reference import target
from vla_r1_sim.scene import make_scene
from vla_r1_sim.scene_spec import SceneSpec
from vla_r1_sim.studio import Studio
from vla_r1_sim.truth import true_trace
from vla_r1_sim.vocabulary import SHAPES, SYNONYMS

from vla_r1_training.scenes.phrases import DISTANCES, GOALS, OTHER, SIDES, vary, WAYS
from vla_r1_training.scenes.splits import Split

_INTENTS = (Intent.PICK, Intent.REACH, Intent.PUSH, Intent.PLACE)
_SHARES = (0.4, 0.2, 0.15, 0.25)
_WORDS = {
    shape: [shape, shape, *(w for w, s in SYNONYMS.items() if s == shape)] for shape in SHAPES
}
_WAY_NAMES = {(-1.0, 0.0): 'left', (1.0, 0.0): 'right', (0.0, -1.0): 'away', (0.0, 1.0): 'closer'}
_RELATIONS = {
    'left': 'left of', 'right': 'right of', 'behind': 'behind', 'front': 'in front of',
    'nearest': 'nearest to', 'farthest': 'farthest from', 'other': OTHER,
}  # fmt: skip
_PARTLY = 0.15
"""Of the questions that name things: share of those that say colour or shape only."""
_BOXES = 0.5
"""Share of the questions that ask for a box."""


@dataclass(frozen=True)
class Question:
    """An instruction, what is asked of the model, and the truth.

    Attributes:
        request: what is asked for, in few words.
        name: of the thing that is meant, such as 'red_cube'; None when it is not there.
        goal: of the way: a container's name, a direction, or '' for the thing itself.
        trace: (N, 2) in [0, 1] of the picture; empty when a box is asked for.
    """

    instruction: str
    task: Task
    request: str
    name: str | None
    goal: str = ''
    trace: tuple[tuple[float, float], ...] = ()


def draw_scene(split: Split, seed: int, studio: Studio) -> tuple[SceneSpec, list[Question]] | None:
    """Set up a scene in the studio and ask about it; None when this seed gives nothing to ask.

    Everything in the scene is wholly in the picture, and so is every trace.
    """
    rng = np.random.default_rng((seed, 1))
    instruction, absent = _words(rng, split, None), bool(rng.random() < split.absent)
    look = split.looks[rng.integers(len(split.looks))]
    studio.show(make_scene(seed, instruction, absent=absent, look=look))
    scene = studio.scene
    if any(studio.box(item.name) is None for item in scene.things):
        return None
    first = _question(rng, studio, instruction)
    if first is None or (first.name is None) != absent:
        return None
    if split.questions == 1 and not absent and not _is_target(split, scene, first.name):
        return None
    questions = [first]
    for _ in range(20 * split.questions):
        if len(questions) == split.questions:
            break
        question = _question(rng, studio, _words(rng, split, scene))
        if question:
            questions.append(question)
    return scene, questions


def _is_target(split: Split, scene: SceneSpec, name: str | None) -> bool:
    return any((o.color, o.shape) in split.targets for o in scene.objects if o.name == name)


def _question(rng: np.random.Generator, studio: Studio, instruction: str) -> Question | None:
    """Answer an instruction; None when it cannot be, or means more than one thing."""
    command = read(instruction)
    scene = replace(studio.scene, instruction=instruction)
    task = Task.AFFORDANCE if rng.random() < _BOXES else Task.TRAJECTORY
    name = target(scene)
    if name is None:
        # Not singled out is no absence; and what is meant by a place is there.
        fits = [o for o in scene.objects if command.target.fits(o.color, o.shape)]  # type: ignore[union-attr]
        there = bool(fits) or command.relation is not None
        return None if there else Question(instruction, task, _request(command), None)
    if task == Task.AFFORDANCE:
        return Question(instruction, task, _request(command), name)
    if command.goal and command.goal not in {item.name for item in scene.containers}:
        return None
    trace = true_trace(studio, studio.view, instruction, name)
    if trace is None or min(map(min, trace.points)) < 0 or max(map(max, trace.points)) > 1:
        return None
    goal = command.goal or (_WAY_NAMES[command.direction] if command.direction else '')
    return Question(instruction, task, _request(command), name, goal, trace.points)


def _request(command: Command) -> str:
    words = f'{command.intent.value} {command.target}'
    if command.relation is None:
        return words
    return f'{words} {_RELATIONS[command.relation.kind]} {command.relation.anchor}'


def _words(rng: np.random.Generator, split: Split, scene: SceneSpec | None) -> str:
    """Draw an instruction; about things in a scene, mostly, if there is one."""
    intent = _INTENTS[rng.choice(len(_INTENTS), p=_SHARES)]
    containers = list(GOALS) if scene is None else [item.name for item in scene.containers]
    if intent is Intent.PLACE and not containers:
        intent = Intent.PICK
    goal = _pick(rng, containers or GOALS)
    it = _object(rng, split, scene, [c for c in containers if c != goal or intent != Intent.PLACE])
    say = _pick(rng, split.phrases[intent])
    filled = {'it': it, 'way': _pick(rng, WAYS), 'goal': _pick(rng, GOALS[goal])}
    plain = say.format(**filled)
    varied = vary(rng, say).format(**filled) if split.varied else plain
    return varied if read(varied) == read(plain) else plain


def _object(
    rng: np.random.Generator, split: Split, scene: SceneSpec | None, containers: list[str]
) -> str:
    """Return words for an object."""
    kinds = list(split.targets)
    if scene is not None and rng.random() > split.absent:
        kinds = [(o.color, o.shape) for o in scene.objects]
    color, shape = kinds[rng.integers(len(kinds))]
    if rng.random() < split.relations:
        anchor_color, anchor_shape = kinds[rng.integers(len(kinds))]
        anchor = f'{anchor_color} {anchor_shape}'
        forms = [
            f'the {shape} {_pick(rng, SIDES)} the {anchor}',
            f'the {shape} {_pick(rng, DISTANCES)} the {anchor}',
            f'not the {anchor} but the other {anchor_shape}',
        ]
        if containers:
            forms.append(f'the object {_pick(rng, DISTANCES)} the {_pick(rng, containers)}')
        return _pick(rng, forms)
    if scene is not None and rng.random() < _PARTLY:
        return _pick(rng, [f'the {_pick(rng, _WORDS[shape])}', f'the {color} one'])
    return f'the {color} {_pick(rng, _WORDS[shape])}'


def _pick(rng: np.random.Generator, choices: object) -> str:
    options = list(choices)  # type: ignore[call-overload]
    return str(options[rng.integers(len(options))])
