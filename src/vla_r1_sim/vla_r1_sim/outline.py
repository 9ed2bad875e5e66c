"""Points whose picture spans a thing's picture: exact boxes without drawing."""

import itertools
import math

import numpy as np

from vla_r1_sim.containers import ContainerSpec
from vla_r1_sim.scene_spec import ObjectSpec

_CORNERS = 64
"""Points on a circle; a box's side is short of the circle's by less than 0.2 % of its radius."""


def outline(item: ObjectSpec | ContainerSpec, camera: np.ndarray) -> np.ndarray:
    """Return (N, 3) [m], in base_link, for a thing that stands on the table.

    Args:
        item: the thing.
        camera: where it is seen from, (3,) [m], in base_link.
    """
    if isinstance(item, ContainerSpec):
        vessel = item.vessel
        rings = ((vessel.foot_radius, 0.0), (vessel.rim_radius, vessel.height))
        local = np.concatenate([
            np.column_stack([vessel.outline(radius, _CORNERS), np.full(_CORNERS, z)])
            for radius, z in rings
        ])  # fmt: skip
        return _placed(local, item.x, item.y, item.yaw)
    half_x, half_y, half_z = item.size
    match item.shape:
        case 'ball':
            return _silhouette(np.array([item.x, item.y, half_z]), half_x, camera)
        case 'cylinder':
            circle = half_x * _circle()
            local = np.concatenate([
                np.column_stack([circle, np.full(_CORNERS, z)]) for z in (0.0, 2 * half_z)
            ])  # fmt: skip
        case _:
            local = np.array(
                list(itertools.product((-half_x, half_x), (-half_y, half_y), (0.0, 2 * half_z)))
            )
    return _placed(local, item.x, item.y, item.yaw)


def _silhouette(middle: np.ndarray, radius: float, camera: np.ndarray) -> np.ndarray:
    """Return the circle on a ball where lines of sight touch it."""
    ray = middle - camera
    distance = float(np.linalg.norm(ray))
    ray /= distance
    side = np.cross(ray, [0.0, 0.0, 1.0])
    side /= np.linalg.norm(side)
    across = np.column_stack([side, np.cross(ray, side)])  # (3, 2)
    near = middle - radius**2 / distance * ray
    return np.asarray(
        near + radius * math.sqrt(1 - (radius / distance) ** 2) * _circle() @ across.T
    )


def _circle() -> np.ndarray:
    angle = np.linspace(0, 2 * math.pi, _CORNERS, endpoint=False)
    return np.column_stack([np.cos(angle), np.sin(angle)])


def _placed(local: np.ndarray, x: float, y: float, yaw: float) -> np.ndarray:
    c, s = math.cos(yaw), math.sin(yaw)
    rotation = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    return np.asarray(local @ rotation.T + [x, y, 0])
