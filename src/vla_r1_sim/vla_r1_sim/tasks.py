"""The truth about an instruction, from the state of the physics: never from messages."""

from dataclasses import dataclass
import math

import numpy as np
from vla_r1_core.types import Box

from vla_r1_sim.instruction import mentioned_objects
from vla_r1_sim.scene import SceneSpec
from vla_r1_sim.world import World

LIFT_HEIGHT = 0.05
"""How far a lifted object's lowest point is above the table [m]."""
MOVED = 0.01
"""An object that moved farther was touched [m]."""

_FINGERS = frozenset({'left_finger', 'right_finger'})


@dataclass(frozen=True)
class Verdict:
    """Whether the task is done, and the figures that say so."""

    success: bool
    message: str


def targets(scene: SceneSpec) -> tuple[str, ...]:
    """Return the names of the objects that the scene's instruction means, in its order.

    Objects that are not in the scene are left out.
    """
    return tuple(
        item.name
        for query in mentioned_objects(scene.instruction)
        for item in scene.objects
        if query.fits(item.color, item.shape)
    )


def lifted(world: World, name: str) -> bool:
    """Whether an object is clear of the table and held by both fingers."""
    held = world.touching(name) >= _FINGERS
    return bool(held and world.lowest_point(name) > LIFT_HEIGHT)


def at_goal(world: World, name: str, goal_xy: tuple[float, float], tolerance: float) -> bool:
    """Whether an object's centre is within `tolerance` [m] of a place [m], in base_link."""
    x, y, _ = world.object_position(name)
    return math.hypot(x - goal_xy[0], y - goal_xy[1]) <= tolerance


def touched(world: World, *, but: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the names of the objects that are not where they lay at first, `but` excepted."""
    return tuple(
        name
        for name, start in world.start_positions.items()
        if name not in but and np.linalg.norm(world.object_position(name) - start) > MOVED
    )


def verdict(world: World) -> Verdict:
    """Return whether the object that the scene's instruction names is lifted now."""
    names = targets(world.scene)
    if not names:
        what = world.scene.instruction or 'no instruction'
        return Verdict(False, f'nothing in the scene is named by {what!r}')
    name = names[0]
    height_mm = round(1000 * world.lowest_point(name))
    fingers = len(_FINGERS & world.touching(name))
    others = ', '.join(touched(world, but=(name,))) or 'none'
    return Verdict(
        lifted(world, name),
        f'{name} is {height_mm} mm above the table (needed: {1000 * LIFT_HEIGHT:.0f}), '
        f'{fingers} of 2 fingers touch it; other objects moved: {others}',
    )


def visible_box(body_ids: np.ndarray, body_id: int) -> Box | None:
    """Return the box around an object's visible pixels, or None when it is out of sight.

    Args:
        body_ids: (height, width), the body id that each pixel shows.
        body_id: the object's.
    """
    rows, columns = np.nonzero(body_ids == body_id)
    if not len(rows):
        return None
    height, width = body_ids.shape
    left, right = columns.min() / width, (columns.max() + 1) / width
    top, bottom = rows.min() / height, (rows.max() + 1) / height
    return Box((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)
