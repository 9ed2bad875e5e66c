"""How often the scripted backend finds what is meant, by the simulator's own segmentation.

Each kind of instruction is asked over seeded scenes; right means a box on the very object that is
meant, wrong means another one (or one where there is none), refused means that the backend says
that it cannot tell. Exit status 1 when a figure is missed.

Usage: python benchmarks/bench_scripted.py [--scenes 100] [--seed 50000] [--only plain put ...]
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field
import itertools
import sys

import numpy as np
from vla_r1_core.errors import ReasoningError
from vla_r1_core.geometry import box_iou
from vla_r1_core.output import parse
from vla_r1_core.types import Box, ParsedAnswer, Task
from vla_r1_perception.scripted import ScriptedReasoner
from vla_r1_sim.camera import Camera
from vla_r1_sim.reference import target
from vla_r1_sim.scene import make_scene
from vla_r1_sim.scene_spec import SceneSpec
from vla_r1_sim.truth import visible_box
from vla_r1_sim.view import View
from vla_r1_sim.vocabulary import COLORS, SHAPES
from vla_r1_sim.world import World

SIZE = (640, 480)
FALL_STEPS = 600
RELATIONS = (
    *('left of', 'to the right of', 'behind', 'in front of'),
    *('nearest to', 'closest to', 'farthest from'),
)
ENDS = {
    'leftmost': (-1, 0), 'rightmost': (1, 0), 'nearest': (0, 1), 'farthest': (0, -1),
}  # fmt: skip
CLEAR = 0.04
"""By how much an end lies beyond the next object, or it is not asked for [picture heights]."""
CLEAR_SIZE = 1.15
"""How many times as large as the next one an object is, or its size is not asked for."""
SCENES = ('plain', 'put', 'relation', 'inside', 'beside')
# Of the answers to each kind of question. Sizes are refused where perspective makes them unclear.
NEEDED = {
    'pick': 0.98,
    'end': 0.95,
    'size': 0.3,
    'absent': 0.98,
    'source': 0.98,
    'goal': 0.98,
    'relation': 0.95,
    'pick inside': 0.95,
    'pick beside': 0.95,
    'goal inside': 0.95,
    'goal beside': 0.95,
}
MIN_IOU = 0.5
"""A box that overlaps the object less is wrong."""
GOAL_MM = 15.0
"""How far the end of a trace into a container may be from its middle."""


@dataclass(frozen=True)
class Question:
    """An instruction about a picture and the name of the true answer, None when there is none."""

    kind: str
    instruction: str
    truth: str | None
    task: Task = Task.AFFORDANCE


@dataclass
class Score:
    """What came of one kind of question."""

    asked: int = 0
    right: int = 0
    refused: int = 0
    ious: list[float] = field(default_factory=list)
    goal_mm: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


class Shot:
    """One rendered scene.

    Args:
        scene: what is there.
        dropped: an object that falls at `place` [m], in base_link, before the picture.
    """

    def __init__(
        self, scene: SceneSpec, dropped: str = '', place: tuple[float, float, float] = (0, 0, 0)
    ) -> None:
        self.scene = scene
        self.world = World(scene)
        if dropped:
            joint = self.world.model.joint(self.world.model.body(dropped).jntadr[0])
            self.world.data.qpos[joint.qposadr[0] :][:3] = place
            for _ in range(FALL_STEPS):
                self.world.step()
        with Camera(self.world.model, *SIZE) as camera:
            self.rgb = camera.rgb(self.world.data)
            self.ids = camera.body_ids(self.world.data)

    def box(self, name: str) -> Box | None:
        """Return the true box of what is visible of a thing."""
        return visible_box(self.ids, self.world.model.body(name).id)

    def ask(self, question: Question) -> ParsedAnswer | None:
        """Return the backend's answer, None when it refuses."""
        try:
            answer = ScriptedReasoner().answer(
                self.rgb, question.instruction, question.task, seed=0,
                on_token=lambda *_: None, should_stop=lambda: False,
            )  # fmt: skip
        except ReasoningError:
            return None
        return parse(answer.text, question.task)


def said(name: str) -> str:
    """Return a name as people say it."""
    return name.replace('_', ' ')


def shot_of(scenes: str, seed: int) -> tuple[Shot, list[Question]]:
    """Return one seed's picture with the questions about it."""
    rng = np.random.default_rng(seed)
    thing = f'{rng.choice(list(COLORS))} {rng.choice(SHAPES)}'
    vessel = str(rng.choice(('bowl', 'tray')))
    if scenes == 'plain':
        scene = make_scene(seed)
        return Shot(scene), [*_picks(scene), *_ends(scene), *_sizes(scene), *_absent(scene, rng)]
    if scenes == 'relation':
        shape = rng.choice([s for s in SHAPES if s not in thing])
        words = f'pick up the {shape} {rng.choice(RELATIONS)} the {rng.choice([vessel, thing])}'
        scene = make_scene(seed, words)
        return Shot(scene), [Question('relation', words, target(scene))]
    words, name = f'put the {thing} into the {vessel}', thing.replace(' ', '_')
    scene = make_scene(seed, words)
    source = (words, name, Task.AFFORDANCE)
    goal = (words, vessel, Task.TRAJECTORY)
    if scenes == 'put':
        return Shot(scene), [Question('source', *source), Question('goal', *goal)]
    container = scene.containers[0]
    if scenes == 'inside':
        shot = Shot(scene, name, (container.x, container.y, 0.07))
        picks = [f'pick up the {thing}', f'pick up the {thing.split()[1]} in the {vessel}']
    else:
        turn = rng.uniform(-np.pi, np.pi)
        gap = container.footprint.radius + rng.uniform(0.025, 0.05)
        shot = Shot(
            scene, name, (container.x + gap * np.cos(turn), container.y + gap * np.sin(turn), 0.05)
        )
        picks = [f'pick up the {thing}']
    questions = [Question(f'pick {scenes}', pick, name) for pick in picks]
    return shot, [*questions, Question(f'goal {scenes}', *goal)]


def _picks(scene: SceneSpec) -> Iterator[Question]:
    """Ask for every object by colour and shape."""
    for item in scene.objects:
        yield Question('pick', f'pick up the {said(item.name)}', item.name)


def _absent(scene: SceneSpec, rng: np.random.Generator) -> Iterator[Question]:
    """Ask for an object that is not there, and to put one into a bowl that is not there."""
    here = [item.name for item in scene.objects]
    others = [f'{c} {s}' for c in COLORS for s in SHAPES if f'{c}_{s}' not in here]
    verb, task = [('pick up', Task.AFFORDANCE), ('reach', Task.TRAJECTORY)][rng.integers(2)]
    yield Question('absent', f'{verb} the {rng.choice(others)}', None, task)
    yield Question('absent', f'put the {said(here[0])} in the bowl', None, Task.TRAJECTORY)


def _ends(scene: SceneSpec) -> Iterator[Question]:
    """Ask for the objects at the four ends of the table, where they clearly are."""
    places = np.array([(o.x, o.y, 0.0) for o in scene.objects])
    seen = View(scene.camera, aspect=1.0).project(places)
    for end, way in ENDS.items():
        order = np.argsort(-(seen @ way))
        if np.diff(-(seen @ way)[order])[0] > CLEAR:
            yield Question('end', f'pick up the {end} object', scene.objects[order[0]].name)


def _sizes(scene: SceneSpec) -> Iterator[Question]:
    """Ask for the biggest and smallest of a shape, where they clearly are."""
    for shape in SHAPES:
        same = [o for o in scene.objects if o.shape == shape]
        same.sort(key=lambda o: np.prod(o.size) ** (1 / 3))
        sizes = [np.prod(o.size) ** (1 / 3) for o in same]
        if len(same) > 1 and sizes[-1] > CLEAR_SIZE * sizes[-2]:
            yield Question('size', f'pick up the biggest {shape}', same[-1].name)
        if len(same) > 1 and sizes[1] > CLEAR_SIZE * sizes[0]:
            yield Question('size', f'pick up the smallest {shape}', same[0].name)


def judge(shot: Shot, question: Question, score: Score) -> None:
    """Ask one question and count the answer."""
    score.asked += 1
    answer = shot.ask(question)
    label = f'seed {shot.scene.seed}, {question.instruction!r}'
    if answer is None:
        score.refused += 1
        score.failures.append(f'{label}: refused')
    elif question.truth is None:
        score.right += answer.absent
        if not answer.absent:
            score.failures.append(f'{label}: found, but it is not there')
    elif answer.absent:
        score.failures.append(f'{label}: not found')
    elif answer.box:
        truth = shot.box(question.truth)
        iou = box_iou(answer.box, truth) if truth else 0.0
        score.ious.append(iou)
        score.right += iou > MIN_IOU
        if iou <= MIN_IOU:
            score.failures.append(f'{label}: IoU {iou:.2f}')
    else:
        end = answer.trajectory.points[-1]
        middle = shot.world.object_position(question.truth)
        place = View(shot.scene.camera, SIZE[0] / SIZE[1]).place(np.array(end), 0.005)
        error_mm = 1000 * float(np.linalg.norm((place - middle)[:2]))
        score.goal_mm.append(error_mm)
        score.right += error_mm <= GOAL_MM
        if error_mm > GOAL_MM:
            score.failures.append(f'{label}: ends {error_mm:.0f} mm beside the middle')


def main() -> int:
    """Print a line for each kind of question, then what failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--scenes', type=int, default=100)
    parser.add_argument('--seed', type=int, default=50_000, help='of the first scene')
    parser.add_argument('--only', nargs='+', choices=SCENES, default=SCENES)
    args = parser.parse_args()
    scores: dict[str, Score] = {}
    for scenes, i in itertools.product(args.only, range(args.scenes)):
        shot, questions = shot_of(scenes, args.seed + i)
        for question in questions:
            judge(shot, question, scores.setdefault(question.kind, Score()))
    missed = False
    for kind, score in scores.items():
        missed |= score.right < NEEDED[kind] * score.asked
        line = f'{kind}: {score.right} of {score.asked} right, {score.refused} refused'
        if score.ious:
            p5, p50 = np.percentile(score.ious, [5, 50])
            line += f', IoU p50 {p50:.3f}, p5 {p5:.3f}'
        if score.goal_mm:
            p50, p95 = np.percentile(score.goal_mm, [50, 95])
            line += f', end of the trace beside the middle p50 {p50:.1f} mm, p95 {p95:.1f} mm'
        sys.stdout.write(f'{line} (needed: {NEEDED[kind]:.0%})\n')
        sys.stdout.writelines(f'  {failure}\n' for failure in score.failures)
    return int(missed)


if __name__ == '__main__':
    sys.exit(main())
