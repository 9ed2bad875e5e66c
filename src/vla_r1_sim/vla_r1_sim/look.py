"""How scenes may look: what is drawn from which range. `Look()` is the demo's own."""

from dataclasses import dataclass
import itertools

from vla_r1_sim.layout import CAMERA_POSITION
from vla_r1_sim.vocabulary import COLORS, SHAPES

KINDS = tuple(itertools.product(COLORS, SHAPES))
"""Every (colour, shape)."""
_Range = tuple[float, float]
_Point = tuple[float, float, float]


@dataclass(frozen=True)
class Look:
    """Ranges that a scene's looks are drawn from, all of them evenly.

    Attributes:
        camera, camera_spread: middle and half width of where the camera stands [m], in base_link.
        target, target_spread: the same for the point that it looks at: where it tilts to.
        fovy: [degrees]
        light_azimuth: [rad], about z, 0 = from the camera's side.
        brightness: factor on all lights.
        surfaces: of the table.
        clutter: kinds of things that nobody asks for; () for none.
        kinds: (colour, shape) of the objects.
        objects: least and most of them; those that are named are always there.
    """

    camera: _Point = CAMERA_POSITION
    camera_spread: _Point = (0.02, 0.02, 0.02)
    target: _Point = (0.34, 0.0, 0.0)
    target_spread: _Point = (0.015, 0.015, 0.015)
    fovy: _Range = (45.0, 47.0)
    light_azimuth: _Range = (-0.9, 0.9)
    brightness: _Range = (0.92, 1.06)
    surfaces: tuple[str, ...] = ('wood',)
    clutter: tuple[str, ...] = ()
    kinds: tuple[tuple[str, str], ...] = KINDS
    objects: tuple[int, int] = (3, 6)


DEMO = Look()
