"""The planning scene as plain, immutable data: objects, attached objects, what may touch what."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from moveit_ros_move_group.errors import Code, MoveItError
from moveit_ros_move_group.transforms import Matrix

Pair = frozenset[str]


@dataclass(frozen=True)
class Shape:
    """A box (x, y, z), sphere (radius) or cylinder (length, radius) [m].

    `pose` (4, 4) is in the frame of the object.
    """

    kind: str
    size: tuple[float, ...]
    pose: Matrix


@dataclass(frozen=True)
class CollisionObject:
    """A rigid body of one or more shapes; `pose` (4, 4) is in the planning frame."""

    name: str
    pose: Matrix
    shapes: tuple[Shape, ...]


@dataclass(frozen=True)
class AttachedObject:
    """A body that moves with a link; `pose` (4, 4) is in the frame of that link."""

    name: str
    pose: Matrix
    shapes: tuple[Shape, ...]
    link: str
    touch_links: frozenset[str]


@dataclass(frozen=True)
class AllowedCollisions:
    """Which pairs may touch: an entry of its own decides, else the defaults of both names."""

    entries: Mapping[Pair, bool] = field(default_factory=dict)
    defaults: Mapping[str, bool] = field(default_factory=dict)

    def allows(self, a: str, b: str) -> bool:
        """Say whether `a` and `b` may touch.

        With two defaults both must allow; a name without any entry is checked.
        """
        entry = self.entries.get(frozenset((a, b)))
        if entry is not None:
            return entry
        defaults = [self.defaults[n] for n in (a, b) if n in self.defaults]
        return bool(defaults) and all(defaults)


@dataclass(frozen=True)
class World:
    """Everything that planning must know beside the robot's joints."""

    acm: AllowedCollisions = field(default_factory=AllowedCollisions)
    objects: Mapping[str, CollisionObject] = field(default_factory=dict)
    attached: Mapping[str, AttachedObject] = field(default_factory=dict)

    def with_object(self, item: CollisionObject) -> 'World':
        """Add an object, or replace the one of that name."""
        return replace(self, objects={**self.objects, item.name: item})

    def without_object(self, name: str) -> 'World':
        """Remove an object from the world.

        Raises:
            MoveItError: INVALID_OBJECT_NAME.
        """
        self.object(name)
        return replace(self, objects={n: o for n, o in self.objects.items() if n != name})

    def object(self, name: str) -> CollisionObject:
        """Return an object of the world by name.

        Raises:
            MoveItError: INVALID_OBJECT_NAME.
        """
        if name not in self.objects:
            raise MoveItError(
                Code.INVALID_OBJECT_NAME,
                f"There is no collision object '{name}' in the world; "
                f'it has: {", ".join(self.objects) or "none"}.',
            )
        return self.objects[name]

    def with_attached(self, item: AttachedObject) -> 'World':
        """Attach a body; a world object of that name is taken out of the world."""
        return replace(
            self,
            objects={n: o for n, o in self.objects.items() if n != item.name},
            attached={**self.attached, item.name: item},
        )

    def detached(self, name: str, link_pose: Matrix) -> 'World':
        """Put an attached body back into the world where it is now.

        Args:
            name: of the attached body.
            link_pose: (4, 4) pose of its link in the planning frame.
        """
        item = self.attached[name]
        rest = {n: a for n, a in self.attached.items() if n != name}
        world = replace(self, attached=rest)
        return world.with_object(CollisionObject(name, link_pose @ item.pose, item.shapes))
