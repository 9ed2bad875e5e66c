"""A tiny analytic depth camera: what grounding must recover is known exactly."""

from dataclasses import dataclass, field, replace
from pathlib import Path
import sys

import numpy as np
import pytest
from vla_r1_core.geometry import CameraModel, transform_points
from vla_r1_core.types import Box
from vla_r1_planner.depth import DepthView

sys.path.append(str(Path(__file__).parent))  # for `planner_cell`, which lies beside the tests


def look_at(eye, target):
    """(4, 4) optical frame (x right, y down, z forward) in the base frame."""
    z = np.subtract(target, eye) / np.linalg.norm(np.subtract(target, eye))
    x = np.cross(z, (0.0, 0.0, 1.0))
    x /= np.linalg.norm(x)
    T = np.eye(4)
    T[:3, :3] = np.column_stack([x, np.cross(z, x), z])
    T[:3, 3] = eye
    return T


def camera_of(width=640, height=480, distortion=()):
    return CameraModel(
        fx=0.95 * width, fy=0.95 * width, cx=(width - 1) / 2, cy=(height - 1) / 2,
        width=width, height=height, distortion=distortion, model='plumb_bob',
    )  # fmt: skip


@dataclass
class Scene:
    """Solids on a table at z = table, seen from `eye`."""

    camera: CameraModel = field(default_factory=camera_of)
    eye: tuple = (1.05, 0.1, 0.65)
    target: tuple = (0.5, 0.0, 0.0)
    table: float = 0.0
    solids: list = field(default_factory=list)

    def box(self, xy, size, yaw=0.0):
        return self._with(('box', np.array([*xy, self.table + size[2] / 2]), size, yaw))

    def ball(self, xy, radius):
        return self._with(('ball', np.array([*xy, self.table + radius]), radius, 0.0))

    def cylinder(self, xy, radius, height):
        centre = np.array([*xy, self.table + height / 2])
        return self._with(('cylinder', centre, (radius, height), 0.0))

    def _with(self, solid):
        return replace(self, solids=[*self.solids, solid])

    @property
    def T_base_camera(self):
        return look_at(self.eye, self.target)

    def render(self, noise=0.0, seed=0):
        """Return a DepthView, and one (H, W) mask per solid."""
        camera, T = self.camera, self.T_base_camera
        u, v = np.meshgrid(np.arange(camera.width), np.arange(camera.height))
        pixels = np.stack([u.ravel(), v.ravel()], 1)
        rays = camera.deproject(pixels, np.ones(len(pixels))) @ T[:3, :3].T
        with np.errstate(all='ignore'):
            hits = [(self.table - T[2, 3]) / rays[:, 2]]
            hits += [_hit(solid, T[:3, 3], rays) for solid in self.solids]
        hits = np.nan_to_num(np.where(np.array(hits) > 0, hits, np.inf), nan=np.inf)
        nearest = hits.argmin(0).reshape(v.shape)
        depth = hits.min(0).reshape(v.shape)
        depth += np.random.default_rng(seed).normal(0, noise, depth.shape) if noise else 0
        view = DepthView(depth.astype(np.float32), camera, T)
        return view, [nearest == i + 1 for i in range(len(self.solids))]

    def pixel(self, xyz):
        """Normalized image coordinates of a point in the base frame."""
        point = transform_points(np.linalg.inv(self.T_base_camera), np.array([xyz]))
        px = self.camera.project(point)[0]
        return tuple((px + 0.5) / (self.camera.width, self.camera.height))


def box_of(mask):
    """The tight normalized Box around a mask."""
    rows, cols = np.nonzero(mask)
    h, w = mask.shape
    return Box.from_corners(
        cols.min() / w, rows.min() / h, (cols.max() + 1) / w, (rows.max() + 1) / h
    )


def end_table(view, beyond):
    """Let the floor be seen where `beyond` says of (H, W, 3) points that the table has ended."""
    rows, cols = np.indices(view.depth.shape)
    pixels = np.column_stack([cols.ravel(), rows.ravel()])
    in_camera = view.camera.deproject(pixels, view.depth.ravel().astype(float))
    points = transform_points(view.T_base_camera, in_camera).reshape(*view.depth.shape, 3)
    view.depth[beyond(points)] += 0.7


def _hit(solid, origin, rays):
    kind, centre, size, yaw = solid
    c, s = np.cos(yaw), np.sin(yaw)
    to_local = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
    o, d = to_local @ (origin - centre), rays @ to_local.T
    if kind == 'ball':
        return _quadratic((d * d).sum(1), 2 * d @ o, o @ o - size**2)
    if kind == 'box':
        half = np.array(size) / 2
        a, b = (-half - o) / d, (half - o) / d
        near, far = np.minimum(a, b).max(1), np.maximum(a, b).min(1)
        return np.where(near < far, near, np.inf)
    radius, height = size
    side = _quadratic((d[:, :2] ** 2).sum(1), 2 * d[:, :2] @ o[:2], o[:2] @ o[:2] - radius**2)
    side = np.where(np.abs(o[2] + side * d[:, 2]) <= height / 2, side, np.inf)
    cap = (height / 2 - o[2]) / d[:, 2]
    on_cap = np.linalg.norm(o[:2] + cap[:, None] * d[:, :2], axis=1) <= radius
    return np.minimum(side, np.where(on_cap, cap, np.inf))


def _quadratic(a, b, c):
    root = b * b - 4 * a * c
    return np.where(root > 0, (-b - np.sqrt(np.maximum(root, 0))) / (2 * a), np.inf)


@pytest.fixture
def scene():
    """An empty table; add solids with .box, .ball, .cylinder."""
    return Scene()


@pytest.fixture
def camera_with():
    return camera_of


@pytest.fixture
def tight_box():
    return box_of


@pytest.fixture
def table_ends():
    return end_table


@pytest.fixture(scope='module')
def cell(tmp_path_factory):
    """Simulator, move_group, reasoner and planner; imported here, as most tests need no ROS."""
    from planner_cell import running_cell

    with running_cell(tmp_path_factory.mktemp('cell')) as cell:
        yield cell
