"""The one shared planning scene: who holds its lock may plan in it or change it."""

from moveit_ros_move_group.collision import CollisionScene
from moveit_ros_move_group.robot import Robot
from moveit_ros_move_group.world import World


class SceneMonitor:
    """The current world, and the roboplan scenes built from it when they are needed.

    Not thread-safe: the caller locks.

    Attributes:
        world: the current world.
        kinematics: of the robot alone, whatever stands around it.
    """

    def __init__(self, robot: Robot, world: World, *, clearance: float) -> None:
        """Start with a world; plans keep `clearance` [m] from its objects where they can."""
        self._robot = robot
        self._clearance = clearance
        self.world = world
        self.kinematics = CollisionScene(robot, world)
        self._built: dict[float, tuple[World, CollisionScene]] = {}

    def exact(self, world: World) -> CollisionScene:
        """Return the scene of the current world, or of a request that brings its own diff."""
        return self._scene(world, 0.0)

    def padded(self, world: World) -> CollisionScene:
        """Return the same with objects grown by the clearance."""
        return self._scene(world, self._clearance)

    def _scene(self, world: World, padding: float) -> CollisionScene:
        """Build it, 8 ms, unless it is the one that was built last."""
        known, scene = self._built.get(padding, (None, None))
        if scene is None or known is not world:
            scene = CollisionScene(self._robot, world, padding=padding)
            self._built[padding] = world, scene
        return scene
