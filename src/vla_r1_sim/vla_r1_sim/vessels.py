"""A container in the physics: a smooth skin that is seen, and plates that things rest against."""

import math

import mujoco
import numpy as np

from vla_r1_sim.containers import ContainerSpec, Vessel

_PLATES = 16
_CORNERS = 64
"""Of the plates' and the skin's outline."""
_LIP = 0.0015
"""Radius of the rim's and the foot's rounding [m]."""


def add_container(spec: mujoco.MjSpec, item: ContainerSpec, hidden_group: int) -> None:
    """Put a container on the table; geoms of `hidden_group` are not drawn."""
    vessel = item.vessel
    body = spec.worldbody.add_body(
        name=item.name,
        pos=[item.x, item.y, 0],
        quat=[math.cos(item.yaw / 2), 0, 0, math.sin(item.yaw / 2)],
    )
    body.add_freejoint()
    vertices, faces = _skin(vessel)
    spec.add_mesh(
        name=item.name,
        uservert=vertices.ravel(),
        userface=faces.ravel(),
        inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL,
    )
    body.add_geom(
        name=item.name,
        type=mujoco.mjtGeom.mjGEOM_MESH,
        meshname=item.name,
        rgba=[*vessel.color, 1],
        contype=0,
        conaffinity=0,
        mass=0,
    )
    plates = [_floor(vessel), *_walls(vessel)]
    area = sum(size[1] * size[2] for size, _, _ in plates)
    for size, position, rotation in plates:
        quat = np.empty(4)
        mujoco.mju_mat2Quat(quat, rotation.ravel())
        body.add_geom(
            type=mujoco.mjtGeom.mjGEOM_BOX,
            size=size,
            pos=position,
            quat=quat,
            mass=vessel.mass * size[1] * size[2] / area,
            group=hidden_group,
            condim=4,
            friction=[0.9, 0.02, 0.001],
        )


_Plate = tuple[tuple[float, float, float], np.ndarray, np.ndarray]
"""Half lengths [m] (the first is the thickness), middle (3,) [m], rotation (3, 3)."""


def _floor(vessel: Vessel) -> _Plate:
    """Return the largest rectangle in the foot; the walls stand around it."""
    inside = vessel.foot_radius / math.sqrt(2)
    half_x, half_y = (core + inside for core in vessel.core)
    x_is_up = np.array([[0.0, 0.0, -1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    return (vessel.wall / 2, half_y, half_x), np.array([0, 0, vessel.wall / 2]), x_is_up


def _walls(vessel: Vessel) -> list[_Plate]:
    """Return a plate for each side of the outline, from foot to rim."""
    foot = np.column_stack([vessel.outline(vessel.foot_radius, _PLATES), np.zeros(_PLATES)])
    rim = np.column_stack(
        [vessel.outline(vessel.rim_radius, _PLATES), np.full(_PLATES, vessel.height)]
    )
    plates = []
    for i in range(_PLATES):
        j = (i + 1) % _PLATES
        low, high = (foot[i] + foot[j]) / 2, (rim[i] + rim[j]) / 2
        width, length = np.linalg.norm(rim[j] - rim[i]), np.linalg.norm(high - low)
        side, up = (rim[j] - rim[i]) / width, (high - low) / length
        out = np.cross(side, up)
        middle = (low + high) / 2 - vessel.wall / 2 * out
        size = (vessel.wall / 2, float(width / 2), float(length / 2))
        plates.append((size, middle, np.column_stack([out, side, up])))
    return plates


def _skin(vessel: Vessel) -> tuple[np.ndarray, np.ndarray]:
    """Return the surface as vertices (N, 3) [m] and faces (M, 3), seen from outside."""
    foot, rim, height, wall = vessel.foot_radius, vessel.rim_radius, vessel.height, vessel.wall
    profile = [
        (foot - _LIP, 0.0),
        (foot, _LIP),
        (rim, height - _LIP),
        (rim - _LIP, height),
        (rim - wall + _LIP, height),
        (rim - wall, height - _LIP),
        (foot - wall + _LIP, wall + _LIP),
        (foot - wall - _LIP, wall),
    ]
    rings = [
        np.column_stack([vessel.outline(radius, _CORNERS), np.full(_CORNERS, z)])
        for radius, z in profile
    ]
    vertices = np.concatenate([*rings, [[0, 0, 0], [0, 0, wall]]])
    here = np.arange(_CORNERS)
    there = (here + 1) % _CORNERS
    faces = []
    for low in range(0, (len(rings) - 1) * _CORNERS, _CORNERS):
        high = low + _CORNERS
        faces.append(np.column_stack([low + here, low + there, high + there]))
        faces.append(np.column_stack([low + here, high + there, high + here]))
    below, above = len(vertices) - 2, len(vertices) - 1
    last = (len(rings) - 1) * _CORNERS
    faces.append(np.column_stack([there, here, np.full(_CORNERS, below)]))
    faces.append(np.column_stack([last + here, last + there, np.full(_CORNERS, above)]))
    return vertices, np.concatenate(faces)
