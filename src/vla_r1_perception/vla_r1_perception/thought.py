"""The scripted backend's chain of thought: the paper's four steps for each task, in words."""

from vla_r1_core.prompt import Intent
from vla_r1_core.types import Task, Trajectory2D

from vla_r1_perception.phrase import Command, Phrase
from vla_r1_perception.relations import is_inside
from vla_r1_perception.scene import Point, SeenObject
from vla_r1_perception.vocabulary import CONTAINERS


def affordance(
    instruction: str, command: Command, objects: list[SeenObject], target: SeenObject
) -> list[str]:
    """Return the four steps: parsing, scene, localization, feasibility."""
    left, top, right, bottom = target.box.corners
    return [
        _asks_where_to_grasp(instruction, command),
        f'Scene understanding: {_listing(objects)}',
        f'Affordance localization: {_choice(command.target, target)}the {target.name} reaches '
        f'from x = {left:.3f} to {right:.3f} and from y = {top:.3f} to {bottom:.3f}.',
        f'Feasibility check: {_feasibility(target, objects)}',
    ]


def trajectory(
    instruction: str,
    command: Command,
    objects: list[SeenObject],
    target: SeenObject,
    goal: SeenObject | None,
    gripper: Point | None,
    trace: Trajectory2D,
) -> list[str]:
    """Return the four steps: parsing, object and gripper, scene, trajectory logic."""
    others = [o.name for o in objects if o not in (target, goal)]
    hand = f'at ({gripper[0]:.2f}, {gripper[1]:.2f})' if gripper else 'not in view'
    where_to = f'the {goal.name} is at {goal.where}; ' if goal else ''
    first, last = trace.points[0], trace.points[-1]
    begin, way = _shape_of_trace(command, gripper)
    return [
        _asks_for_a_way(instruction, command),
        f'Object and gripper localization: {_choice(command.target, target)}the {target.name} '
        f'is at {target.where}; {where_to}the gripper is {hand}.',
        f'Scene analysis: {_listing(objects)} '
        + (f'In the way could be: {", ".join(others)}.' if others else 'Nothing is in the way.'),
        f'Trajectory logic: {len(trace.points)} points from ({first[0]:.2f}, {first[1]:.2f}), '
        f'{begin}, to ({last[0]:.2f}, {last[1]:.2f}), {way}.',
    ]


def absence(
    instruction: str, command: Command, task: Task, objects: list[SeenObject], missing: Phrase
) -> list[str]:
    """Return the steps up to the one that finds that something is not there."""
    why = _why_absent(missing, objects)
    if task == Task.AFFORDANCE:
        return [
            _asks_where_to_grasp(instruction, command),
            f'Scene understanding: {_listing(objects)}',
            f'Affordance localization: {why}',
        ]
    return [
        _asks_for_a_way(instruction, command),
        f'Object and gripper localization: {_listing(objects)} {why}',
    ]


def _asks_where_to_grasp(instruction: str, command: Command) -> str:
    return (
        f'Task parsing: {_quoted(instruction)} asks where to grasp; '
        f'the object meant is the {command.target}.'
    )


def _asks_for_a_way(instruction: str, command: Command) -> str:
    match command.intent:
        case Intent.PLACE:
            what = f'carry it to the {command.goal}'
        case Intent.PUSH:
            what = f'push it {command.direction or f"towards the {command.goal}"}'
        case _:
            what = 'reach it'
    return (
        f'Task parsing: {_quoted(instruction)} asks for a way: find the {command.target} '
        f'and {what}.'
    )


def _shape_of_trace(command: Command, gripper: Point | None) -> tuple[str, str]:
    """Say where a trace begins and how it goes on."""
    if command.intent is Intent.PUSH:
        return 'beside the object, on the side away from the push', 'straight along the table'
    if command.intent is Intent.PLACE:
        return 'at the object', 'the middle of the container, around what lies in between'
    begin = 'at the gripper' if gripper else 'at the top of the picture, above the object'
    return begin, 'around what lies in between'


def _quoted(instruction: str) -> str:
    """Quote the user's words so that they cannot pass for the answer's own tags."""
    return '"' + instruction.replace('<', '(') + '"'


def _a(name: str) -> str:
    """Put the article before a name."""
    return f'an {name}' if name.startswith('o') else f'a {name}'


def _listing(objects: list[SeenObject]) -> str:
    """List every object with colour, shape and place."""
    if not objects:
        return 'I see no coloured object.'
    items = '; '.join(f'{_a(o.name)}, {o.where}' for o in objects)
    return f'I see {len(objects)} object{"s" if len(objects) > 1 else ""}: {items}.'


def _choice(phrase: Phrase, target: SeenObject) -> str:
    """Say which object a description by place, size or exclusion means."""
    if not (phrase.extreme or phrase.relation or phrase.excluded):
        return ''
    return f'the {phrase} is the {target.name}; '


def _why_absent(phrase: Phrase, objects: list[SeenObject]) -> str:
    """Say why none of the objects is the one that is meant."""
    color = [o.name for o in objects if o.color == phrase.color]
    shape = [o.name for o in objects if o.shape == phrase.shape]
    near = [f'of this colour: {", ".join(color)}'] if color else []
    near += [f'of this shape: {", ".join(shape)}'] if shape else []
    others = f' What comes closest: {"; ".join(near)}.' if near else ''
    return f'None of them is {_a(str(phrase))}.{others} So the {phrase} is not there.'


def _feasibility(target: SeenObject, objects: list[SeenObject]) -> str:
    left, top, right, bottom = target.box.corners
    holders = [o.name for o in objects if o.shape in CONTAINERS and is_inside(target, o)]
    touching = [
        o.name for o in objects if o is not target and _overlap(o.box.corners, target.box.corners)
    ]
    if min(left, top) <= 0.0 or max(right, bottom) >= 1.0:
        return 'it is cut by the edge of the picture, so the box holds only what is visible.'
    if holders:
        return f'it lies in the {holders[0]}; it can be grasped from above.'
    if touching:
        return f'it stands close to the {", the ".join(touching)}, but it can be seen well enough.'
    return 'it is whole in the picture and stands alone, so it can be grasped.'


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
