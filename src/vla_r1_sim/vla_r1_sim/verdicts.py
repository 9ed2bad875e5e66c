"""Whether an instruction was carried out, from the state of the physics: never from messages."""

from dataclasses import dataclass
import math

import numpy as np
from vla_r1_core.prompt import Intent

from vla_r1_sim.containers import VESSELS
from vla_r1_sim.instruction import Command, read
from vla_r1_sim.reference import target
from vla_r1_sim.view import View
from vla_r1_sim.world import World

LIFT_HEIGHT = 0.05
"""How far a lifted object's lowest point is above the table [m]."""
MOVED = 0.01
"""An object that moved farther was touched [m]."""
REACHED_BESIDE = 0.06
"""How far beside the middle of a reached thing the tool may be [m]."""
REACHED_ABOVE = 0.20
"""How far above the top of a reached thing the tool may be [m]."""
PUSHED = 0.04
"""How far a pushed object has moved at least [m]."""
PUSHED_STRAIGHT = math.radians(30)
"""How far the way of a pushed object may turn from what was asked, in the picture [rad]."""
ON_TABLE = (-0.003, 0.010)
"""Where the lowest point of an object that stands or lies on the table is [m]."""
AT_REST = 0.01
"""A slower object rests [m/s]."""
CONTAINER_MOVED = 0.02
"""A container that moved as far was not just put into [m]."""

_FINGERS = frozenset({'left_finger', 'right_finger'})


@dataclass(frozen=True)
class Verdict:
    """Whether the task is done, and the figures that say so."""

    success: bool
    message: str


def verdict(world: World) -> Verdict:
    """Return whether what the scene's instruction asks for is so now.

    The message ends with the names of the other things that moved, or 'none'.
    """
    instruction = world.scene.instruction
    command, name = read(instruction), target(world.scene)
    mine: tuple[str, ...] = ()
    match command.intent:
        case _ if name is None:
            what = instruction or 'no instruction'
            result = Verdict(False, f'no single thing in the scene is meant by {what!r}')
        case Intent.PICK:
            result, mine = _lifted(world, name), (name,)
        case Intent.REACH:
            result, mine = _reached(world, name), ()
        case Intent.PUSH:
            result, mine = _pushed(world, name, command), (name,)
        case Intent.PLACE:
            result, mine = _placed(world, name, command.goal), (name, command.goal or '')
    others = touched(world, but=mine)
    spoiled = others and command.intent in (Intent.REACH, Intent.PUSH)
    return Verdict(
        result.success and not spoiled,
        f'{result.message}; others moved: {", ".join(others) or "none"}',
    )


def lifted(world: World, name: str) -> bool:
    """Whether an object is clear of the table and held by both fingers."""
    held = world.touching(name) >= _FINGERS
    return bool(held and world.lowest_point(name) > LIFT_HEIGHT)


def inside(world: World, name: str, container: str) -> bool:
    """Whether an object lies in a container: between its walls, below its rim, on it."""
    vessel, body = VESSELS[container], world.data.body(container)
    offset = world.object_position(name) - body.xpos
    x, y, _ = body.xmat.reshape(3, 3).T @ offset
    contacts = world.touching(name)
    return (
        vessel.encloses(x, y)
        and world.lowest_point(name) < body.xpos[2] + vessel.height
        and container in contacts
        and 'table' not in contacts
    )


def touched(world: World, *, but: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return what is not where it lay at first, objects and containers, `but` excepted."""
    return tuple(
        name for name in world.start_positions if name not in but and _moved(world, name) > MOVED
    )


def _moved(world: World, name: str) -> float:
    return float(np.linalg.norm(world.object_position(name) - world.start_positions[name]))


def _lifted(world: World, name: str) -> Verdict:
    return Verdict(
        lifted(world, name),
        f'{name} is {_mm(world.lowest_point(name))} mm above the table '
        f'(needed: {_mm(LIFT_HEIGHT)}), {_fingers(world, name)} of 2 fingers touch it',
    )


def _reached(world: World, name: str) -> Verdict:
    x, y, z = world.data.body('tcp').xpos - world.object_position(name)
    if name in VESSELS:
        above = z - VESSELS[name].height
    else:  # an object's lowest point is as far below its middle as its top is above
        above = z - (world.object_position(name)[2] - world.lowest_point(name))
    beside = math.hypot(x, y)
    return Verdict(
        beside <= REACHED_BESIDE and 0 <= above <= REACHED_ABOVE and not _fingers(world, name),
        f'the tool is {_mm(beside)} mm beside the middle of {name} '
        f'(at most {_mm(REACHED_BESIDE)}) and {_mm(above)} mm above its top '
        f'(0 to {_mm(REACHED_ABOVE)})',
    )


def _pushed(world: World, name: str, command: Command) -> Verdict:
    start, now = world.start_positions[name], world.object_position(name)
    way = math.hypot(*(now - start)[:2])
    turn = 0.0
    if command.direction and way > 0:
        before, after = View(world.scene.camera, aspect=1.0).project(np.array([start, now]))
        x, y = after - before
        wanted_x, wanted_y = command.direction
        turn = abs(math.atan2(wanted_x * y - wanted_y * x, wanted_x * x + wanted_y * y))
    height = world.lowest_point(name)
    return Verdict(
        way >= PUSHED and turn <= PUSHED_STRAIGHT and ON_TABLE[0] < height < ON_TABLE[1],
        f'{name} moved {_mm(way)} mm (at least {_mm(PUSHED)}), '
        f'{math.degrees(turn):.0f} degrees from the way asked for '
        f'(at most {math.degrees(PUSHED_STRAIGHT):.0f}), {_mm(height)} mm above the table',
    )


def _placed(world: World, name: str, goal: str | None) -> Verdict:
    if goal is None:
        return Verdict(False, f'the instruction names no container to put {name} into')
    within, fingers, speed = inside(world, name, goal), _fingers(world, name), world.speed(name)
    shifted = _moved(world, goal)
    return Verdict(
        within and not fingers and speed < AT_REST and shifted < CONTAINER_MOVED,
        f'{name} is {"" if within else "not "}in the {goal}, {fingers} of 2 fingers touch it, it '
        f'moves at {_mm(speed)} mm/s (less than {_mm(AT_REST)}), the {goal} moved '
        f'{_mm(shifted)} mm (less than {_mm(CONTAINER_MOVED)})',
    )


def _fingers(world: World, name: str) -> int:
    return len(_FINGERS & world.touching(name))


def _mm(metres: float) -> int:
    return round(1000 * metres)
