"""What objects are put into: a bowl and a tray, and when something is inside.

Both are one shape, a plate with a wall that leans outward: its outline is a rectangle swept by a
circle, and the bowl's rectangle is a point.
"""

from dataclasses import dataclass
import math

import numpy as np

from vla_r1_sim.layout import FINGERS, Footprint


@dataclass(frozen=True)
class Vessel:
    """The shape of a container; its frame's origin is the middle of its foot, z up.

    Attributes:
        core: half sides (x, y) of the rectangle that a circle sweeps [m].
        foot_radius, rim_radius: of that circle outside, at the bottom and at the rim [m].
        height: of the rim [m].
        wall: thickness [m].
        mass: [kg], so that a brushing finger does not shift it.
        color: linear RGB in [0, 1].
    """

    core: tuple[float, float]
    foot_radius: float
    rim_radius: float
    height: float
    wall: float
    mass: float
    color: tuple[float, float, float]

    @property
    def half_size(self) -> np.ndarray:
        """Return half lengths (3,) of the bounding box [m]."""
        half_x, half_y = (core + self.rim_radius for core in self.core)
        return np.array([half_x, half_y, self.height / 2])

    def outline(self, radius: float, corners: int) -> np.ndarray:
        """Return `corners` points (N, 2) [m] of the core swept by a circle, in its frame."""
        angles = (np.arange(corners) + 0.5) * 2 * math.pi / corners
        circle = np.column_stack([np.cos(angles), np.sin(angles)])
        return np.asarray(np.sign(circle) * self.core + radius * circle)

    def encloses(self, x: float, y: float) -> bool:
        """Whether a point [m] of its frame lies within the walls, seen from above."""
        beyond = np.maximum(np.abs([x, y]) - self.core, 0.0)
        return bool(np.linalg.norm(beyond) < self.rim_radius - self.wall)


VESSELS = {
    'bowl': Vessel(
        core=(0.0, 0.0),
        foot_radius=0.044,
        rim_radius=0.070,
        height=0.040,
        wall=0.005,
        mass=0.5,
        color=(0.03, 0.45, 0.47),
    ),
    'tray': Vessel(
        core=(0.043, 0.063),
        foot_radius=0.016,
        rim_radius=0.022,
        height=0.018,
        wall=0.004,
        mass=0.6,
        color=(0.90, 0.32, 0.50),
    ),
}
"""By name; a scene has at most one of each."""


@dataclass(frozen=True)
class ContainerSpec:
    """A container on the table.

    Attributes:
        name: a key of VESSELS.
        x, y: its middle [m], in base_link.
        yaw: about the vertical [rad].
    """

    name: str
    x: float
    y: float
    yaw: float

    @property
    def vessel(self) -> Vessel:
        """Its shape."""
        return VESSELS[self.name]

    @property
    def footprint(self) -> Footprint:
        """What it covers, with air for a gripper that comes from above with an object."""
        radius = math.hypot(*self.vessel.core) + self.vessel.rim_radius
        return Footprint(self.x, self.y, radius, self.vessel.height, FINGERS + 0.02)
