"""What a scene consists of: the values that a seed and an instruction are drawn into."""

from dataclasses import dataclass
import math

from vla_r1_sim.clutter import ClutterSpec
from vla_r1_sim.containers import ContainerSpec
from vla_r1_sim.layout import FINGERS, Footprint


@dataclass(frozen=True)
class ObjectSpec:
    """One object on the table.

    Attributes:
        name: colour and shape, such as 'red_cube'; unique in a scene.
        size: half lengths (x, y, z) of the bounding box at yaw 0 [m].
        x, y: centre [m], in base_link.
        yaw: about the vertical [rad].
    """

    name: str
    color: str
    shape: str
    size: tuple[float, float, float]
    x: float
    y: float
    yaw: float

    @property
    def radius(self) -> float:
        """Radius of the smallest vertical cylinder around the object [m]."""
        half_x, half_y, _ = self.size
        return math.hypot(half_x, half_y) if self.shape in ('cube', 'box') else half_x

    @property
    def footprint(self) -> Footprint:
        """What it covers, and what the open gripper needs around it."""
        room = max(FINGERS, self.radius + 0.02)
        return Footprint(self.x, self.y, self.radius, 2 * self.size[2], room)


@dataclass(frozen=True)
class CameraSpec:
    """A fixed camera: `position` and the point it looks at [m], in base_link; `fovy` [rad]."""

    position: tuple[float, float, float]
    target: tuple[float, float, float]
    fovy: float


@dataclass(frozen=True)
class SceneSpec:
    """Everything that is random about a scene, so that a seed and an instruction repeat it."""

    seed: int
    instruction: str
    objects: tuple[ObjectSpec, ...]
    camera: CameraSpec
    light_azimuth: float
    """Direction from which the key light comes [rad], about z, 0 = from the camera's side."""
    brightness: float
    """Factor on all lights."""
    wood: int
    """Which of the table's woods."""
    containers: tuple[ContainerSpec, ...] = ()
    surface: str = 'wood'
    """Of the table, see `surfaces`."""
    clutter: tuple[ClutterSpec, ...] = ()
    glass: bool = False
    """Whether a pane that no camera sees lies over the table, a hand's breadth high."""
    wrist_camera: bool = False
    """Whether the robot's camera is on its gripper; `camera` then is a person's eyes."""

    @property
    def things(self) -> tuple[ObjectSpec | ContainerSpec, ...]:
        """Objects and containers."""
        return (*self.objects, *self.containers)
