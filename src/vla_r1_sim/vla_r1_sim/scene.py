"""Seeded tabletop scenes: which objects lie where, and how camera, light and table look.

The table top is the plane z = 0 of `base_link`; x points from the robot to the camera.
"""

from dataclasses import dataclass
import itertools
import math

import numpy as np

from vla_r1_sim.instruction import mentioned_objects, ObjectQuery
from vla_r1_sim.vocabulary import COLORS, SHAPES

TABLE_CENTER = (0.27, 0.0)
"""[m], in base_link"""
TABLE_HALF_SIZE = (0.44, 0.44)
"""[m]"""
WORKSPACE_X = (0.33, 0.60)
WORKSPACE_Y = (-0.30, 0.30)
"""Where object centres may lie: within reach from above [m], in base_link."""

_CAMERA_POSITION = (1.16, 0.0, 0.78)
"""Before jitter [m], in base_link."""
_FINGERS = 0.07
"""Half of what the open gripper needs around a grasp, fingers and some air included [m]."""


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


def make_scene(seed: int, instruction: str = '', *, absent: bool = False) -> SceneSpec:
    """Draw a scene; the same arguments give the same scene, bit for bit.

    Args:
        seed: of the random generator.
        instruction: the objects that it names are in the scene, each exactly once.
        absent: leave the named objects out instead.
    """
    rng = np.random.default_rng(seed)
    queries = mentioned_objects(instruction)
    kinds = _choose_kinds(rng, queries, absent)
    return SceneSpec(
        seed=seed,
        instruction=instruction,
        objects=_place(rng, kinds),
        camera=CameraSpec(
            position=_jitter(rng, _CAMERA_POSITION, 0.02),
            target=_jitter(rng, (0.34, 0.0, 0.0), 0.015),
            fovy=math.radians(46.0 + rng.uniform(-1.0, 1.0)),
        ),
        light_azimuth=float(rng.uniform(-0.9, 0.9)),
        brightness=float(rng.uniform(0.92, 1.06)),
        wood=int(rng.integers(3)),
    )


def _choose_kinds(
    rng: np.random.Generator, queries: tuple[ObjectQuery, ...], absent: bool
) -> list[tuple[str, str]]:
    """Return 3 to 6 different (colour, shape), the named ones among them (or none of them)."""
    kinds = list(itertools.product(COLORS, SHAPES))
    others = [k for k in kinds if not any(q.fits(*k) for q in queries)]
    named: list[tuple[str, str]] = []
    if not absent:
        for query in dict.fromkeys(queries):
            fitting = [k for k in kinds if query.fits(*k) and k not in named]
            named.append(fitting[rng.integers(len(fitting))])
    n_others = min(len(others), max(0, int(rng.integers(3, 7)) - len(named)))
    chosen = [others[i] for i in rng.choice(len(others), n_others, replace=False)]
    return named + chosen


def _place(rng: np.random.Generator, kinds: list[tuple[str, str]]) -> tuple[ObjectSpec, ...]:
    """Give every object a size and a pose so that the open gripper fits around each."""
    sizes = [_draw_size(rng, shape) for _, shape in kinds]
    while True:
        objects: list[ObjectSpec] = []
        for (color, shape), size in zip(kinds, sizes, strict=True):
            candidate = ObjectSpec(
                name=f'{color}_{shape}',
                color=color,
                shape=shape,
                size=size,
                x=float(rng.uniform(*WORKSPACE_X)),
                y=float(rng.uniform(*WORKSPACE_Y)),
                yaw=float(rng.uniform(-math.pi, math.pi)),
            )
            if any(_too_close(candidate, other) for other in objects):
                break
            objects.append(candidate)
        else:
            return tuple(objects)


def _too_close(a: ObjectSpec, b: ObjectSpec) -> bool:
    needed = max(_FINGERS, a.radius + 0.02, b.radius + 0.02) + max(a.radius, b.radius)
    if math.hypot(a.x - b.x, a.y - b.y) < needed:
        return True
    return _hides(a, b) or _hides(b, a)


def _hides(front: ObjectSpec, back: ObjectSpec) -> bool:
    """Whether the camera cannot see all of `back` for `front`."""
    camera_x, camera_y, camera_z = _CAMERA_POSITION
    ray = np.array([front.x - camera_x, front.y - camera_y])
    distance = float(np.linalg.norm(ray))
    along, sideways = np.array([[ray[0], ray[1]], [-ray[1], ray[0]]]) @ (
        np.array([back.x - front.x, back.y - front.y]) / distance
    )
    reach = front.radius + back.radius
    top = 2 * front.size[2]
    hidden_length = top / (camera_z - top) * (distance + front.radius)
    return bool(0 < along < reach + hidden_length and abs(sideways) < reach)


def _draw_size(rng: np.random.Generator, shape: str) -> tuple[float, float, float]:
    """Return half lengths [m]; the narrow side is always under 60 mm, the gripper opens 90 mm."""
    match shape:
        case 'cube':
            half = rng.uniform(0.018, 0.025)
            size = (half, half, half)
        case 'ball':
            half = rng.uniform(0.021, 0.028)
            size = (half, half, half)
        case 'cylinder':
            radius = rng.uniform(0.018, 0.025)
            size = (radius, radius, rng.uniform(0.030, 0.042))
        case _:
            size = tuple(rng.uniform((0.016, 0.040, 0.018), (0.021, 0.050, 0.026)))
    return tuple(float(v) for v in size)  # type: ignore[return-value]


def _jitter(
    rng: np.random.Generator, point: tuple[float, float, float], spread: float
) -> tuple[float, float, float]:
    x, y, z = (float(v) for v in np.add(point, rng.uniform(-spread, spread, 3)))
    return x, y, z
