"""Robot and world joined in one roboplan scene: kinematics and collision checks."""

from collections.abc import Iterable, Mapping
from itertools import combinations
from pathlib import Path
import tempfile

import numpy as np
import roboplan.core as rp

from moveit_ros_move_group.robot import Robot
from moveit_ros_move_group.transforms import make_pose, Matrix, rotation_of
from moveit_ros_move_group.world import AttachedObject, CollisionObject, Shape, World

CYLINDER_BOXES = 6
TILT = 2e-6 * np.array([0.53, 0.61, 0.59])  # [rad]
GREY = np.array([0.5, 0.5, 0.5, 1.0])


class CollisionScene:
    """A roboplan scene of one world. Build a new one when the world changes: it takes 8 ms.

    Not thread-safe, because roboplan's scene is not.

    Attributes:
        model: the roboplan scene; its joint order is `joints`.
        joints: names of the joints in a configuration `q` (mimic joints follow theirs).
    """

    def __init__(self, robot: Robot, world: World, *, padding: float = 0.0) -> None:
        """Build the scene, every world object grown by `padding` [m] on each side."""
        self.robot = robot
        self.world = world
        self.model = rp.Scene(robot.name, rp.loadUrdfSceneDescriptionFromXml(robot.urdf, []))
        self.model.importSrdf(robot.srdf)
        self.model.importJointLimitsFromConfig(_limits_config(robot))
        self.joints: list[str] = list(self.model.getJointNames())
        self._added = 0
        self._rest = np.zeros(len(self.joints))
        if len(self.model.getCurrentJointPositions()) != len(self._rest):
            raise ValueError('continuous joints are not supported: give them limits in the URDF')
        for item in world.objects.values():
            for name, shape in _named(item):
                self._add(name, 'universe', shape, item.pose @ shape.pose, padding)
        for held in world.attached.values():
            frame, offset = self._carrier(held.link)
            for name, shape in _named(held):
                self._add(name, frame, shape, offset @ held.pose @ shape.pose, 0.0)
        checked, free = self._pairs(padded=padding > 0.0)
        self._checked = checked
        self.model.setCollisions(free, False)
        self.model.setCollisions(checked, True)

    def configuration(self, state: Mapping[str, float]) -> Matrix:
        """Return `q` of joint positions by name; a joint without one is taken as 0."""
        return np.array([state.get(name, 0.0) for name in self.joints])

    def indices(self, joints: Iterable[str]) -> list[int]:
        """Return where these joints stand in `q`."""
        return [self.joints.index(name) for name in joints]

    def collides(self, q: Matrix) -> bool:
        """Say whether any pair that may not touch does so at `q`."""
        return bool(self.model.hasCollisions(q))

    def link_pose(self, q: Matrix, link: str) -> Matrix:
        """Return the (4, 4) pose of a link in the planning frame at `q`."""
        return np.asarray(self.model.forwardKinematics(q, link, self.robot.root))

    def touching(self, q: Matrix) -> str:
        """Name the pairs that touch at `q`, for a message.

        Switches the pairs on one by one (about 30 ms), so it is for failures only.
        """
        self.model.setCollisions(self._checked, False)
        found = []
        for a, b in self._checked:
            self.model.setCollisions(a, b, True)
            if self.collides(q):
                found.append(f"'{a.partition('/')[0]}' and '{b.partition('/')[0]}'")
            self.model.setCollisions(a, b, False)
        self.model.setCollisions(self._checked, True)
        return ', '.join(dict.fromkeys(found))

    def _carrier(self, link: str) -> tuple[str, Matrix]:
        """Return the frame that moves `link`, and the link's constant (4, 4) pose in it.

        roboplan 0.7.0 ignores the offset of a fixed frame that geometry is added to
        (its issue #351). The frame of the movable joint has none, and unlike the link
        behind it, it does not share its name with other geometry.
        """
        if link not in self.robot.carriers:
            return 'universe', self.link_pose(self._rest, link)
        joint = self.robot.carriers[link]
        return joint, np.asarray(self.model.forwardKinematics(self._rest, link, joint))

    def _add(self, name: str, frame: str, shape: Shape, pose: Matrix, padding: float) -> None:
        # coal 3.0.3 can miss the contact of two boxes that are aligned to the last digit, and
        # exact poses are what people ask for. So each geometry is turned by a little of its own.
        self._added += 1
        tilt = np.eye(4)
        tilt[:3, :3] = rotation_of(self._added * TILT)
        at = np.asfortranarray(pose @ tilt)
        if shape.kind == 'box':
            box = rp.Box(*(side + 2 * padding for side in shape.size))
            self.model.addBoxGeometry(name, frame, box, at, GREY)
        else:
            sphere = rp.Sphere(shape.size[0] + padding)
            self.model.addSphereGeometry(name, frame, sphere, at, GREY)

    def _pairs(self, *, padded: bool) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        """Sort all pairs into those to check and those free to touch.

        A padded scene leaves out the links that do not move: a robot that stands on a table
        is always within the table's margin. Links fixed to each other are never checked.
        """
        acm, links = self.world.acm, self.robot.collision_links
        objects = [(n, item.name) for item in self.world.objects.values() for n, _ in _named(item)]
        held = [(n, item) for item in self.world.attached.values() for n, _ in _named(item)]
        checked: list[tuple[str, str]] = []
        free: list[tuple[str, str]] = [(a, b) for (a, _), (b, _) in combinations(objects, 2)]

        def sort(a: str, b: str, allowed: bool) -> None:
            (free if allowed else checked).append((a, b))

        carriers = self.robot.carriers
        for a, b in combinations(links, 2):
            rigid = carriers.get(a) == carriers.get(b)
            sort(a, b, rigid or acm.allows(a, b))
        for link in links:
            margin_only = padded and link not in carriers
            for geometry, name in objects:
                sort(geometry, link, margin_only or acm.allows(name, link))
            for geometry, item in held:
                own = link == item.link or link in item.touch_links
                sort(geometry, link, own or acm.allows(item.name, link))
        for held_geometry, item in held:
            for geometry, name in objects:
                touch = name in item.touch_links or acm.allows(item.name, name)
                sort(held_geometry, geometry, touch)
        for (a, item_a), (b, item_b) in combinations(held, 2):
            sort(a, b, item_a.link == item_b.link or acm.allows(item_a.name, item_b.name))
        return checked, free


def _named(item: CollisionObject | AttachedObject) -> list[tuple[str, Shape]]:
    """Give each shape a geometry name of its own; cylinders become boxes."""
    shapes = [part for shape in item.shapes for part in _without_cylinder(shape)]
    return [(f'{item.name}/{k}', shape) for k, shape in enumerate(shapes)]


def _without_cylinder(shape: Shape) -> list[Shape]:
    """Replace a cylinder by boxes that together are the 12-sided prism around it.

    coal 3.0.3 missed 2 to 5 % of the contacts between two cylinders whose axes are nearly
    parallel, as a bottle and the palm above it are; it missed none between cylinder and box.
    """
    if shape.kind != 'cylinder':
        return [shape]
    length, radius = shape.size
    size = (2 * radius, 2 * radius * np.tan(np.pi / 2 / CYLINDER_BOXES), length)
    turns = np.arange(CYLINDER_BOXES) * np.pi / CYLINDER_BOXES / 2
    return [
        Shape('box', size, shape.pose @ make_pose(np.zeros(3), (0, 0, np.sin(a), np.cos(a))))
        for a in turns
    ]


def _limits_config(robot: Robot) -> rp.YamlNode:
    """Hand the joint limits to roboplan, which reads them from a file only."""
    lines = ['joint_limits:']
    for joint, limit in robot.limits.items():
        lines += [
            f'  {joint}:',
            f'    max_velocity: [{limit.velocity}]',
            f'    max_acceleration: [{limit.acceleration}]',
        ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'joint_limits.yaml'
        path.write_text('\n'.join(lines) + '\n', encoding='utf-8')
        return rp.loadJointLimitsConfig(str(path))
