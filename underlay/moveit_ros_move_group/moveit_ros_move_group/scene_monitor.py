"""The one shared planning scene: who holds its lock may plan in it or change it."""

from moveit_ros_move_group.collision import CollisionScene
from moveit_ros_move_group.robot import Robot
from moveit_ros_move_group.world import World


class SceneMonitor:
    """The current world, and the roboplan scenes built from it.

    Not thread-safe: the caller locks.

    Attributes:
        world: the current world.
    """

    def __init__(self, robot: Robot, world: World, *, clearance: float) -> None:
        """Start with a world; plans keep `clearance` [m] from its objects where they can."""
        self._robot = robot
        self._clearance = clearance
        self.world = world
        self._built = world
        self._scenes = self._build(world)

    def scenes(self) -> tuple[CollisionScene, CollisionScene]:
        """Return the scene of the current world, exact and with padded objects."""
        if self._built is not self.world:
            self._scenes = self._build(self.world)
            self._built = self.world
        return self._scenes

    def scenes_of(self, world: World) -> tuple[CollisionScene, CollisionScene]:
        """Return the scenes of another world, for one request that brings its own diff."""
        return self.scenes() if world is self.world else self._build(world)

    def _build(self, world: World) -> tuple[CollisionScene, CollisionScene]:
        exact = CollisionScene(self._robot, world)
        return exact, CollisionScene(self._robot, world, padding=self._clearance)
