"""Seeded tabletop scenes: which things lie where, and how camera, light and table look."""

import itertools
import math

import numpy as np

from vla_r1_sim.clutter import ClutterSpec, UPRIGHT
from vla_r1_sim.containers import ContainerSpec
from vla_r1_sim.instruction import (
    Command,
    mentioned_containers,
    mentioned_objects,
    ObjectQuery,
    read,
)
from vla_r1_sim.layout import (
    can_be_pushed,
    CONTAINER_X,
    CONTAINER_Y,
    Footprint,
    too_close,
    WORKSPACE_X,
    WORKSPACE_Y,
)
from vla_r1_sim.look import DEMO, Look
from vla_r1_sim.reference import target
from vla_r1_sim.scene_spec import CameraSpec, ObjectSpec, SceneSpec
from vla_r1_sim.view import View

_MOST_THINGS = 5
"""Of a scene with containers, which need much room."""
_MOST_DRAWS = 300
"""Of a scene, before what is asked for counts as impossible; mostly one to ten are needed."""
_PUSH_WAY = 0.16
"""How far an object that shall be pushed has a free way [m]."""
_MOST_CLUTTER = 3


def make_scene(
    seed: int, instruction: str = '', *, absent: bool = False, look: Look = DEMO
) -> SceneSpec:
    """Draw a scene; the same arguments give the same scene, bit for bit.

    What is asked for can be done in it, unless the words allow no such scene: "the ball left of
    the ball".

    Args:
        seed: of the random generator.
        instruction: the things that it names are in the scene, each exactly once.
        absent: leave the named objects out instead; named containers stay.
        look: what is drawn from which range.
    """
    rng = np.random.default_rng(seed)
    command = read(instruction)
    for _ in range(_MOST_DRAWS):
        scene = _draw(rng, seed, instruction, command, look, absent=absent)
        if absent or _can_be_done(scene, command):
            break
    return scene


def _draw(
    rng: np.random.Generator,
    seed: int,
    instruction: str,
    command: Command,
    look: Look,
    *,
    absent: bool,
) -> SceneSpec:
    containers = mentioned_containers(instruction)
    queries = _queries(instruction, command)
    kinds = _choose_kinds(rng, look, queries, len(containers), absent)
    placed, objects = _place(rng, look, containers, kinds)
    return SceneSpec(
        seed=seed,
        instruction=instruction,
        objects=objects,
        camera=CameraSpec(
            position=_jitter(rng, look.camera, look.camera_spread),
            target=_jitter(rng, look.target, look.target_spread),
            fovy=math.radians(rng.uniform(*look.fovy)),
        ),
        light_azimuth=float(rng.uniform(*look.light_azimuth)),
        brightness=float(rng.uniform(*look.brightness)),
        wood=int(rng.integers(3)),
        containers=placed,
        surface=look.surfaces[_index(rng, len(look.surfaces))],
        clutter=_scatter(
            rng, look, [*(o.footprint for o in objects), *(c.footprint for c in placed)]
        ),
    )


def _can_be_done(scene: SceneSpec, command: Command) -> bool:
    """Whether a relation singles out one object, and a push has a free way."""
    name = target(scene)
    if command.relation and name is None:
        return False
    if command.direction is None or name is None:
        return True
    things = {item.name: item.footprint for item in scene.things}
    pushed = things.pop(name)
    way = View(scene.camera).table_direction((pushed.x, pushed.y, 0.0), command.direction)
    return can_be_pushed(pushed, way, _PUSH_WAY, list(things.values()))


def _queries(instruction: str, command: Command) -> list[ObjectQuery]:
    """Return a query for each object that must be there, those that leave no choice first.

    Where a relation says which one is meant there is one more object like it to choose from.
    """
    queries = list(dict.fromkeys(mentioned_objects(instruction)))
    by_choice = sorted(queries, key=_choice)
    rival = command.relation and command.relation.kind != 'other' and command.target
    if isinstance(rival, ObjectQuery) and rival in queries and _choice(rival):
        by_choice.append(rival)
    return by_choice


def _choice(query: ObjectQuery) -> int:
    return (query.color, query.shape).count(None)


def _choose_kinds(
    rng: np.random.Generator,
    look: Look,
    queries: list[ObjectQuery],
    n_containers: int,
    absent: bool,
) -> list[tuple[str, str]]:
    """Return different (colour, shape), the named ones among them (or none of them)."""
    others = [k for k in look.kinds if not any(q.fits(*k) for q in queries)]
    named: list[tuple[str, str]] = []
    if not absent:
        for query in queries:
            fitting = [k for k in look.kinds if query.fits(*k) and k not in named]
            named.append(fitting[rng.integers(len(fitting))])
    wanted = int(rng.integers(look.objects[0], look.objects[1] + 1))
    if n_containers:
        wanted = min(wanted, _MOST_THINGS - n_containers)
    n_others = min(len(others), max(0, wanted - len(named)))
    chosen = [others[i] for i in rng.choice(len(others), n_others, replace=False)]
    return named + chosen


def _place(
    rng: np.random.Generator,
    look: Look,
    containers: tuple[str, ...],
    kinds: list[tuple[str, str]],
) -> tuple[tuple[ContainerSpec, ...], tuple[ObjectSpec, ...]]:
    """Give everything a size and a pose so that the gripper has room around each."""
    sizes = [_draw_size(rng, shape) for _, shape in kinds]
    while True:
        placed = [
            ContainerSpec(
                name=name,
                x=float(rng.uniform(*CONTAINER_X)),
                y=float(rng.uniform(*CONTAINER_Y)),
                yaw=float(rng.uniform(-math.pi, math.pi)),
            )
            for name in containers
        ]
        taken = [item.footprint for item in placed]
        if any(too_close(a, b, look.camera) for a, b in itertools.combinations(taken, 2)):
            continue
        objects: list[ObjectSpec] = []
        for (color, shape), size in zip(kinds, sizes, strict=True):
            candidate = ObjectSpec(
                name=f'{color}_{shape}',
                color=color,
                shape=shape,
                size=size,
                x=float(rng.uniform(*WORKSPACE_X)),
                y=float(rng.uniform(*WORKSPACE_Y)),
                yaw=float(rng.uniform(-math.pi, math.pi)),
            )
            if any(too_close(candidate.footprint, other, look.camera) for other in taken):
                break
            objects.append(candidate)
            taken.append(candidate.footprint)
        else:
            return tuple(placed), tuple(objects)


def _draw_size(rng: np.random.Generator, shape: str) -> tuple[float, float, float]:
    """Return half lengths [m]; the narrow side is always under 60 mm, the gripper opens 90 mm."""
    match shape:
        case 'cube':
            half = rng.uniform(0.018, 0.025)
            size = (half, half, half)
        case 'ball':
            half = rng.uniform(0.021, 0.028)
            size = (half, half, half)
        case 'cylinder':
            radius = rng.uniform(0.018, 0.025)
            size = (radius, radius, rng.uniform(0.030, 0.042))
        case _:
            size = tuple(rng.uniform((0.016, 0.040, 0.018), (0.021, 0.050, 0.026)))
    return tuple(float(v) for v in size)  # type: ignore[return-value]


def _scatter(
    rng: np.random.Generator, look: Look, things: list[Footprint]
) -> tuple[ClutterSpec, ...]:
    """Draw up to three pieces of clutter that hide nothing; flat ones may lie under objects."""
    pieces: list[ClutterSpec] = []
    for _ in range(_index(rng, _MOST_CLUTTER + 1) if look.clutter else 0):
        piece = ClutterSpec(
            kind=look.clutter[_index(rng, len(look.clutter))],
            x=float(rng.uniform(0.22, 0.66)),
            y=float(rng.uniform(-0.40, 0.40)),
            yaw=float(rng.uniform(-math.pi, math.pi)),
            grey=float(rng.uniform(0.05, 0.9)),
        )
        taken = [*things, *(p.footprint for p in pieces if p.kind in UPRIGHT)]
        if piece.kind not in UPRIGHT or not any(
            too_close(piece.footprint, other, look.camera) for other in taken
        ):
            pieces.append(piece)
    return tuple(pieces)


def _index(rng: np.random.Generator, count: int) -> int:
    """Draw below `count`; nothing is drawn where there is no choice."""
    return int(rng.integers(count)) if count > 1 else 0


def _jitter(
    rng: np.random.Generator,
    point: tuple[float, float, float],
    spread: tuple[float, float, float],
) -> tuple[float, float, float]:
    x, y, z = (float(v) for v in np.add(point, rng.uniform(np.negative(spread), spread)))
    return x, y, z
