"""Things on the table that nobody asks for: grey, and of other shapes than the objects."""

from dataclasses import dataclass
import math

import mujoco

from vla_r1_sim.layout import Footprint

FLAT = ('sheet', 'coaster')
UPRIGHT = ('mug', 'rod', 'pebble')

_HALF_SIZES = {
    'sheet': (0.07, 0.05, 0.0006),
    'coaster': (0.045, 0.045, 0.0015),
    'mug': (0.032, 0.032, 0.040),
    'rod': (0.008, 0.008, 0.055),
    'pebble': (0.030, 0.022, 0.012),
}
"""Of the bounding box at yaw 0 [m]."""
_GEOMS = {
    'sheet': mujoco.mjtGeom.mjGEOM_BOX,
    'coaster': mujoco.mjtGeom.mjGEOM_CYLINDER,
    'mug': mujoco.mjtGeom.mjGEOM_CYLINDER,
    'rod': mujoco.mjtGeom.mjGEOM_CYLINDER,
    'pebble': mujoco.mjtGeom.mjGEOM_ELLIPSOID,
}


@dataclass(frozen=True)
class ClutterSpec:
    """One piece of clutter; it is seen, but nothing bumps into it.

    Attributes:
        kind: of `FLAT` or `UPRIGHT`.
        x, y: middle [m], in base_link.
        yaw: about the vertical [rad].
        grey: in [0, 1], 0 is black.
    """

    kind: str
    x: float
    y: float
    yaw: float
    grey: float

    @property
    def footprint(self) -> Footprint:
        """What it covers; the gripper never works at it."""
        half_x, half_y, half_z = _HALF_SIZES[self.kind]
        radius = math.hypot(half_x, half_y) if self.kind == 'sheet' else max(half_x, half_y)
        return Footprint(self.x, self.y, radius, 2 * half_z, radius)

    @property
    def geom(self) -> tuple[mujoco.mjtGeom, tuple[float, float, float], float]:
        """MuJoCo's type and size, and the height of the middle [m]."""
        half_x, half_y, half_z = _HALF_SIZES[self.kind]
        if _GEOMS[self.kind] == mujoco.mjtGeom.mjGEOM_CYLINDER:
            return _GEOMS[self.kind], (half_x, half_z, 0.0), half_z
        return _GEOMS[self.kind], (half_x, half_y, half_z), half_z

    @property
    def rgba(self) -> tuple[float, float, float, float]:
        """A grey that is a little warm."""
        return self.grey, 0.98 * self.grey, 0.95 * self.grey, 1.0
