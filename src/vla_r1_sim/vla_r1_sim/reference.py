"""Which thing in a scene its instruction means, resolved as somebody at the camera would."""

import numpy as np

from vla_r1_sim.instruction import ObjectQuery, read, Relation, Thing
from vla_r1_sim.scene_spec import SceneSpec
from vla_r1_sim.view import View

_CLEARLY = 0.06
"""How far to a side of its anchor the thing meant must lie [picture heights]."""
_OTHER_SIDE = -0.03
"""How far on the other side those that are not meant must lie, at least [picture heights]."""
_RATIO = 1.3
"""By how much the next one must be farther than the nearest; or nearer than the farthest."""


def target(scene: SceneSpec) -> str | None:
    """Return the name of the object or container that the scene's instruction means.

    None when it is not in the scene, or when the words do not single out one.
    """
    command = read(scene.instruction)
    fitting = _fitting(scene, command.target)
    if command.relation is None or len(fitting) < 1:
        return fitting[0] if len(fitting) == 1 else None
    return _related(scene, fitting, command.relation)


def _fitting(scene: SceneSpec, thing: Thing | None) -> list[str]:
    if isinstance(thing, ObjectQuery):
        return [item.name for item in scene.objects if thing.fits(item.color, item.shape)]
    return [item.name for item in scene.containers if item.name == thing]


def _related(scene: SceneSpec, names: list[str], relation: Relation) -> str | None:
    anchors = _fitting(scene, relation.anchor)
    if len(anchors) != 1:
        return None
    rivals = [name for name in names if name != anchors[0]]
    if relation.kind == 'other' or not rivals:
        return rivals[0] if len(rivals) == 1 else None
    spots = {item.name: (item.x, item.y, 0.0) for item in scene.things}
    on_table = np.array([spots[name] for name in rivals]) - spots[anchors[0]]
    view = View(scene.camera, aspect=1.0)  # square: distances in picture heights
    seen = view.project(np.array([spots[name] for name in (*rivals, *anchors)]))
    offsets = seen[:-1] - seen[-1]
    match relation.kind:
        case 'nearest' | 'farthest':
            ways = [np.linalg.norm(on_table, axis=1), np.linalg.norm(offsets, axis=1)]
            chosen = {_extreme(w, farthest=relation.kind == 'farthest') for w in ways}
            best = chosen.pop() if len(chosen) == 1 else None
        case kind:
            towards = {'left': (-1, 0), 'right': (1, 0), 'behind': (0, -1), 'front': (0, 1)}[kind]
            best = _only_one(offsets @ towards)
    return None if best is None else rivals[best]


def _extreme(distances: np.ndarray, *, farthest: bool) -> int | None:
    """Return the index of the clearly smallest or largest of (N,) distances."""
    order = np.argsort(-distances if farthest else distances)
    if len(order) > 1:
        near, far = sorted(distances[order[:2]])
        if far < _RATIO * near:
            return None
    return int(order[0])


def _only_one(sides: np.ndarray) -> int | None:
    """Return the index of the only one of (N,) that is clearly on the positive side."""
    best = int(np.argmax(sides))
    clear = sides[best] > _CLEARLY and np.all(np.delete(sides, best) < _OTHER_SIDE)
    return best if clear else None
