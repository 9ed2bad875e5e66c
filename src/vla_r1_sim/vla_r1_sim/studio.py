"""Pictures of many scenes, to learn from: one model and one GL context show them all.

A `World` and a `Camera` are compiled anew for each scene, which takes longer than the picture. A
studio has one model with as many things as a scene may have, and sets sizes, colours and places in
it. What it shows is a `World` before its first step, so things stand exactly where the scene says.
"""

import dataclasses
import math

import mujoco
import numpy as np
from vla_r1_core.types import Box

from vla_r1_sim.camera import GROUPS_DRAWN
from vla_r1_sim.clutter import ClutterSpec
from vla_r1_sim.containers import ContainerSpec, VESSELS
from vla_r1_sim.model import (
    CAMERA,
    camera_quat,
    headlight,
    KEY_LIGHT,
    key_light,
    KEY_LIGHT_TARGET,
    object_geom,
    TABLE_TEXTURE,
)
from vla_r1_sim.outline import outline
from vla_r1_sim.robots import Robot, UR5E
from vla_r1_sim.scene import make_scene
from vla_r1_sim.scene_spec import ObjectSpec, SceneSpec
from vla_r1_sim.surfaces import table_texture
from vla_r1_sim.view import View
from vla_r1_sim.vocabulary import COLORS
from vla_r1_sim.world import World

MOST_OBJECTS = 6
MOST_CLUTTER = 3


class Studio:
    """Shows scenes; all calls belong to one thread, as a GL context does.

    Args:
        width, height: of the pictures [px].
        antialiasing: samples per pixel, 0 for none.
        robot: which arm stands at the table.

    Attributes:
        scene: what is shown at present.
        view: its camera.
    """

    def __init__(
        self, width: int, height: int, *, antialiasing: int = 0, robot: Robot = UR5E
    ) -> None:
        world = World(_full_scene(), robot)
        world.model.geom_sameframe[:] = 0  # or the places of geoms on the world are not read
        self._model, self._data = world.model, world.data
        self._tool = world.tool_position()
        self._width, self._height = width, height
        self._context = mujoco.GLContext(width, height)
        self._context.make_current()
        self._model.vis.global_.offwidth, self._model.vis.global_.offheight = width, height
        self._model.vis.quality.offsamples = antialiasing
        self._gl = mujoco.MjrContext(self._model, mujoco.mjtFontScale.mjFONTSCALE_100)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._gl)
        self._drawn = mujoco.MjvScene(self._model, maxgeom=1000)
        self._option = mujoco.MjvOption()
        self._option.geomgroup[:] = GROUPS_DRAWN
        self._eye = mujoco.MjvCamera()
        self._eye.type = mujoco.mjtCamera.mjCAMERA_FIXED
        self._eye.fixedcamid = self._model.camera(CAMERA).id
        self.show(world.scene)

    def __enter__(self) -> 'Studio':
        return self

    def __exit__(self, *_: object) -> None:
        self._gl.free()
        self._context.free()

    def show(self, scene: SceneSpec) -> None:
        """Set up a scene.

        Raises:
            ValueError: it has more things than there is room for, or a camera on the wrist.
        """
        if len(scene.objects) > MOST_OBJECTS or len(scene.clutter) > MOST_CLUTTER:
            raise ValueError(
                f'at most {MOST_OBJECTS} objects and {MOST_CLUTTER} pieces of clutter'
            )
        if scene.wrist_camera:
            raise ValueError('a studio has its camera at the table')
        self.scene = scene
        self.view = View(scene.camera, self._width / self._height)
        for i in range(MOST_OBJECTS):
            self._set_object(f'object_{i}', scene.objects[i] if i < len(scene.objects) else None)
        for i in range(MOST_CLUTTER):
            self._set_clutter(f'clutter_{i}', scene.clutter[i] if i < len(scene.clutter) else None)
        containers = {item.name: item for item in scene.containers}
        for name in VESSELS:
            self._set_container(name, containers.get(name))
        self._set_looks(scene)
        mujoco.mj_kinematics(self._model, self._data)
        mujoco.mj_camlight(self._model, self._data)

    def rgb(self) -> np.ndarray:
        """Return the picture, (height, width, 3) uint8."""
        self._context.make_current()
        mujoco.mjv_updateScene(
            self._model, self._data, self._option, None, self._eye,
            mujoco.mjtCatBit.mjCAT_ALL, self._drawn,
        )  # fmt: skip
        area = mujoco.MjrRect(0, 0, self._width, self._height)
        mujoco.mjr_render(area, self._drawn, self._gl)
        picture = np.empty((self._height, self._width, 3), np.uint8)
        mujoco.mjr_readPixels(picture, None, area, self._gl)
        return picture[::-1]

    def box(self, name: str) -> Box | None:
        """Return the box around a thing in the picture; None when it is not wholly in it.

        Things hide nothing of each other, see `layout.too_close`.
        """
        item = next(item for item in self.scene.things if item.name == name)
        points = self.view.project(outline(item, np.array(self.scene.camera.position)))
        (left, top), (right, bottom) = points.min(0), points.max(0)
        if min(left, top) < 0.0 or max(right, bottom) > 1.0:
            return None
        return Box.from_corners(*(float(v) for v in (left, top, right, bottom)))

    def object_position(self, name: str) -> np.ndarray:
        """Return an object's centre, or that of a container's foot, (3,) [m], in base_link."""
        item = next(item for item in self.scene.things if item.name == name)
        z = item.size[2] if isinstance(item, ObjectSpec) else 0.0
        return np.array([item.x, item.y, z])

    def tool_position(self) -> np.ndarray:
        """Return where the gripper's middle is, (3,) [m], in base_link."""
        return self._tool.copy()

    def _set_object(self, slot: str, item: ObjectSpec | None) -> None:
        geom = self._model.geom(slot)
        geom.rgba[3] = 0.0  # not drawn
        if item is None:
            return
        geom.type[0], geom.size[:] = object_geom(item)
        geom.rbound[0] = np.linalg.norm(item.size)
        geom.rgba[:] = *COLORS[item.color], 1.0
        self._put(slot, (item.x, item.y, item.size[2]), item.yaw)

    def _set_container(self, name: str, item: ContainerSpec | None) -> None:
        self._model.geom(name).rgba[3] = item is not None
        if item is not None:
            self._put(name, (item.x, item.y, 0.0), item.yaw)

    def _set_clutter(self, slot: str, piece: ClutterSpec | None) -> None:
        geom = self._model.geom(slot)
        geom.rgba[3] = 0.0
        if piece is None:
            return
        geom.type[0], geom.size[:], z = piece.geom
        geom.rbound[0] = np.linalg.norm(geom.size)
        geom.rgba[:] = piece.rgba
        geom.pos[:], geom.quat[:] = (piece.x, piece.y, z), _upright(piece.yaw)

    def _put(self, body: str, position: tuple[float, float, float], yaw: float) -> None:
        first = self._model.joint(self._model.body(body).jntadr[0]).qposadr[0]
        self._data.qpos[first : first + 7] = [*position, *_upright(yaw)]

    def _set_looks(self, scene: SceneSpec) -> None:
        model = self._model
        camera, light = model.camera(CAMERA), model.light(KEY_LIGHT)
        camera.pos[:], camera.quat[:] = scene.camera.position, camera_quat(scene.camera)
        camera.fovy[0] = math.degrees(scene.camera.fovy)
        light.pos[:], light.diffuse[:] = key_light(scene)
        light.dir[:] = KEY_LIGHT_TARGET - light.pos
        light.dir[:] /= np.linalg.norm(light.dir)
        model.vis.headlight.ambient, model.vis.headlight.diffuse = headlight(scene)
        texture = model.texture(TABLE_TEXTURE)
        texture.data[:] = table_texture(scene.surface, scene.wood, scene.seed)
        self._context.make_current()
        mujoco.mjr_uploadTexture(model, self._gl, texture.id)


def _full_scene() -> SceneSpec:
    """Return a scene with one of everything that may ever be shown."""
    scene = make_scene(0)
    first = scene.objects[0]
    return dataclasses.replace(
        scene,
        objects=tuple(
            dataclasses.replace(first, name=f'object_{i}', y=0.1 * i) for i in range(MOST_OBJECTS)
        ),
        containers=tuple(ContainerSpec(name, 0.5, 0.3 * i, 0.0) for i, name in enumerate(VESSELS)),
        clutter=tuple(ClutterSpec('mug', 0.3, 0.0, 0.0, 0.5) for _ in range(MOST_CLUTTER)),
    )


def _upright(yaw: float) -> tuple[float, float, float, float]:
    """Return wxyz of a turn about the vertical."""
    return math.cos(yaw / 2), 0.0, 0.0, math.sin(yaw / 2)
