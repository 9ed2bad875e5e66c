"""What stands on a table, in depth images that are computed from known cuboids."""

import numpy as np
import pytest
from vla_r1_core.geometry import box_iou, CameraModel
from vla_r1_core.types import Box
from vla_r1_training.bags.episode import Picture, View
from vla_r1_training.labels.ground import Ground, GroundError

CAMERA = CameraModel(550.0, 550.0, 319.5, 239.5, 640, 480)
TABLE = ((-0.6, -0.6, -0.05), (0.6, 0.6, 0.0))


def look_at(eye, target):
    z = np.subtract(target, eye) / np.linalg.norm(np.subtract(target, eye))
    x = np.cross(z, (0.0, 0.0, 1.0))
    x /= np.linalg.norm(x)
    T = np.eye(4)
    T[:3, :3] = np.column_stack([x, np.cross(z, x), z])
    T[:3, 3] = eye
    return T


T_FIXED_CAMERA = look_at((1.1, 0.0, 0.8), (0.0, 0.0, 0.0))


def cuboid(x, y, z, half_x, half_y, half_z):
    return np.array([[x - half_x, y - half_y, z - half_z], [x + half_x, y + half_y, z + half_z]])


def seen(*solids, noise=0.001, holes=0.005):
    """The view of a table with cuboids on and above it: depth by where each ray enters one."""
    u, v = np.meshgrid(np.arange(640), np.arange(480))
    rays = np.dstack([(u - CAMERA.cx) / CAMERA.fx, (v - CAMERA.cy) / CAMERA.fy, np.ones_like(u)])
    rays = rays @ T_FIXED_CAMERA[:3, :3].T
    eye = T_FIXED_CAMERA[:3, 3]
    depth = np.full(u.shape, np.inf)
    for low, high in (TABLE, *solids):
        with np.errstate(divide='ignore'):
            near, far = (np.array(low) - eye) / rays, (np.array(high) - eye) / rays
        enter = np.minimum(near, far).max(axis=2)
        leave = np.maximum(near, far).min(axis=2)
        depth = np.where((enter < leave) & (enter > 0), np.minimum(depth, enter), depth)
    rng = np.random.default_rng(0)
    depth = depth + noise * rng.standard_normal(depth.shape)
    depth[~np.isfinite(depth) | (rng.random(depth.shape) < holes)] = np.nan
    picture = Picture(b'', 640, 480)
    return View(0, 'camera', picture, depth.astype(np.float32), CAMERA, T_FIXED_CAMERA)


def outline(solid):
    """The box around the corners of a cuboid."""
    corners = np.array(
        [[solid[i][0], solid[j][1], solid[k][2]] for i, j, k in np.ndindex(2, 2, 2)]
    )
    points = Ground(seen()).project(corners)
    return Box.from_corners(*points.min(axis=0), *points.max(axis=0))


CUBE = cuboid(0.1, 0.0, 0.025, 0.025, 0.025, 0.025)
BEHIND = cuboid(0.02, 0.01, 0.04, 0.03, 0.03, 0.04)
HAND = cuboid(0.1, 0.25, 0.25, 0.03, 0.05, 0.10)


@pytest.mark.parametrize('solid', [CUBE, BEHIND, cuboid(0.2, -0.3, 0.01, 0.1, 0.02, 0.01)])
def test_the_box_is_around_what_stands_there(solid):
    ground = Ground(seen(solid))
    thing = ground.thing_at(solid[:, :2].mean(axis=0))
    assert box_iou(thing.box, outline(solid)) > 0.85
    assert thing.top == pytest.approx(solid[1][2], abs=0.004)


def test_things_that_overlap_in_the_image_are_kept_apart():
    ground = Ground(seen(CUBE, BEHIND))
    front, back = outline(CUBE).corners, outline(BEHIND).corners
    assert front[1] < back[3], 'the test must let them overlap'
    assert front[0] < back[2]
    assert back[0] < front[2]
    assert box_iou(ground.thing_at(np.array([0.1, 0.0])).box, outline(CUBE)) > 0.85


def test_the_surface_is_found_beside_and_below_things():
    ground = Ground(seen(CUBE, BEHIND, HAND))
    for place in ((0.1, 0.0), (-0.1, 0.0), (0.3, 0.3), (0.1, 0.25)):
        assert ground.surface_height(np.array(place)) == pytest.approx(0.0, abs=0.001)


def test_what_is_seen_at_a_place_is_the_thing_or_the_surface():
    ground = Ground(seen(CUBE))
    assert ground.seen_height(np.array([0.1, 0.0])) == pytest.approx(0.05, abs=0.002)
    assert ground.seen_height(np.array([0.3, 0.2])) == pytest.approx(0.0, abs=0.001)


def test_what_hangs_above_the_table_does_not_stand_on_it():
    """The robot's own hand at rest, say."""
    ground = Ground(seen(CUBE, HAND))
    hand = HAND[:, :2].mean(axis=0)
    with pytest.raises(GroundError, match='nothing stands'):
        ground.thing_at(hand)
    assert ground.seen_height(hand) == pytest.approx(0.0, abs=0.001)
    assert box_iou(ground.thing_at(np.array([0.1, 0.0])).box, outline(CUBE)) > 0.85


def test_the_bare_table_holds_nothing_and_the_void_has_no_surface():
    ground = Ground(seen(CUBE))
    with pytest.raises(GroundError, match='nothing stands'):
        ground.thing_at(np.array([0.3, 0.2]))
    with pytest.raises(GroundError, match='no depth was measured'):
        ground.surface_height(np.array([0.0, 5.0]))


def test_projection_is_from_edge_to_edge():
    """The optical axis meets the middle of the image."""
    ground = Ground(seen())
    axis = T_FIXED_CAMERA[:3, 3] + 0.7 * T_FIXED_CAMERA[:3, 2]
    assert ground.project(axis[None])[0] == pytest.approx((0.5, 0.5))
