"""The scripted backend's chain of thought: the paper's four steps for each task, in words."""

from vla_r1_core.types import Box, Trajectory2D

from vla_r1_perception.scene import SeenObject
from vla_r1_perception.words import Query


def a(name: str) -> str:
    """Put the article before a name."""
    return f'an {name}' if name.startswith('o') else f'a {name}'


def quoted(instruction: str) -> str:
    """Quote the user's words so that they cannot pass for the answer's own tags."""
    return '"' + instruction.replace('<', '(') + '"'


def place(box: Box) -> str:
    """Say where a box is, such as 'front left (0.31, 0.74)'."""
    row = 'back' if box.y < 1 / 3 else 'front' if box.y > 2 / 3 else 'middle'
    column = 'left' if box.x < 1 / 3 else 'right' if box.x > 2 / 3 else ''
    where = f'{row} {column}'.strip()
    return f'{where} ({box.x:.2f}, {box.y:.2f})'


def listing(objects: list[SeenObject]) -> str:
    """List every object with colour, shape and place."""
    if not objects:
        return 'I see no coloured object.'
    items = '; '.join(f'{a(o.name)}, {place(o.box)}' for o in objects)
    return f'I see {len(objects)} object{"s" if len(objects) > 1 else ""}: {items}.'


def absent(query: Query, objects: list[SeenObject]) -> str:
    """Say why none of the objects is the one that is meant."""
    color = [o.name for o in objects if o.color == query.color]
    shape = [o.name for o in objects if o.shape == query.shape]
    near = [f'of this colour: {", ".join(color)}'] if color else []
    near += [f'of this shape: {", ".join(shape)}'] if shape else []
    others = f' What comes closest: {"; ".join(near)}.' if near else ''
    return f'None of them is {a(str(query))}.{others} So the {query} is not there.'


def affordance(
    instruction: str, query: Query, objects: list[SeenObject], target: SeenObject | None
) -> list[str]:
    """Return the four steps: parsing, scene, localization, feasibility."""
    steps = [
        f'Task parsing: {quoted(instruction)} asks where to grasp; '
        f'the object meant is {a(str(query))}.',
        f'Scene understanding: {listing(objects)}',
    ]
    if target is None:
        return [*steps, f'Affordance localization: {absent(query, objects)}']
    left, top, right, bottom = target.box.corners
    return [
        *steps,
        f'Affordance localization: the {target.name} reaches from x = {left:.3f} to {right:.3f} '
        f'and from y = {top:.3f} to {bottom:.3f}.',
        f'Feasibility check: {_feasibility(target, objects)}',
    ]


def trajectory(
    instruction: str,
    query: Query,
    objects: list[SeenObject],
    target: SeenObject | None,
    gripper: tuple[float, float] | None,
    trace: Trajectory2D | None,
) -> list[str]:
    """Return the four steps: parsing, object and gripper, scene, trajectory logic."""
    way = f'push it {query.direction}' if query.direction else 'reach it'
    steps = [
        f'Task parsing: {quoted(instruction)} asks for a way: find {a(str(query))} and {way}.'
    ]
    if target is None or trace is None:
        return [
            *steps,
            f'Object and gripper localization: {listing(objects)} {absent(query, objects)}',
        ]
    others = [o.name for o in objects if o is not target]
    hand = (
        f'the gripper is at ({gripper[0]:.2f}, {gripper[1]:.2f})'
        if gripper
        else 'the gripper is not in view'
    )
    first, last = trace.points[0], trace.points[-1]
    begin = (
        'beside the object, on the side away from the push'
        if query.direction
        else 'at the gripper'
        if gripper
        else 'at the top of the picture, above the object'
    )
    return [
        *steps,
        f'Object and gripper localization: the {target.name} is at {place(target.box)}; {hand}.',
        f'Scene analysis: {listing(objects)} '
        + (f'In the way could be: {", ".join(others)}.' if others else 'Nothing is in the way.'),
        f'Trajectory logic: {len(trace.points)} points from ({first[0]:.2f}, {first[1]:.2f}), '
        f'{begin}, to ({last[0]:.2f}, {last[1]:.2f}), '
        + ('straight along the table.' if query.direction else 'around what lies in between.'),
    ]


def _feasibility(target: SeenObject, objects: list[SeenObject]) -> str:
    left, top, right, bottom = target.box.corners
    touching = [
        o.name for o in objects if o is not target and _overlap(o.box.corners, target.box.corners)
    ]
    if min(left, top) <= 0.0 or max(right, bottom) >= 1.0:
        return 'it is cut by the edge of the picture, so the box holds only what is visible.'
    if touching:
        return f'it stands close to the {", the ".join(touching)}, but it can be seen well enough.'
    return 'it is whole in the picture and stands alone, so it can be grasped.'


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
