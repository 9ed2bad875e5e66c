"""Messages that the real `cv_bridge` 4.1 reads wrongly, or not at all with numpy 2."""

from cv_bridge import CvBridge, CvBridgeError
import numpy as np
import pytest
from sensor_msgs.msg import CompressedImage, Image

BRIDGE = CvBridge()


@pytest.mark.parametrize(('encoding', 'wire'), [('16UC1', '>u2'), ('32FC1', '>f4')])
def test_big_endian_pixels_come_out_in_native_order(encoding, wire):
    depth = np.arange(12, dtype=wire).reshape(3, 4)
    msg = BRIDGE.cv2_to_imgmsg(depth, encoding)
    assert msg.is_bigendian
    found = BRIDGE.imgmsg_to_cv2(msg)
    assert found.dtype.isnative
    np.testing.assert_array_equal(found, depth)
    np.testing.assert_array_equal(BRIDGE.imgmsg_to_cv2(msg, encoding), depth)


def test_the_byte_order_of_single_bytes_means_nothing():
    msg = BRIDGE.cv2_to_imgmsg(np.arange(6, dtype=np.uint8).reshape(2, 3), 'mono8')
    msg.is_bigendian = 1
    assert BRIDGE.imgmsg_to_cv2(msg).tolist() == [[0, 1, 2], [3, 4, 5]]


def test_padding_need_not_be_a_whole_number_of_pixels():
    image = np.arange(2 * 5 * 3, dtype=np.uint8).reshape(2, 5, 3)
    msg = Image(height=2, width=5, encoding='rgb8', step=16)
    for row in image:
        msg.data.frombytes(row.tobytes() + b'\xee')
    np.testing.assert_array_equal(BRIDGE.imgmsg_to_cv2(msg), image)


def test_a_step_shorter_than_a_row_is_refused():
    msg = BRIDGE.cv2_to_imgmsg(np.zeros((2, 4), np.uint8), 'mono8')
    msg.step = 3
    with pytest.raises(CvBridgeError, match='step of 3'):
        BRIDGE.imgmsg_to_cv2(msg)


def test_a_compressed_image_that_is_none_is_refused():
    with pytest.raises(CvBridgeError, match='png'):
        BRIDGE.compressed_imgmsg_to_cv2(CompressedImage(format='png', data=b'not a picture'))
    with pytest.raises(CvBridgeError):
        BRIDGE.compressed_imgmsg_to_cv2(CompressedImage(format='png'))


@pytest.mark.parametrize(
    ('shape', 'dtype'), [((2, 2), 'u1'), ((2, 2, 4), 'u1'), ((2, 2, 3), 'u2')]
)
def test_a_compressed_image_of_any_kind_becomes_bgr8_on_request(shape, dtype):
    white = np.full(shape, np.iinfo(dtype).max, dtype)
    found = BRIDGE.compressed_imgmsg_to_cv2(BRIDGE.cv2_to_compressed_imgmsg(white, 'png'), 'bgr8')
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, np.full((2, 2, 3), 255))
