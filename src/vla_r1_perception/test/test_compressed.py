"""Compressed images: what is broken is refused, what is not is read as the camera saw it."""

import cv2
import numpy as np
import pytest
import rclpy
from sensor_msgs.msg import CompressedImage
from vla_r1_core.errors import ReasonCode, ReasoningError
from vla_r1_perception.camera_node import Camera
from vla_r1_perception.convert import compressed_to_rgb
from vla_r1_perception.health import Health

EXIF_TURNED = bytes.fromhex(
    'ffe1 0022 457869660000 4d4d002a00000008 0001 0112 0003 00000001 0006 0000 00000000'
)
"""A segment that says: turn by 90 degrees to look at."""


def encoded(rgb, suffix):
    return cv2.imencode(suffix, cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1].tobytes()


def message(data, kind='rgb8; jpeg compressed bgr8'):
    return CompressedImage(format=kind, data=data)


def test_a_png_is_read_to_the_pixel(picture):
    data = encoded(picture.rgb, '.png')
    assert np.array_equal(compressed_to_rgb(message(data, 'png')), picture.rgb)


def test_a_jpeg_is_read_with_the_colours_in_their_places(picture):
    rgb = compressed_to_rgb(message(encoded(picture.rgb, '.jpg')))
    assert np.abs(rgb.astype(int) - picture.rgb).mean() < 4


def test_bytes_after_the_end_do_not_matter(picture):  # some drivers fill their buffers up
    data = encoded(picture.rgb, '.jpg') + bytes(100)
    assert compressed_to_rgb(message(data)).shape == picture.rgb.shape


def test_it_is_not_turned_whatever_exif_says(picture):
    plain = encoded(picture.rgb, '.jpg')
    turned = plain[:2] + EXIF_TURNED + plain[2:]
    as_shown = cv2.imdecode(np.frombuffer(turned, np.uint8), cv2.IMREAD_COLOR)
    assert as_shown.shape[:2] == picture.rgb.shape[1::-1]  # OpenCV does believe it
    assert compressed_to_rgb(message(turned)).shape == picture.rgb.shape


@pytest.mark.parametrize('kept', [0, 1, 2, 10, 1000, -2, -1])
@pytest.mark.parametrize(('suffix', 'says'), [('.jpg', 'its end is missing'), ('.png', 'broken')])
def test_what_is_cut_is_refused(picture, suffix, says, kept):
    data = encoded(picture.rgb, suffix)[:kept]
    says = says if len(data) > 1 else ''
    with pytest.raises(ReasoningError, match=f'{len(data)} bytes.*{says}') as caught:
        compressed_to_rgb(message(data))
    assert caught.value.code == ReasonCode.UNSUPPORTED_IMAGE


@pytest.mark.parametrize(
    ('data', 'kind', 'says'),
    [
        (b'no picture', 'jpeg', 'broken'),
        (b'\xff\xd8 but no JPEG \xff\xd9', 'jpeg', 'broken'),
        (bytes(12) + b'\x89PNG', '32FC1; compressedDepth png', 'depth'),
    ],
)
def test_what_is_no_colour_image_is_refused_with_the_reason(data, kind, says):
    with pytest.raises(ReasoningError, match=says) as caught:
        compressed_to_rgb(message(data, kind))
    assert caught.value.code == ReasonCode.UNSUPPORTED_IMAGE


@pytest.mark.parametrize(('camera', 'topic'), [('', 'image'), ('wrist', 'wrist/image')])
def test_the_topic_follows_the_remapping_of_image(camera, topic):
    context = rclpy.Context()
    rclpy.init(args=['--ros-args', '-r', f'{topic}:=/cam/color/image_raw'], context=context)
    node = rclpy.create_node('remapped', context=context)
    Camera(node, 'compressed', Health(), camera)
    assert node.count_subscribers('/cam/color/image_raw/compressed') == 1
    node.destroy_node()
    rclpy.shutdown(context=context)


def test_a_broken_jpeg_is_refused_with_its_header_and_the_next_good_one_works(start, picture):
    client = start('image_transport:=compressed')
    reasoning = client.instruct('pick up the red cube')
    assert reasoning.error_code == ReasonCode.NO_IMAGE
    assert 'image/compressed' in reasoning.error_msg
    images = client.node.create_publisher(CompressedImage, 'image/compressed', 5)
    client.wait(images.get_subscription_count)

    def show(data):
        image = message(data)
        image.header.frame_id = 'camera_color_optical_frame'
        image.header.stamp = client.node.get_clock().now().to_msg()
        images.publish(image)
        client.spin(0.3)
        return image.header

    good = encoded(picture.rgb, '.jpg')
    header = show(good[: len(good) // 2])
    reasoning = client.instruct('pick up the red cube')
    assert reasoning.error_code == ReasonCode.UNSUPPORTED_IMAGE and reasoning.header == header
    header = show(good)
    reasoning = client.instruct('pick up the red cube')
    assert reasoning.error_code == ReasonCode.NONE and reasoning.header == header
    affordance = client.wait(lambda: client.got['affordance'])[0]
    assert affordance.header == header
    assert (affordance.image_width, affordance.image_height) == (320, 240)
    assert client.wait(lambda: client.got['overlay'])[0].header == header
