"""World and controllers, stepped together on one clock that never jumps back."""

import threading

from vla_r1_sim.controllers import ArmController, GripperController
from vla_r1_sim.model import TIMESTEP_NS
from vla_r1_sim.robots import Robot, UR5E
from vla_r1_sim.scene_spec import SceneSpec
from vla_r1_sim.world import World


class Simulation:
    """A world that runs; hold `changed` when calling from another thread than the stepping one.

    Attributes:
        changed: guards everything else, and is notified after every `step`.
        time_ns: simulation time [ns]; goes on over resets.
        world, arm, gripper: of the present scene.
    """

    def __init__(self, scene: SceneSpec, robot: Robot = UR5E) -> None:
        self.changed = threading.Condition()
        self.time_ns = 0
        self._load(World(scene, robot))

    def reset(self, scene: SceneSpec) -> None:
        """Replace the scene; the arm is home again, goals under way are stopped."""
        world = World(scene, self.world.robot)  # outside the lock: it takes a while
        with self.changed:
            self.arm.stop()
            self.gripper.stop()
            self._load(world)

    def _load(self, world: World) -> None:
        self.world = world
        self.arm = ArmController(world)
        self.gripper = GripperController(world)

    def step(self, count: int = 1) -> None:
        """Advance by `count` time steps."""
        dt = TIMESTEP_NS * 1e-9
        with self.changed:
            for _ in range(count):
                self.arm.update(dt)
                self.gripper.update(dt)
                self.world.step()
                self.time_ns += TIMESTEP_NS
            self.changed.notify_all()
