"""Every encoding gives the same picture, every depth the same metres."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from vla_r1_training.bags.images import (
    encode_depth,
    ImageError,
    is_depth,
    read_depth,
    read_picture,
    rgb_of,
)

WIDTH, HEIGHT = 32, 24


@pytest.fixture
def rgb():
    """A smooth picture: what halves the resolution of colours changes it little."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(float)
    channels = [40 + 5 * x, 200 - 4 * y, 90 + 2 * x + 2 * y]
    return np.dstack(channels).clip(0, 255).astype(np.uint8)


def message(pixels, encoding, *, padding=0, bigendian=0):
    rows = pixels.reshape(HEIGHT, -1).view(np.uint8)
    padded = np.pad(rows, ((0, 0), (0, padding)), constant_values=7)
    return SimpleNamespace(
        height=HEIGHT, width=WIDTH, encoding=encoding, is_bigendian=bigendian,
        step=padded.shape[1], data=padded.ravel(),
    )  # fmt: skip


def mosaic(rgb, pattern):
    flat = np.empty((HEIGHT, WIDTH), np.uint8)
    for i, color in enumerate(pattern):
        flat[i // 2 :: 2, i % 2 :: 2] = rgb[i // 2 :: 2, i % 2 :: 2, 'rgb'.index(color)]
    return flat


EXACT = {
    'rgb8': lambda rgb: rgb,
    'bgr8': lambda rgb: rgb[..., ::-1].copy(),
    '8UC3': lambda rgb: rgb[..., ::-1].copy(),
    'rgba8': lambda rgb: np.dstack([rgb, rgb[..., :1]]),
    'bgra8': lambda rgb: np.dstack([rgb[..., ::-1], rgb[..., :1]]),
}
CLOSE = {
    **{
        f'bayer_{pattern}8': lambda rgb, p=pattern: mosaic(rgb, p)
        for pattern in ('rggb', 'bggr', 'gbrg', 'grbg')
    },
    **dict.fromkeys(
        ('yuv422_yuy2', 'yuyv'), lambda rgb: cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV_YUY2)
    ),
    **dict.fromkeys(('yuv422', 'uyvy'), lambda rgb: cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV_UYVY)),
}


@pytest.mark.parametrize('encoding', EXACT)
@pytest.mark.parametrize('padding', [0, 5])
def test_encodings_without_loss_give_the_very_pixels(rgb, encoding, padding):
    picture = read_picture(message(EXACT[encoding](rgb), encoding, padding=padding), 'png')
    assert (picture.width, picture.height) == (WIDTH, HEIGHT)
    assert np.array_equal(rgb_of(picture), rgb)


@pytest.mark.parametrize('encoding', CLOSE)
def test_mosaics_and_halved_colours_give_nearly_the_pixels(rgb, encoding):
    picture = rgb_of(read_picture(message(CLOSE[encoding](rgb), encoding), 'png'))
    off = np.abs(picture.astype(int) - rgb)[2:-2, 2:-2]
    assert off.max() <= 8


def test_grey_is_grey(rgb):
    picture = rgb_of(read_picture(message(rgb[..., 0].copy(), 'mono8'), 'png'))
    assert np.array_equal(picture, np.dstack([rgb[..., 0]] * 3))


@pytest.mark.parametrize('suffix', ['.png', '.jpg'])
def test_what_is_compressed_stays_byte_by_byte(rgb, suffix):
    data = cv2.imencode(suffix, rgb[..., ::-1])[1].ravel()
    picture = read_picture(SimpleNamespace(format='rgb8; compressed bgr8', data=data), 'png')
    assert picture.data == data.tobytes()
    assert (picture.width, picture.height) == (WIDTH, HEIGHT)


def test_raw_images_can_be_stored_as_jpeg(rgb):
    picture = read_picture(message(rgb, 'rgb8'), 'jpeg')
    assert picture.data.startswith(b'\xff\xd8')
    assert np.abs(rgb_of(picture).astype(int) - rgb).max() < 12


def test_what_cannot_be_read_is_named(rgb):
    with pytest.raises(ImageError, match="'strange' are not supported; mono8, 8UC1"):
        read_picture(message(rgb, 'strange'), 'png')
    cut = message(rgb, 'rgb8')
    cut.data = cut.data[:100]
    with pytest.raises(ImageError, match='has 100 bytes only'):
        read_picture(cut, 'png')
    with pytest.raises(ImageError, match='cannot be decoded'):
        read_picture(SimpleNamespace(format='jpeg', data=np.zeros(50, np.uint8)), 'png')


@pytest.fixture
def metres():
    depth = np.linspace(0.4, 3.0, WIDTH * HEIGHT, dtype=np.float32).reshape(HEIGHT, WIDTH)
    depth[5, 5] = np.nan
    return depth


def millimetres(metres):
    return np.nan_to_num(metres * 1000).round().astype(np.uint16)


def compressed(raw, encoding, a=0.0, b=0.0):
    png = cv2.imencode('.png', raw)[1].ravel()
    head = np.array([0], '<i4').tobytes() + np.array([a, b], '<f4').tobytes()
    data = np.frombuffer(head + png.tobytes(), np.uint8)
    return SimpleNamespace(format=f'{encoding}; compressedDepth png', data=data)


def inverse_depth(metres):
    """As compressed_depth_image_transport quantizes: 1 / depth, linearly."""
    a, b = 100.0 * 101.0, 0.0
    with np.errstate(invalid='ignore'):
        return compressed(np.nan_to_num(a / metres + b).round().astype(np.uint16), '32FC1', a, b)


DEPTHS = {
    '16UC1': lambda d: message(millimetres(d), '16UC1', padding=6),
    'mono16': lambda d: message(millimetres(d), 'mono16'),
    'big endian': lambda d: message(millimetres(d).byteswap(), '16UC1', bigendian=1),
    '32FC1': lambda d: message(d, '32FC1', padding=4),
    'compressed 16UC1': lambda d: compressed(millimetres(d), '16UC1'),
    'compressed 32FC1': inverse_depth,
}


@pytest.mark.parametrize('form', DEPTHS)
def test_depth_is_metres_and_holes_are_nan(metres, form):
    source = DEPTHS[form](metres)
    assert is_depth(source)
    depth = read_depth(source)
    assert np.isnan(depth[5, 5])
    assert np.nanmax(np.abs(depth - metres)) < 0.001


def test_colour_is_no_depth(rgb):
    assert not is_depth(message(rgb, 'rgb8'))
    assert not is_depth(SimpleNamespace(format='rgb8; jpeg compressed bgr8', data=b''))


def test_stored_depth_is_millimetres_with_0_for_holes(metres):
    stored = cv2.imdecode(np.frombuffer(encode_depth(metres), np.uint8), cv2.IMREAD_UNCHANGED)
    assert stored.dtype == np.uint16
    assert np.array_equal(stored, millimetres(metres))
