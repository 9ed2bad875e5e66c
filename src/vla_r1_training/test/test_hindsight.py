"""Labels by hindsight against what the simulator knows; the robot was shown the right way."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from vla_r1_core.geometry import box_iou, CameraModel
from vla_r1_core.rewards import read_target
from vla_r1_core.types import Task
from vla_r1_training.bags.episode import GripperPath, Result
from vla_r1_training.labels.hindsight import hindsight, HindsightError, simplified

DISTORTION = (-0.28, 0.09, 0.001, -0.0015, 0.0)


def truth_of(episode, task):
    """What the simulator says, which knows the scene and not the motion."""
    (payload,) = [stated.payload for stated in episode.stated if stated.task is task]
    return read_target(payload, task)


def resampled(points, count=64):
    points = np.array(points)
    along = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))]
    even = np.linspace(0.0, along[-1], count)
    return np.column_stack([np.interp(even, along, points[:, k]) for k in (0, 1)])


def rmse(a, b):
    """Of points at even distances along two traces, as a part of the image."""
    return float(np.sqrt(((resampled(a) - resampled(b)) ** 2).sum(axis=1).mean()))


@pytest.mark.parametrize('name', ['reach', 'push'])
def test_the_trace_is_the_true_one_within_a_hundredth_of_the_image(episodes, name):
    episode = episodes[name]
    found = hindsight(episode, Task.TRAJECTORY, episode.view).trajectory
    assert rmse(found.points, truth_of(episode, Task.TRAJECTORY).trajectory.points) < 0.01


def test_what_is_carried_is_drawn_where_the_robot_was_told_to_carry_it(episodes):
    """Its own model drew this trace: around things, where the true one may go over them."""
    episode = episodes['place']
    (said,) = [said for said in episode.said if said.task is Task.TRAJECTORY]
    found = hindsight(episode, Task.TRAJECTORY, said.view).trajectory
    assert rmse(found.points, read_target(said.text, Task.TRAJECTORY).trajectory.points) < 0.01


@pytest.mark.parametrize('name', ['pick', 'place'])
def test_the_box_is_around_what_was_grasped(episodes, name):
    episode = episodes[name]
    found = hindsight(episode, Task.AFFORDANCE, episode.view).box
    assert box_iou(found, truth_of(episode, Task.AFFORDANCE).box) > 0.8


def distorted(view):
    """The same view through a lens that bends straight lines; depth is warped accordingly."""
    c = view.camera
    k = np.array([[c.fx, 0, c.cx], [0, c.fy, c.cy], [0, 0, 1]])
    pixels = np.dstack(np.meshgrid(np.arange(c.width), np.arange(c.height))).astype(np.float64)
    straight = cv2.undistortPoints(pixels.reshape(-1, 1, 2), k, np.array(DISTORTION), P=k)
    where = straight.reshape(c.height, c.width, 2).astype(np.float32)
    depth = cv2.remap(view.depth, where, None, cv2.INTER_NEAREST, borderValue=np.nan)
    camera = CameraModel(c.fx, c.fy, c.cx, c.cy, c.width, c.height, DISTORTION)
    return replace(view, depth=depth, camera=camera)


def bent(points, camera):
    """Where a lens shows image points (N, 2), by OpenCV."""
    k = np.array([[camera.fx, 0, camera.cx], [0, camera.fy, camera.cy], [0, 0, 1]])
    size = np.array([camera.width, camera.height])
    rays = np.column_stack([resampled(points) * size - 0.5, np.ones(64)]) @ np.linalg.inv(k).T
    pixels, _ = cv2.projectPoints(rays, np.zeros(3), np.zeros(3), k, np.array(DISTORTION))
    return (pixels[:, 0] + 0.5) / size


@pytest.mark.parametrize('name', ['reach', 'push'])
def test_the_lens_is_honoured(episodes, name):
    episode = episodes[name]
    straight = truth_of(episode, Task.TRAJECTORY).trajectory.points
    expected = bent(straight, episode.view.camera)
    found = hindsight(episode, Task.TRAJECTORY, distorted(episode.view)).trajectory
    off = rmse(found.points, expected)
    assert off < 0.01
    assert off < 0.3 * rmse(straight, expected), 'that the lens bends is no small matter here'


@pytest.mark.parametrize(
    ('change', 'reason'),
    [
        ({'outcome': Result(221, 'the gripper closed on nothing', 0)}, 'the motion failed'),
        ({'tool_path': None}, 'where the tool was'),
        ({'gripper': None}, 'when the gripper closed'),
        ({'gripper': GripperPath(np.arange(100) * 10**7, np.full(100, 0.05))}, 'did not close'),
        ({'instruction': 'push the thing away'}, 'a push shows no affordance'),
    ],
)
def test_a_motion_that_shows_nothing_gives_no_label(episodes, change, reason):
    episode = replace(episodes['pick'], **change)
    with pytest.raises(HindsightError, match=reason):
        hindsight(episode, Task.AFFORDANCE, episode.view)


def test_a_label_is_not_invented_where_nothing_stands(episodes):
    """The fingers closed, but where the image shows the bare table."""
    episode = episodes['pick']
    path = episode.tool_path.T_fixed_tool.copy()
    path[:, 1, 3] -= 0.5
    moved = replace(episode, tool_path=replace(episode.tool_path, T_fixed_tool=path))
    with pytest.raises(HindsightError, match='nothing stands out of the surface there'):
        hindsight(moved, Task.AFFORDANCE, moved.view)


def test_a_view_without_depth_or_calibration_is_refused(episodes):
    episode = episodes['reach']
    for missing in ('depth', 'camera', 'T_fixed_camera'):
        view = replace(episode.view, **{missing: None})
        with pytest.raises(HindsightError, match='are needed'):
            hindsight(episode, Task.TRAJECTORY, view)


def test_a_path_keeps_its_corners_and_loses_its_points():
    leg = np.linspace(0.2, 0.8, 300)
    legs = [np.column_stack([leg, 0 * leg + 0.2]), np.column_stack([0 * leg + 0.8, leg])]
    path = np.vstack(legs)
    rng = np.random.default_rng(0)
    found = simplified(path + 5e-4 * rng.standard_normal(path.shape), 640).points
    assert len(found) == 4  # three, and one that divides the longest piece
    assert rmse(found, path) < 0.003


def test_a_path_out_of_the_image_or_to_nowhere_is_refused():
    with pytest.raises(HindsightError, match='leaves the image'):
        simplified(np.array([[0.5, 0.5], [0.9, 1.1]]), 640)
    with pytest.raises(HindsightError, match='did not move'):
        simplified(np.full((50, 2), 0.4), 640)
