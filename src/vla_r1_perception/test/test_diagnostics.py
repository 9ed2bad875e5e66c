"""Diagnostics as they come over DDS, whatever the reasoner is doing."""

from itertools import pairwise
import signal

from diagnostic_msgs.msg import DiagnosticStatus
from monitor import Monitor
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from vla_r1_core.errors import ReasonCode


def test_the_heart_beats_while_unconfigured(start):
    client = start('autostart:=false')
    monitor = Monitor(client)
    status, values = monitor.until(lambda status, values: True)
    assert status.level == DiagnosticStatus.WARN and values['state'] == 'unconfigured'
    assert status.hardware_id and values['model'] == ''


def test_what_it_does_is_in_its_diagnostics(start, picture):
    client = start('model:=ab')
    monitor = Monitor(client)
    status, values = monitor.until(lambda status, values: True)
    assert status.level == DiagnosticStatus.WARN and 'no image' in status.message
    assert (values['state'], values['model']) == ('active', 'moody:ab')
    assert values['weights sha256'] == 'abab' and float(values['memory [MB]']) > 10

    client.show(picture.rgb)
    status, values = monitor.until(lambda status, values: values['images received'] != '0')
    assert status.level == DiagnosticStatus.OK and float(values['image age [s]']) < 1.0

    handles = [client.send(instruction='slow') for _ in range(2)]
    client.wait(lambda: client.got['reasoning/partial'])
    status, values = monitor.until(lambda status, values: values['thinking for [s]'] > '1')
    assert status.level == DiagnosticStatus.OK and status.message == 'thinks'
    monitor.heard.clear()
    client.spin(5.5)
    times = [arrived for arrived, _ in monitor.heard]
    assert 5 <= len(times) <= 6
    assert max(later - earlier for earlier, later in pairwise(times)) < 1.7
    client.wait(handles[-1].cancel_goal_async().done)
    for handle in handles:
        client.result(handle)

    assert client.instruct('pick up the banana').error_code == ReasonCode.UNSUPPORTED_INSTRUCTION
    assert client.instruct('pick up the red cube').error_code == ReasonCode.NONE
    _, values = monitor.until(lambda status, values: values['requests answered'] == '1')
    assert values['requests preempted'] == values['requests cancelled'] == '1'
    assert values['requests failed'] == '1' and values['thinking for [s]'] == ''
    assert values['last error'].startswith('113 UNSUPPORTED_INSTRUCTION: ')
    assert float(values['time to first token, last answer [s]']) < 1.0

    assert client.instruct('raise').error_code == ReasonCode.BACKEND_FAILED
    status, _ = monitor.until(lambda status, values: values['requests failed'] == '2')
    assert status.level == DiagnosticStatus.ERROR and 'ZeroDivisionError' in status.message


def test_images_that_the_middleware_lost_are_counted(start, picture):
    client = start()
    monitor = Monitor(client)
    images = client.node.create_publisher(Image, 'image', qos_profile_sensor_data)
    client.wait(images.get_subscription_count)
    large = Image(
        header=Header(stamp=client.node.get_clock().now().to_msg()),
        height=1080, width=1920, step=5760, encoding='rgb8', data=bytes(1080 * 5760),
    )  # fmt: skip

    def lost():
        client.process.send_signal(signal.SIGSTOP)  # a fast machine loses nothing else
        for _ in range(20):
            images.publish(large)
        client.process.send_signal(signal.SIGCONT)
        client.spin(0.2)
        images.publish(large)
        return [
            s
            for _, s in monitor.heard
            for p in s.values
            if p.key == 'images lost'
            if p.value != '0'
        ]

    client.wait(lost)
