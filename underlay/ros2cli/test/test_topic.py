import re
import signal

import pytest
import yaml

pytestmark = pytest.mark.usefixtures('graph')


def test_list_shows_types_but_no_hidden_topics(ros2):
    done = ros2('topic', 'list', '-t')
    assert '/probe/count [std_msgs/msg/Int32]\n' in done.stdout
    assert '_hidden' not in done.stdout


def test_type_prints_the_type(ros2):
    assert ros2('topic', 'type', '/probe/pose').stdout == 'geometry_msgs/msg/PoseStamped\n'


def test_type_of_an_unknown_topic_has_status_1(ros2):
    assert ros2('topic', 'type', '/probe/nothing').returncode == 1


def test_info_counts_publishers_and_subscribers(ros2):
    done = ros2('topic', 'info', '/probe/count')
    lines = ['Type: std_msgs/msg/Int32', 'Publisher count: 1', 'Subscription count: 0']
    assert done.stdout.splitlines() == lines


def test_info_verbose_shows_the_publisher(ros2):
    done = ros2('topic', 'info', '-v', '/probe/count')
    assert 'Node name: subject' in done.stdout
    assert 'Reliability: RELIABLE' in done.stdout


def test_echo_prints_yaml_documents(ros2):
    done = ros2('topic', 'echo', '--once', '/probe/pose')
    assert done.returncode == 0
    message, _ = yaml.safe_load_all(done.stdout)
    assert message['header']['frame_id'] == 'map'
    assert list(message['pose']) == ['position', 'orientation']


def test_echo_prints_one_field(ros2):
    done = ros2('topic', 'echo', '--once', '/probe/pose', '--field', 'header.frame_id')
    assert done.stdout == 'map\n---\n'


def test_echo_of_an_unknown_field_fails(ros2):
    done = ros2('topic', 'echo', '--once', '/probe/pose', '--field', 'header.nothing')
    assert done.returncode == 1
    assert "Invalid field 'header.nothing'" in done.stderr


def test_echo_receives_what_was_latched_before_it_came(ros2):
    done = ros2('topic', 'echo', '--once', '/probe/latched')
    assert done.stdout == 'data: said once\n---\n'


def test_echo_of_an_unknown_topic_fails(ros2):
    done = ros2('topic', 'echo', '/probe/nothing')
    assert done.returncode == 1
    assert 'Could not determine the type' in done.stderr


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_echo_ends_on_a_signal_without_a_traceback(start, number):
    echo = start('topic', 'echo', '/probe/count')
    echo.read_until('---')
    assert echo.stop(number) in (0, number)
    assert 'Traceback' not in echo.output


def test_echo_truncates_long_arrays(start, ros2):
    start(
        'topic',
        'pub',
        '-r',
        '10',
        '/probe/long',
        'std_msgs/msg/Int32MultiArray',
        f'data: {list(range(200))}',
    )
    done = ros2('topic', 'echo', '--once', '-l', '3', '--spin-time', '10', '/probe/long')
    assert "data:\n- 0\n- 1\n- 2\n- '...'\n" in done.stdout
    done = ros2('topic', 'echo', '--once', '--no-arr', '--spin-time', '10', '/probe/long')
    assert "data: '<sequence type: int32, length: 200>'\n" in done.stdout


def test_hz_measures_the_rate(start):
    hz = start('topic', 'hz', '--window', '40', '/probe/count')
    hz.read_until('window: 40')
    rate = float(re.findall(r'average rate: ([\d.]+)', hz.output)[-1])
    assert rate == pytest.approx(20.0, rel=0.25)


def test_pub_reaches_a_subscriber(start, ros2):
    echo = start('topic', 'echo', '--once', '/probe/said', 'std_msgs/msg/String')
    done = ros2('topic', 'pub', '--once', '/probe/said', 'std_msgs/msg/String', 'data: hello')
    assert done.returncode == 0
    assert "publishing #1: std_msgs.msg.String(data='hello')" in done.stdout
    echo.read_until('data: hello')


def test_pub_fills_stamps_when_asked(ros2):
    done = ros2(
        'topic',
        'pub',
        '-1',
        '-w',
        '0',
        '/probe/stamped',
        'geometry_msgs/PoseStamped',
        '{header: auto, pose: {position: {x: 1}}}',
    )
    assert done.returncode == 0
    assert 'sec=0,' not in done.stdout
    assert 'x=1.0' in done.stdout


def test_pub_publishes_so_many_times(ros2):
    done = ros2('topic', 'pub', '-t', '3', '-r', '20', '-w', '0', '/probe/t', 'std_msgs/msg/Int32')
    assert done.stdout.count('publishing #') == 3


def test_pub_refuses_an_unknown_field(ros2):
    done = ros2('topic', 'pub', '-1', '-w', '0', '/probe/x', 'std_msgs/msg/String', 'dta: hello')
    assert done.returncode == 1
    assert 'Failed to populate field' in done.stderr


def test_pub_refuses_an_unknown_type(ros2):
    done = ros2('topic', 'pub', '-1', '-w', '0', '/probe/x', 'std_msgs/msg/Nothing')
    assert done.returncode == 1
    assert 'The passed message type is invalid' in done.stderr


def test_pub_waits_no_longer_than_told(ros2):
    done = ros2('topic', 'pub', '-1', '--max-wait-time-secs', '0.3', '/probe/x', 'std_msgs/String')
    assert done.returncode == 1
    assert 'Timed out waiting for subscribers' in done.stderr
