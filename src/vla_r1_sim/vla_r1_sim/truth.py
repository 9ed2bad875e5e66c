"""The true answers about a scene: what a model should say, to learn from and to be judged by.

Nothing here is used to answer an instruction. Boxes come from MuJoCo's own picture, traces from
the physics' state through the scene's camera, without the projection that the robot uses.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from vla_r1_core.prompt import Intent
from vla_r1_core.types import Box, Trajectory2D

from vla_r1_sim.containers import ContainerSpec
from vla_r1_sim.detour import shortest_way
from vla_r1_sim.instruction import read
from vla_r1_sim.reference import target
from vla_r1_sim.scene_spec import ObjectSpec, SceneSpec
from vla_r1_sim.view import View
from vla_r1_sim.world import World

TRACE_POINTS = 4
"""Of a trace, as in the paper's answers; more where it turns more often."""
PUSH_LENGTH = 0.10
"""How far an object is pushed [m]."""

_BESIDE = 0.035
"""Between an object and the tool where a push begins [m]."""
_AROUND = 0.02
"""Between the tool's way and the things that it goes around [m]."""


@dataclass(frozen=True)
class Truth:
    """The answers to both tasks; None when there is nothing to say, such as an absent object.

    Attributes:
        name: of the object or container that is meant.
        box: around what is visible of it.
        trace: of the tool.
    """

    name: str | None
    box: Box | None
    trace: Trajectory2D | None


class Situation(Protocol):
    """Where everything is: a `World`, or what a `Studio` shows."""

    @property
    def scene(self) -> SceneSpec:
        """What was set up."""

    def object_position(self, name: str) -> np.ndarray:
        """Return an object's centre, or that of a container's foot, (3,) [m], in base_link."""

    def tool_position(self) -> np.ndarray:
        """Return where the gripper's middle is, (3,) [m], in base_link."""


def truth(world: World, body_ids: np.ndarray) -> Truth:
    """Return the true answers to the instruction of a world's scene, before the robot moves.

    Args:
        world: as the picture shows it.
        body_ids: (height, width), the body id that each pixel of the picture shows.

    Raises:
        ValueError: the camera is on the wrist; traces are stated for the one at the table.
    """
    if world.scene.wrist_camera:
        raise ValueError('traces are stated for the camera at the table; use one there')
    name = target(world.scene)
    if name is None:
        return Truth(None, None, None)
    height, width = body_ids.shape
    view = View(world.scene.camera, width / height)
    return Truth(
        name,
        visible_box(body_ids, world.model.body(name).id),
        true_trace(world, view, world.scene.instruction, name),
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
    return Box.from_corners(left, top, right, bottom)


def true_trace(world: Situation, view: View, instruction: str, name: str) -> Trajectory2D | None:
    """Return the way of the tool in the picture; None where the words do not say where to.

    As the robot reads a trace, a point is where something is seen that the tool passes above: the
    gripper itself at first, then the table, and the middle of the object or of a container.

    Args:
        world: before the robot moves.
        view: of the picture.
        instruction: what is asked for.
        name: of the thing that it means.
    """
    command = read(instruction)
    things = {item.name: item for item in world.scene.things}
    match command.intent:
        case Intent.PICK | Intent.REACH:
            others = [item for item in things.values() if item.name != name]
            way = _reach(world, view, things[name], others)
        case Intent.PUSH if command.direction:
            way = _push(world, view, things[name], command.direction)
        case Intent.PLACE if command.goal:
            ends = [_middle(world, things[name]), _middle(world, things[command.goal])]
            way = view.project(np.array(ends))
        case _:
            return None
    return Trajectory2D(tuple((float(x), float(y)) for x, y in _divide(way, TRACE_POINTS)))


def _reach(
    world: Situation,
    view: View,
    thing: ObjectSpec | ContainerSpec,
    others: list[ObjectSpec | ContainerSpec],
) -> np.ndarray:
    """Return picture points (N, 2) from the tool to a thing, around the others."""
    ends = view.project(np.array([world.tool_position(), _middle(world, thing)]))
    start, goal = (view.place(point, 0.0)[:2] for point in ends)
    discs = [(item.x, item.y, item.footprint.radius + _AROUND) for item in others]
    corners = shortest_way(start, goal, np.array(discs))
    return view.project(np.column_stack([corners, np.zeros(len(corners))]))


def _push(
    world: Situation, view: View, thing: ObjectSpec | ContainerSpec, direction: tuple[float, float]
) -> np.ndarray:
    """Return picture points (2, 2) from beside a thing through its middle."""
    x, y, z = (float(v) for v in _middle(world, thing))
    step = np.append(view.table_direction((x, y, z), direction), 0.0)
    before = thing.footprint.radius + _BESIDE
    return view.project(np.array([(x, y, z) - before * step, (x, y, z) + PUSH_LENGTH * step]))


def _middle(world: Situation, thing: ObjectSpec | ContainerSpec) -> np.ndarray:
    """Return (3,) [m] in base_link: an object's middle, or that of a container's floor."""
    middle = world.object_position(thing.name)
    if isinstance(thing, ContainerSpec):  # its origin is below its floor
        middle[2] += thing.vessel.wall
    return middle


def _divide(corners: np.ndarray, least: int) -> np.ndarray:
    """Divide the pieces of a way (N, 2), the longest first, until it has `least` points."""
    lengths = np.linalg.norm(np.diff(corners, axis=0), axis=1)
    parts = np.ones(len(lengths), int)
    while parts.sum() + 1 < least:
        parts[np.argmax(lengths / parts)] += 1
    points = [
        np.linspace(a, b, n, endpoint=False)
        for a, b, n in zip(corners[:-1], corners[1:], parts, strict=True)
    ]
    return np.vstack([*points, corners[-1:]])
