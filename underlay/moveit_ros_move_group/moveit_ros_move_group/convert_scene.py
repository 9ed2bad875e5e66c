"""PlanningScene messages to a World and back, with MoveIt's meaning of diffs and operations."""

from dataclasses import replace

from geometry_msgs.msg import Pose
from moveit_msgs.msg import (
    AllowedCollisionEntry,
    AllowedCollisionMatrix,
    AttachedCollisionObject,
    PlanningScene,
)
from moveit_msgs.msg import (
    CollisionObject as CollisionObjectMsg,
)
from moveit_msgs.msg import (
    PlanningSceneComponents as Components,
)
from shape_msgs.msg import SolidPrimitive

from moveit_ros_move_group.convert import Frames, pose_matrix, pose_message
from moveit_ros_move_group.errors import Code, MoveItError
from moveit_ros_move_group.robot import Robot
from moveit_ros_move_group.transforms import invert
from moveit_ros_move_group.world import (
    AllowedCollisions,
    AttachedObject,
    CollisionObject,
    Shape,
    World,
)

# kind -> (primitive type, number of dimensions); our sizes are in the message's order.
PRIMITIVES = {
    'box': (SolidPrimitive.BOX, 3),
    'sphere': (SolidPrimitive.SPHERE, 1),
    'cylinder': (SolidPrimitive.CYLINDER, 2),
}


def _operation(message: CollisionObjectMsg) -> int:
    """Return the operation as a number: a `byte` field is `bytes` in Python."""
    return int.from_bytes(message.operation, 'little')


ADD, REMOVE, APPEND, MOVE = (
    int.from_bytes(code, 'little')
    for code in (
        CollisionObjectMsg.ADD,
        CollisionObjectMsg.REMOVE,
        CollisionObjectMsg.APPEND,
        CollisionObjectMsg.MOVE,
    )
)


def initial_world(robot: Robot) -> World:
    """Return the empty world, in which the pairs that the SRDF disables may touch."""
    return World(AllowedCollisions(dict.fromkeys(robot.allowed_pairs, True)))


def apply_scene(
    world: World, message: PlanningScene, robot: Robot, frames: Frames, *, diff: bool
) -> World:
    """Return the world after a PlanningScene message; all of it, or none.

    As in MoveIt, a message that is no `diff` starts from nothing, and an allowed collision
    matrix replaces the old one as a whole: send the one of `get_planning_scene`, changed.

    Raises:
        MoveItError: for what is not understood or not supported.
    """
    if message.world.octomap.octomap.data:
        raise MoveItError(Code.FAILURE, 'Octomaps are not supported: send boxes instead.')
    if message.link_padding or message.link_scale:
        raise MoveItError(Code.FAILURE, 'Link padding and scale are not supported.')
    matrix = message.allowed_collision_matrix
    if not diff:
        world = World(_matrix(matrix))
    elif matrix.entry_names:
        world = replace(world, acm=_matrix(matrix))
    for item in message.world.collision_objects:
        world = _apply_object(world, item, robot, frames)
    for held in message.robot_state.attached_collision_objects:
        world = _apply_attached(world, held, robot, frames)
    return world


def scene_message(world: World, robot: Robot, components: int) -> PlanningScene:
    """Return the parts of the scene that `components` asks for; 0 asks for all.

    The robot's joints are not known here: the caller adds them.
    """

    def asked(bit: int) -> bool:
        return components == 0 or bool(components & bit)

    scene = PlanningScene(robot_model_name=robot.name, name='(noname)')
    if asked(Components.ROBOT_STATE_ATTACHED_OBJECTS):
        scene.robot_state.attached_collision_objects = [
            _attached_message(item) for item in world.attached.values()
        ]
    if asked(Components.WORLD_OBJECT_GEOMETRY):
        scene.world.collision_objects = [
            _object_message(item, robot.root) for item in world.objects.values()
        ]
    elif asked(Components.WORLD_OBJECT_NAMES):
        scene.world.collision_objects = [CollisionObjectMsg(id=name) for name in world.objects]
    if asked(Components.ALLOWED_COLLISION_MATRIX):
        scene.allowed_collision_matrix = _matrix_message(world.acm)
    return scene


def _matrix(message: AllowedCollisionMatrix) -> AllowedCollisions:
    names, rows = message.entry_names, [entry.enabled for entry in message.entry_values]
    if len(rows) != len(names) or any(len(row) != len(names) for row in rows):
        raise MoveItError(
            Code.FAILURE, f'The allowed collision matrix must be {len(names)} x {len(names)}.'
        )
    if len(message.default_entry_names) != len(message.default_entry_values):
        raise MoveItError(Code.FAILURE, 'default_entry_names and _values differ in length.')
    defaults = dict(zip(message.default_entry_names, message.default_entry_values, strict=True))
    by_default = AllowedCollisions({}, defaults)
    entries = {}
    for i, row in enumerate(rows):
        for j in range(i):
            if row[j] != rows[j][i]:
                raise MoveItError(
                    Code.FAILURE,
                    f"The allowed collision matrix is not symmetric at '{names[i]}', "
                    f"'{names[j]}'.",
                )
            # The matrix cannot leave a pair out, so it repeats the defaults: those add nothing.
            if row[j] != by_default.allows(names[i], names[j]):
                entries[frozenset((names[i], names[j]))] = row[j]
    return AllowedCollisions(entries, defaults)


def _matrix_message(acm: AllowedCollisions) -> AllowedCollisionMatrix:
    names = sorted({name for pair in acm.entries for name in pair} | set(acm.defaults))
    return AllowedCollisionMatrix(
        entry_names=names,
        entry_values=[
            AllowedCollisionEntry(enabled=[acm.allows(a, b) for b in names]) for a in names
        ],
        default_entry_names=list(acm.defaults),
        default_entry_values=list(acm.defaults.values()),
    )


def _apply_object(
    world: World, message: CollisionObjectMsg, robot: Robot, frames: Frames
) -> World:
    operation, name = _operation(message), message.id
    if operation == REMOVE:
        return world.without_object(name) if name else replace(world, objects={})
    pose = frames(message.header.frame_id) @ pose_matrix(message.pose)
    if operation == MOVE:
        item = world.object(name)
        if message.primitives:
            raise MoveItError(Code.FAILURE, f"MOVE of '{name}' carries shapes: use ADD for those.")
        return world.with_object(replace(item, pose=pose))
    if not name or name in robot.links or name in world.attached:
        raise MoveItError(
            Code.INVALID_OBJECT_NAME,
            f"An object cannot be named '{name}': it needs a name that no link or attached "
            'object has.',
        )
    shapes = _shapes(message)
    if operation == APPEND and name in world.objects:
        old = world.objects[name]
        shift = invert(old.pose) @ pose
        shapes = old.shapes + tuple(replace(s, pose=shift @ s.pose) for s in shapes)
        pose = old.pose
    return world.with_object(CollisionObject(name, pose, shapes))


def _shapes(message: CollisionObjectMsg) -> tuple[Shape, ...]:
    if message.meshes or message.planes or not message.primitives:
        raise MoveItError(
            Code.FAILURE,
            f"Object '{message.id}': meshes and planes are not supported; "
            'give at least one box, sphere or cylinder.',
        )
    poses = message.primitive_poses or [Pose() for _ in message.primitives]
    if len(poses) != len(message.primitives):
        raise MoveItError(
            Code.FAILURE,
            f"Object '{message.id}' needs a pose for each primitive, or none.",
        )
    kinds = {number: (kind, length) for kind, (number, length) in PRIMITIVES.items()}
    shapes = []
    for primitive, pose in zip(message.primitives, poses, strict=True):
        kind, length = kinds.get(primitive.type, ('', 0))
        size = tuple(primitive.dimensions)
        if not kind or len(size) != length or not all(0.0 < side < 1e3 for side in size):
            raise MoveItError(
                Code.FAILURE,
                f"Object '{message.id}': type {primitive.type} with dimensions {size}; "
                'give a BOX (x, y, z), SPHERE (radius) or CYLINDER (height, radius) in metres.',
            )
        shapes.append(Shape(kind, size, pose_matrix(pose)))
    return tuple(shapes)


def _apply_attached(
    world: World, message: AttachedCollisionObject, robot: Robot, frames: Frames
) -> World:
    name = message.object.id
    if _operation(message.object) == REMOVE:
        released = [
            item
            for item in world.attached.values()
            if name in ('', item.name) and message.link_name in ('', item.link)
        ]
        if name and not released:
            raise MoveItError(Code.INVALID_OBJECT_NAME, f"No object '{name}' is attached.")
        for item in released:
            world = world.detached(item.name, frames(item.link))
        return world
    link = robot.check_link(message.link_name)
    if message.object.primitives:
        pose = frames(message.object.header.frame_id) @ pose_matrix(message.object.pose)
        shapes = _shapes(message.object)
    else:
        item = world.object(name)
        pose, shapes = item.pose, item.shapes
    local = invert(frames(link)) @ pose
    touch = frozenset({link, *message.touch_links})
    return world.with_attached(AttachedObject(name, local, shapes, link, touch))


def _object_message(item: CollisionObject | AttachedObject, frame: str) -> CollisionObjectMsg:
    message = CollisionObjectMsg(id=item.name, pose=pose_message(item.pose))
    message.header.frame_id = frame
    message.operation = CollisionObjectMsg.ADD
    message.primitives = [
        SolidPrimitive(type=PRIMITIVES[s.kind][0], dimensions=list(s.size)) for s in item.shapes
    ]
    message.primitive_poses = [pose_message(s.pose) for s in item.shapes]
    return message


def _attached_message(item: AttachedObject) -> AttachedCollisionObject:
    return AttachedCollisionObject(
        link_name=item.link,
        object=_object_message(item, item.link),
        touch_links=sorted(item.touch_links),
    )
