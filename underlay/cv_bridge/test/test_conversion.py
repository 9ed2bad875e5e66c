"""From one encoding to another."""

import cv2
from cv_bridge import CvBridge, CvBridgeError
import numpy as np
import pytest

BRIDGE = CvBridge()


def convert(image, source, target):
    return BRIDGE.imgmsg_to_cv2(BRIDGE.cv2_to_imgmsg(np.asarray(image), source), target)


RED_GREEN = np.array([[[255, 0, 0], [0, 255, 0]]], np.uint8)


def test_rgb_and_bgr_swap():
    np.testing.assert_array_equal(convert(RED_GREEN, 'rgb8', 'bgr8'), RED_GREEN[..., ::-1])
    np.testing.assert_array_equal(convert(RED_GREEN, 'bgr8', 'rgb8'), RED_GREEN[..., ::-1])


def test_alpha_is_added_opaque_and_dropped():
    with_alpha = convert(RED_GREEN, 'rgb8', 'bgra8')
    assert with_alpha[0, 0].tolist() == [0, 0, 255, 255]
    np.testing.assert_array_equal(convert(with_alpha, 'bgra8', 'rgb8'), RED_GREEN)


def test_grey_weighs_the_colours_as_the_eye_does():
    assert convert(RED_GREEN, 'rgb8', 'mono8').tolist() == [[76, 150]]
    assert convert(np.full((1, 1), 7, np.uint8), 'mono8', 'rgb8').tolist() == [[[7] * 3]]


@pytest.mark.parametrize('target', ['mono16', 'rgb16'])
def test_eight_bits_span_the_range_of_sixteen(target):
    grey = np.array([[0, 1, 128, 255]], np.uint8)
    found = convert(grey, 'mono8', target)
    assert found.dtype == np.uint16
    assert found.reshape(4, -1)[:, 0].tolist() == [0, 257, 128 * 257, 65535]


def test_sixteen_bits_are_rounded_to_eight():
    grey = np.array([[0, 128, 129, 257 * 200 + 128, 65535]], np.uint16)
    assert convert(grey, 'mono16', 'mono8').tolist() == [[0, 0, 1, 200, 255]]
    assert convert(grey, '16UC1', '8UC1').tolist() == [[0, 0, 1, 200, 255]]


def test_depth_keeps_its_value_in_another_type():
    millimetres = np.array([[0, 1, 1500, 65535]], np.uint16)
    found = convert(millimetres, '16UC1', '32FC1')
    assert found.dtype == np.float32
    assert found.tolist() == [[0.0, 1.0, 1500.0, 65535.0]]


def test_floats_are_rounded_to_even_and_limited_to_the_range():
    values = np.array([[0.4, 0.5, 1.5, 2.6, -3.0, 70000.0]], np.float32)
    assert convert(values, '32FC1', '16UC1').tolist() == [[0, 0, 2, 3, 0, 65535]]
    assert convert(values, '32FC1', '16SC1').tolist() == [[0, 0, 2, 3, -3, 32767]]


def test_depth_that_is_not_a_number_becomes_zero():
    values = np.full((4, 32), np.nan, np.float32)
    values[1], values[2], values[3] = np.inf, -np.inf, 1e10
    assert not convert(values, '32FC1', '16UC1').any()


@pytest.mark.parametrize(('source', 'target'), [('rgb8', '8UC3'), ('mono16', '16UC1')])
def test_colours_become_plain_numbers_of_as_many_channels(source, target):
    channels = 3 if source == 'rgb8' else 1
    image = np.arange(2 * 2 * channels, dtype='uint8' if channels == 3 else 'uint16')
    image = image.reshape((2, 2, 3) if channels == 3 else (2, 2))
    msg = BRIDGE.cv2_to_imgmsg(image, source)
    found = BRIDGE.imgmsg_to_cv2(msg, target)
    np.testing.assert_array_equal(found, image)
    assert not np.shares_memory(found, BRIDGE.imgmsg_to_cv2(msg))


@pytest.mark.parametrize(
    ('pattern', 'red_at'),
    [('rggb', (0, 0)), ('bggr', (1, 1)), ('gbrg', (1, 0)), ('grbg', (0, 1))],
)
@pytest.mark.parametrize('bits', [8, 16])
def test_bayer_patterns_know_where_red_is(pattern, red_at, bits):
    full = 2**bits - 1
    mosaic = np.zeros((16, 16), f'uint{bits}')
    mosaic[red_at[0] :: 2, red_at[1] :: 2] = full
    rgb = convert(mosaic, f'bayer_{pattern}{bits}', f'rgb{bits}')
    assert rgb[8, 8].tolist() == [full, 0, 0]
    bgr = convert(mosaic, f'bayer_{pattern}{bits}', 'bgr8')
    assert bgr[8, 8].tolist() == [0, 0, 255]
    assert convert(mosaic, f'bayer_{pattern}{bits}', 'mono8').shape == (16, 16)


@pytest.mark.parametrize(('encoding', 'luma', 'chroma'), [('yuv422', 1, 0), ('yuv422_yuy2', 0, 1)])
def test_yuv422_holds_luma_and_shared_chroma(encoding, luma, chroma):
    image = np.full((2, 4, 2), 128, np.uint8)
    image[..., luma] = 126  # of 16 ... 235
    assert convert(image, encoding, 'mono8').tolist() == [[126] * 4] * 2
    assert convert(image, encoding, 'rgb8')[0, 0].tolist() == [128, 128, 128]
    image[:, 1::2, chroma] = 255  # V, the second chroma sample of a pair: towards red
    red, green, blue = convert(image, encoding, 'rgb8')[0, 0].tolist()
    assert red > 250
    assert green < 64
    assert blue == 128
    assert convert(image, encoding, 'bgr8')[0, 0].tolist() == [blue, green, red]
    assert convert(image, encoding, 'bgra8')[0, 0].tolist() == [blue, green, red, 255]


def test_padding_survives_no_conversion():
    padded = np.zeros((2, 4, 3), np.uint8)
    padded[:, :2] = RED_GREEN
    msg = BRIDGE.cv2_to_imgmsg(padded, 'rgb8')
    msg.width = 2
    assert BRIDGE.imgmsg_to_cv2(msg, 'bgr8').tolist() == [[[0, 0, 255], [0, 255, 0]]] * 2


@pytest.mark.parametrize(
    ('source', 'target'),
    [
        ('16UC1', 'mono16'),
        ('32FC1', 'mono8'),
        ('8UC3', 'bgr8'),
        ('rgb8', '8UC1'),
        ('16UC1', '32FC2'),
        ('rgb8', 'yuv422'),
        ('rgb8', 'bayer_rggb8'),
        ('bayer_rggb8', 'rgba8'),
        ('bayer_rggb8', 'bayer_rggb16'),
        ('yuv422', 'yuv422_yuy2'),
        ('rgb8', 'no_such_encoding'),
    ],
)
def test_a_conversion_without_meaning_is_refused(source, target):
    dtype, channels = BRIDGE.encoding_to_dtype_with_channels(source)
    image = np.zeros((4, 4) if channels == 1 else (4, 4, channels), dtype)
    with pytest.raises(CvBridgeError):
        convert(image, source, target)


def test_a_bayer_image_of_another_depth_agrees_with_opencv():
    mosaic = np.random.default_rng(0).integers(0, 65536, (8, 8), np.uint16)
    expected = cv2.cvtColor(mosaic, cv2.COLOR_BayerBG2RGB)
    np.testing.assert_array_equal(convert(mosaic, 'bayer_rggb16', 'rgb16'), expected)
