"""Cameras that fail, as processes of their own: each fault is told, and the next good image used.

No wall time is measured: what comes once a second is counted instead.
"""

from contextlib import contextmanager, ExitStack
from itertools import pairwise
import os
from pathlib import Path
import signal
import subprocess
import sys

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticStatus
from monitor import Monitor
import numpy as np
import pytest
import rclpy
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image
from vla_r1_core.errors import ReasonCode

CAMERA = Path(__file__).parent / 'camera_process.py'
ONLY_FAST_DDS = pytest.mark.skipif(
    not rclpy.get_rmw_implementation_identifier().startswith('rmw_fastrtps'),
    reason='the XML is for Fast DDS',
)
EXCLUSIVE = """<profiles xmlns="http://www.eprosima.com">
  <data_writer profile_name="camera" is_default_profile="true">
    <qos><ownership><kind>EXCLUSIVE</kind></ownership></qos>
  </data_writer>
</profiles>
"""


def end(process):
    process.send_signal(signal.SIGCONT)
    process.terminate()
    assert process.wait(20.0) == 0


@contextmanager
def running_command(*words):
    process = subprocess.Popen(words)
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(20.0) == 0


@pytest.fixture
def camera(picture, tmp_path):
    """Return a function that starts a camera for a client, and returns its process."""
    with ExitStack() as stack:

        def started(client, *arguments, rgb=picture.rgb, **environment):
            np.save(tmp_path / 'picture.npy', rgb)
            where = [tmp_path / 'picture.npy', f'{client.node.get_namespace()}/image']
            process = subprocess.Popen(
                [sys.executable, CAMERA, *where, *arguments], env={**os.environ, **environment}
            )
            stack.callback(end, process)
            return process

        yield started


def is_fine(status, values):
    return status.level == DiagnosticStatus.OK


def assert_the_next_works(client):
    reasoning = client.instruct('pick up the red cube')
    assert reasoning.error_code == ReasonCode.NONE, reasoning.error_msg
    return reasoning


@pytest.mark.parametrize(
    'offer',
    [
        ['--reliability=BEST_EFFORT'],
        ['--durability=TRANSIENT_LOCAL'],
        ['--liveliness=MANUAL_BY_TOPIC', '--limits=0.5'],
        ['--reliability=BEST_EFFORT', '--durability=TRANSIENT_LOCAL', '--limits=0.5'],
    ],
    ids=' '.join,
)
def test_a_camera_is_heard_whatever_ros_lets_it_offer(running, camera, offer):
    monitor = Monitor(running)
    monitor.until(lambda status, values: '_IMAGE' in status.message)  # not the test's before
    camera(running, *offer)
    monitor.until(is_fine)
    assert_the_next_works(running)


@pytest.mark.injects
@pytest.mark.parametrize(
    ('kind', 'profile', 'says'),
    [
        ('CompressedImage', '', 'published as sensor_msgs/msg/CompressedImage, not as'),
        pytest.param('Image', EXCLUSIVE, '1 of 2 publishers', marks=ONLY_FAST_DDS),
    ],
    ids=['type', 'QoS'],
)
def test_a_camera_that_cannot_be_heard_is_told_and_the_next_is_heard(
    start, camera, picture, tmp_path, kind, profile, says
):
    client = start()
    monitor = Monitor(client)
    environment = {}
    if profile:
        file = tmp_path / 'profile.xml'
        file.write_text(profile)
        environment['RMW_FASTRTPS_USE_QOS_FROM_XML'] = '1'
        environment |= {f'{dds}_DEFAULT_PROFILES_FILE': file for dds in ('FASTRTPS', 'FASTDDS')}
    camera(client, '--kind', kind, **environment)
    topic = f'{client.node.get_namespace()}/image'
    client.wait(lambda: len(client.node.get_publishers_info_by_topic(topic)) == 2)
    monitor.heard.clear()
    client.wait(lambda: len(monitor.heard) == 2)
    status = monitor.heard[-1][1]
    assert status.level == DiagnosticStatus.WARN
    assert status.message.startswith('116 CAMERA_MISMATCH: ') and says in status.message
    reasoning = client.instruct('pick up the red cube')
    assert reasoning.error_code == ReasonCode.CAMERA_MISMATCH
    assert says in reasoning.error_msg
    client.show(picture.rgb)
    assert_the_next_works(client)
    monitor.until(is_fine)


@pytest.mark.injects
def test_a_camera_that_stops_is_told_at_once_and_answered_about_when_it_goes_on(start, camera):
    client = start('max_image_age_s:=0.8')
    monitor = Monitor(client)
    process = camera(client)
    monitor.until(is_fine)
    assert_the_next_works(client)
    process.send_signal(signal.SIGSTOP)
    monitor.until(lambda status, values: float(values['image age [s]']) > 0.8)
    status = monitor.heard[-1][1]
    assert status.level == DiagnosticStatus.WARN
    assert status.message.startswith('104 STALE_IMAGE: ') and 'still running' in status.message
    assert len(monitor.heard) <= 3  # before it stopped, while it was young enough, and now
    reasoning = client.instruct('pick up the red cube')
    assert reasoning.error_code == ReasonCode.STALE_IMAGE
    assert 'still running' in reasoning.error_msg
    process.send_signal(signal.SIGCONT)
    assert_the_next_works(client)
    monitor.until(is_fine)


def peak_memory(process):
    """Return the most that the process has had in memory so far [B]."""
    lines = Path(f'/proc/{process.pid}/status').read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith('VmHWM')).split()[1])


def test_a_flood_of_large_images_is_answered_about_in_bounded_memory(start, camera, draw):
    client = start()
    monitor = Monitor(client)
    picture = draw(3840, 2160).add('red cube', (840, 720), 270)
    camera(client, '--rate', '60', rgb=picture.rgb)

    def received(more):
        begin = int(monitor.until(lambda status, values: True)[1]['images received'])
        monitor.until(lambda status, values: int(values['images received']) >= begin + more)

    received(5)
    stamps = [assert_the_next_works(client).header.stamp for _ in range(2)]
    before = peak_memory(client.process)
    for _ in range(3):
        received(15)
    stamps.append(assert_the_next_works(client).header.stamp)
    grown = peak_memory(client.process) - before
    assert grown < 12 * picture.rgb.nbytes  # 45 came
    times = [(stamp.sec, stamp.nanosec) for stamp in stamps]
    assert times == sorted(set(times))
    monitor.heard.clear()
    client.spin(5.5)
    assert len(monitor.heard) >= 3


@pytest.mark.injects
@pytest.mark.parametrize('back_s', [1, 60])  # less than max_image_age_s, and more
def test_an_image_from_before_time_jumped_back_is_told_and_the_next_one_used(
    start, picture, back_s
):
    client = start('use_sim_time:=true')
    now = Time(sec=100)
    clocks = client.node.create_publisher(Clock, '/clock', 10)
    client.node.create_timer(0.02, lambda: clocks.publish(Clock(clock=now)))

    def shown():
        """Publish one image, and return its header."""
        image = Image(height=240, width=320, step=960, encoding='rgb8', data=picture.rgb.tobytes())
        image.header.stamp = Time(sec=now.sec)
        client.images.publish(image)
        return image.header

    header = shown()
    assert assert_the_next_works(client).header == header
    monitor = Monitor(client)
    monitor.until(is_fine)
    now.sec -= back_s
    status, values = monitor.until(lambda status, values: not is_fine(status, values))
    assert float(values['image age [s]']) == -back_s
    assert status.message.startswith('104 STALE_IMAGE: time has jumped back')
    reasoning = client.instruct('pick up the red cube')
    assert reasoning.error_code == ReasonCode.STALE_IMAGE
    assert 'time has jumped back' in reasoning.error_msg
    header = shown()
    assert assert_the_next_works(client).header == header
    monitor.until(is_fine)


def test_every_request_is_answered_while_a_bag_is_played_in_a_loop(start, picture, tmp_path):
    client = start('use_sim_time:=true')
    record = ['ros2', 'bag', 'record', '-o', tmp_path / 'bag']
    with running_command(*record, f'{client.node.get_namespace()}/image'):
        client.wait(lambda: client.images.get_subscription_count() > 1)
        client.show(picture.rgb)
        client.spin(1.0)  # shorter than an image may be old
        client.image = None
    ticks = []
    client.node.create_subscription(Clock, '/clock', ticks.append, 10)
    with running_command('ros2', 'bag', 'play', '--loop', '--clock', '50', tmp_path / 'bag'):
        client.wait(lambda: ticks)
        stamps = []
        while sum(later < earlier for earlier, later in pairwise(stamps)) < 3:
            stamp = assert_the_next_works(client).header.stamp
            stamps.append((stamp.sec, stamp.nanosec))
