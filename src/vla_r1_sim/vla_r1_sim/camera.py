"""The RGB-D camera: pictures, metric depth, and who is where in the picture (ground truth).

All calls belong to one thread: a GL context does.
"""

from dataclasses import dataclass

import mujoco
import numpy as np

from vla_r1_sim.model import CAMERA

BASE_FRAME = 'base_link'
GROUPS_DRAWN = (1, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Intrinsics:
    """A pinhole camera: focal lengths and principal point [px]; pixel centres at integers."""

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float


@dataclass(frozen=True)
class Mounting:
    """Where the optical frame (x right, y down, z forward) is on the link that carries it."""

    link: str
    """'base_link' for a camera at the table."""
    rotation: np.ndarray
    """(3, 3), maps optical coordinates to the link's."""
    translation: np.ndarray
    """(3,) [m]"""


class Camera:
    """Renders one model through its camera.

    Args:
        model: a scene.
        width, height: of the pictures [px].
        antialiasing: samples per pixel, 0 for none; 4 doubles the time on a CPU.

    Attributes:
        intrinsics: of every picture.
        mounting: the optical frame on its link.
    """

    def __init__(
        self, model: mujoco.MjModel, width: int, height: int, *, antialiasing: int = 0
    ) -> None:
        self._model = model
        model.vis.quality.offsamples = antialiasing
        self._renderer = mujoco.Renderer(model, height=height, width=width)
        self._option = mujoco.MjvOption()
        self._option.geomgroup[:] = GROUPS_DRAWN
        self.intrinsics = intrinsics(model, width, height)
        self.mounting = mounting(model)

    def __enter__(self) -> 'Camera':
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the GL context."""
        self._renderer.close()

    def rgb(self, data: mujoco.MjData) -> np.ndarray:
        """Return (height, width, 3) uint8."""
        return self._render(data)

    def depth(self, data: mujoco.MjData) -> np.ndarray:
        """Return (height, width) float32, distance along the optical axis [m]."""
        self._renderer.enable_depth_rendering()
        try:
            return self._render(data)
        finally:
            self._renderer.disable_depth_rendering()

    def body_ids(self, data: mujoco.MjData) -> np.ndarray:
        """Return (height, width) int, MuJoCo's body id of what each pixel shows, -1 for sky."""
        self._renderer.enable_segmentation_rendering()
        try:
            segments = self._render(data)
        finally:
            self._renderer.disable_segmentation_rendering()
        is_geom = segments[..., 1] == mujoco.mjtObj.mjOBJ_GEOM
        return np.where(is_geom, self._model.geom_bodyid[segments[..., 0] * is_geom], -1)

    def _render(self, data: mujoco.MjData) -> np.ndarray:
        self._renderer.update_scene(data, camera=CAMERA, scene_option=self._option)
        return np.asarray(self._renderer.render())


def intrinsics(model: mujoco.MjModel, width: int, height: int) -> Intrinsics:
    """Return the intrinsics of the model's camera for a picture size.

    MuJoCo's optical axis meets the corner between the four middle pixels of an even-sized
    picture, which is (width - 1) / 2 when pixel centres are at integers.
    """
    focal = height / 2 / np.tan(np.radians(model.camera(CAMERA).fovy[0]) / 2)
    return Intrinsics(width, height, focal, focal, (width - 1) / 2, (height - 1) / 2)


def mounting(model: mujoco.MjModel) -> Mounting:
    """Return where the camera is; MuJoCo's camera axes are turned to the optical ones."""
    camera = model.camera(CAMERA)
    link = model.body(camera.bodyid[0]).name
    rotation = np.empty(9)
    mujoco.mju_quat2Mat(rotation, camera.quat)
    return Mounting(
        BASE_FRAME if link == 'world' else link,
        rotation.reshape(3, 3) * [1, -1, -1],
        camera.pos.copy(),
    )


class DepthNoise:
    """What a real depth camera does to depth: noise and holes, seeded.

    Args:
        seed: of the random generator.
        sigma: standard deviation [m].
        holes: share of the pixels without a measurement, in [0, 1].
    """

    def __init__(self, seed: int, *, sigma: float, holes: float) -> None:
        self._rng = np.random.default_rng(seed)
        self._sigma = sigma
        self._holes = holes

    def apply(self, depth: np.ndarray) -> np.ndarray:
        """Return a noisy copy of (height, width) float32 [m]; holes are NaN."""
        noisy: np.ndarray = depth + self._sigma * self._rng.standard_normal(
            depth.shape, dtype=np.float32
        )
        noisy[self._rng.random(depth.shape, dtype=np.float32) < self._holes] = np.nan
        return noisy
