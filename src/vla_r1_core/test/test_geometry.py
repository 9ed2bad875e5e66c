"""Projection, distortion, transforms and boxes, checked against OpenCV's definition."""

import math

import cv2
from hypothesis import assume, given
from hypothesis import strategies as st
import numpy as np
import pytest
from vla_r1_core.geometry import (
    box_iou,
    CameraModel,
    matrix_from_pose,
    quat_from_matrix,
    transform_points,
)
from vla_r1_core.types import Box

PLUMB = CameraModel(610.0, 605.0, 318.5, 243.2, 640, 480, (0.12, -0.23, 0.001, -0.0006, 0.05))
RATIONAL = CameraModel(
    505.0, 505.3, 322.0, 331.0, 640, 576,
    (0.6, -0.3, 2e-4, -1e-4, 0.07, 0.9, -0.25, 0.05), 'rational_polynomial',
)  # fmt: skip
unit = st.floats(-1.0, 1.0)


@pytest.mark.parametrize('camera', [PLUMB, RATIONAL])
def test_projection_equals_opencv(camera):
    rng = np.random.default_rng(0)
    points = rng.uniform([-0.4, -0.3, 0.5], [0.4, 0.3, 2.0], (200, 3))
    k = np.array([[camera.fx, 0, camera.cx], [0, camera.fy, camera.cy], [0, 0, 1]])
    expected, _ = cv2.projectPoints(
        points, np.zeros(3), np.zeros(3), k, np.array(camera.distortion)
    )
    assert np.allclose(camera.project(points), expected[:, 0], atol=1e-9)


@pytest.mark.parametrize('camera', [PLUMB, RATIONAL])
@given(u=st.floats(0, 639), v=st.floats(0, 479), z=st.floats(0.05, 10.0))
def test_deprojection_inverts_projection_everywhere_in_the_image(camera, u, v, z):
    point = camera.deproject([[u, v]], [z])
    assert point[0, 2] == z
    assert np.allclose(camera.project(point), [[u, v]], atol=1e-5)


def test_without_distortion_the_principal_point_looks_along_the_optical_axis():
    camera = CameraModel(500.0, 500.0, 320.0, 240.0, 640, 480)
    assert np.allclose(camera.deproject([[320.0, 240.0]], [2.0]), [[0.0, 0.0, 2.0]])
    assert np.allclose(camera.deproject([[820.0, 240.0]], [2.0]), [[2.0, 0.0, 2.0]])


@pytest.mark.parametrize('depth', [math.nan, math.inf, 0.0, -1.0])
def test_invalid_depth_gives_no_point(depth):
    assert np.isnan(PLUMB.deproject([[10.0, 10.0]], [depth])).all()


def test_a_point_behind_the_camera_has_no_pixel():
    assert np.isnan(PLUMB.project([[0.0, 0.0, -1.0], [0.0, 0.0, 0.0]])).all()


def test_a_pixel_that_no_ray_reaches_gives_no_point():
    barrel = CameraModel(500.0, 500.0, 320.0, 240.0, 640, 480, (-0.5, 0.0, 0.0, 0.0, 0.0))
    assert np.isnan(barrel.deproject([[1200.0, 240.0]], [1.0])).all()


def test_a_calibration_message_makes_the_same_camera():
    k = [610.0, 0.0, 318.5, 0.0, 605.0, 243.2, 0.0, 0.0, 1.0]
    assert CameraModel.from_calibration(k, PLUMB.distortion, 640, 480, 'plumb_bob') == PLUMB


def test_an_uncalibrated_camera_is_refused():
    with pytest.raises(ValueError, match='not calibrated'):
        CameraModel.from_calibration([0.0] * 9, [], 640, 480)


def test_an_unknown_distortion_model_names_the_supported_ones():
    with pytest.raises(ValueError, match='plumb_bob, rational_polynomial'):
        CameraModel(500.0, 500.0, 0.0, 0.0, 640, 480, (), 'equidistant')


def test_a_wrong_number_of_coefficients_is_refused():
    with pytest.raises(ValueError, match='takes 5 coefficients, not 8'):
        CameraModel(500.0, 500.0, 0.0, 0.0, 640, 480, (0.0,) * 8)


@given(unit, unit, unit, unit)
def test_quaternion_and_matrix_are_inverse_up_to_sign(x, y, z, w):
    q = np.array([x, y, z, w])
    assume(np.linalg.norm(q) > 1e-3)
    q /= np.linalg.norm(q)
    matrix = matrix_from_pose([1.0, 2.0, 3.0], q)
    assert np.allclose(matrix[:3, :3] @ matrix[:3, :3].T, np.eye(3), atol=1e-9)
    assert np.linalg.det(matrix[:3, :3]) == pytest.approx(1.0)
    assert abs(float(q @ quat_from_matrix(matrix))) == pytest.approx(1.0)


def test_a_quarter_turn_about_z_maps_x_to_y():
    turn = matrix_from_pose(
        [0.0, 0.0, 1.0], [0.0, 0.0, math.sin(math.pi / 4), math.cos(math.pi / 4)]
    )
    assert np.allclose(transform_points(turn, [[1.0, 0.0, 0.0]]), [[0.0, 1.0, 1.0]])


def test_a_zero_quaternion_is_refused():
    with pytest.raises(ValueError, match='not a rotation'):
        matrix_from_pose([0, 0, 0], [0, 0, 0, 0])


def test_box_iou_of_half_overlapping_boxes_is_a_third():
    a, b = Box(0.5, 0.5, 0.2, 0.2), Box(0.6, 0.5, 0.2, 0.2)
    assert box_iou(a, b) == pytest.approx(1 / 3)
    assert box_iou(a, a) == pytest.approx(1.0)
    assert box_iou(a, Box(0.1, 0.1, 0.1, 0.1)) == 0.0
    assert box_iou(Box(0.5, 0.5, 0.0, 0.0), Box(0.5, 0.5, 0.0, 0.0)) == 0.0
