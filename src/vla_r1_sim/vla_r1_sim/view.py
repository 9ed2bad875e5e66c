"""Where places on the table appear in the picture, by the scene's own camera.

Picture coordinates are in [0, 1]: x right, y down, (0, 0) the top-left corner.
"""

import math

import numpy as np

from vla_r1_sim.scene_spec import CameraSpec


class View:
    """The pinhole projection of a scene's camera.

    Args:
        camera: of a scene.
        aspect: width over height of the picture.
    """

    def __init__(self, camera: CameraSpec, aspect: float = 4 / 3) -> None:
        self._position = np.array(camera.position)
        forward = np.subtract(camera.target, camera.position)
        forward /= np.linalg.norm(forward)
        right = np.cross(forward, [0, 0, 1])
        right /= np.linalg.norm(right)
        self._axes = np.array([right, np.cross(forward, right), forward])
        """(3, 3), rows: the picture's x and y and the line of sight, in base_link."""
        half_height = math.tan(camera.fovy / 2)
        self._half_size = np.array([aspect * half_height, half_height])

    def project(self, points: np.ndarray) -> np.ndarray:
        """Return (N, 2) picture coordinates of (N, 3) points [m] in base_link."""
        seen = (np.asarray(points) - self._position) @ self._axes.T
        return np.asarray(0.5 + 0.5 * seen[:, :2] / seen[:, 2:] / self._half_size)

    def place(self, point: np.ndarray, height: float) -> np.ndarray:
        """Return (3,) [m] in base_link: what a picture point (2,) shows at a height [m]."""
        x, y = (2 * np.asarray(point) - 1) * self._half_size
        ray = np.array([x, y, 1.0]) @ self._axes
        return np.asarray(self._position + (height - self._position[2]) / ray[2] * ray)

    def table_direction(
        self, place: tuple[float, float, float], way: tuple[float, float]
    ) -> np.ndarray:
        """Return the unit vector (2,) on the table that looks like `way` in the picture.

        Args:
            place: where it starts [m], in base_link: perspective matters.
            way: in the picture, in square units such as pixels.
        """
        start = self.project(np.array([place]))[0]
        step = 0.01 * np.array(way) / self._half_size
        along = self.place(start + step, place[2]) - place
        return np.asarray(along[:2] / np.linalg.norm(along[:2]))
