from pathlib import Path
import re
import signal
import time

import pytest
import rclpy
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.serialization import serialize_message
from rosbags.highlevel import AnyReader
from rosgraph_msgs.msg import Clock
from std_msgs.msg import Header, String
import yaml

TRANSIENT_LOCAL = QoSProfile(depth=20, durability=DurabilityPolicy.TRANSIENT_LOCAL)
DISCOVERY_S = '6'  # until the listener is known to the player, also on a busy machine


@pytest.fixture
def node():
    rclpy.init()
    node = rclpy.create_node('bag_test')
    yield node
    node.destroy_node()
    rclpy.shutdown()


def read(path):
    """Return {topic: [(log time [ns], bytes)]} with rosbags."""
    messages = {}
    with AnyReader([Path(path)]) as reader:
        for connection in reader.connections:
            messages[connection.topic] = []
        for connection, stamp, data in reader.messages():
            messages[connection.topic].append((stamp, data))
    return messages


def information(bag):
    return yaml.safe_load((bag / 'metadata.yaml').read_text())['rosbag2_bagfile_information']


def publish(publisher, count, period=0.02):
    """Publish numbered headers to a subscriber once it is there; return their bytes."""
    until(lambda: publisher.get_subscription_count() > 0)
    sent = []
    for number in range(count):
        message = Header(frame_id=f'number {number}')
        sent.append(serialize_message(message))
        publisher.publish(message)
        time.sleep(period)
    publisher.wait_for_all_acked()
    return sent


def until(condition, timeout=20.0):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, 'it did not happen in time'
        time.sleep(0.02)


def body(data):
    """Return serialized data without the padding that a writer may leave at its end."""
    return bytes(data).rstrip(b'\0')


def test_a_bag_holds_every_message_byte_for_byte(node, start, tmp_path):
    bag = tmp_path / 'bag'
    publisher = node.create_publisher(Header, '/tape', 20)
    recorder = start('bag', 'record', '-o', bag, '/tape')
    before = time.time_ns()
    sent = publish(publisher, 10)
    assert recorder.stop(signal.SIGINT) == 0
    recorded = read(bag)['/tape']
    assert [body(data) for _, data in recorded] == [body(data) for data in sent]
    stamps = [stamp for stamp, _ in recorded]
    assert stamps == sorted(stamps)
    assert before < stamps[0] < stamps[-1] < time.time_ns()


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_recorder_leaves_complete_metadata(node, start, tmp_path, number):
    bag = tmp_path / 'bag'
    publisher = node.create_publisher(Header, '/tape', 20)
    recorder = start('bag', 'record', '--all', '--output', bag)
    publish(publisher, 5)
    recorder.stop(number)
    info = information(bag)
    assert info['version'] == 9
    assert info['storage_identifier'] == 'mcap'
    assert info['relative_file_paths'] == ['bag_0.mcap']
    (topic,) = [
        topic
        for topic in info['topics_with_message_count']
        if topic['topic_metadata']['name'] == '/tape'
    ]
    assert topic['message_count'] == 5
    assert topic['topic_metadata']['type'] == 'std_msgs/msg/Header'
    assert re.fullmatch('RIHS01_[0-9a-f]{64}', topic['topic_metadata']['type_description_hash'])


def test_a_bag_holds_the_definitions_of_its_types(node, start, tmp_path):
    bag = tmp_path / 'bag'
    publisher = node.create_publisher(Header, '/tape', 20)
    recorder = start('bag', 'record', '-o', bag, '--topics', '/tape')
    publish(publisher, 1)
    recorder.stop(signal.SIGINT)
    with AnyReader([bag]) as reader:
        (connection,) = reader.connections
        definition = connection.msgdef.data
        ((_, _, data),) = reader.messages()
        message = reader.deserialize(data, connection.msgtype)
    assert f'{"=" * 80}\nMSG: builtin_interfaces/Time\n' in definition
    assert message.frame_id == 'number 0'


def test_latched_messages_are_recorded_and_played_as_such(node, start, tmp_path):
    bag = tmp_path / 'bag'
    latched = node.create_publisher(String, '/latched', TRANSIENT_LOCAL)
    latched.publish(String(data='said before'))
    recorder = start('bag', 'record', '-o', bag, '/latched')
    recorder.read_until("Subscribed to topic '/latched'")
    until(lambda: latched.get_subscription_count() > 0)
    latched.wait_for_all_acked()
    recorder.stop(signal.SIGINT)
    (topic,) = information(bag)['topics_with_message_count']
    (offered,) = topic['topic_metadata']['offered_qos_profiles']
    assert (offered['durability'], offered['reliability']) == ('transient_local', 'reliable')
    assert topic['message_count'] == 1


def test_a_topic_that_appears_later_is_recorded(node, start, tmp_path):
    bag = tmp_path / 'bag'
    recorder = start('bag', 'record', '-a', '-o', bag)
    recorder.read_until('Recording...')
    publish(node.create_publisher(Header, '/late', 20), 3)
    recorder.stop(signal.SIGINT)
    assert len(read(bag)['/late']) == 3


def test_regular_expressions_choose_topics(node, start, tmp_path):
    bag = tmp_path / 'bag'
    wanted = node.create_publisher(Header, '/arm/state', 20)
    node.create_publisher(Header, '/arm/debug', 20)
    node.create_publisher(Header, '/base/state', 20)
    recorder = start('bag', 'record', '-o', bag, '-e', '^/arm/', '--exclude-regex', 'debug')
    publish(wanted, 2)
    recorder.stop(signal.SIGINT)
    assert list(read(bag)) == ['/arm/state']


def test_sim_time_stamps_with_the_clock(node, start, tmp_path):
    bag = tmp_path / 'bag'
    clock = node.create_publisher(Clock, '/clock', 10)
    publisher = node.create_publisher(Header, '/tape', 20)
    tick = Clock()
    tick.clock.sec = 42
    node.create_timer(0.02, lambda: clock.publish(tick))
    recorder = start('bag', 'record', '-o', bag, '--use-sim-time', '/tape')

    def subscribed():
        rclpy.spin_once(node, timeout_sec=0.1)
        return publisher.get_subscription_count() > 0

    until(subscribed)
    publish(publisher, 3)
    recorder.stop(signal.SIGINT)
    assert {stamp for stamp, _ in read(bag)['/tape']} == {42 * 10**9}


def test_a_killed_recorder_leaves_what_it_had_written(node, start, ros2, tmp_path):
    bag = tmp_path / 'bag'
    publisher = node.create_publisher(Header, '/tape', 20)
    recorder = start('bag', 'record', '-o', bag, '/tape')
    publish(publisher, 20)
    time.sleep(3.0)  # [s], longer than a chunk stays in memory
    recorder.stop(signal.SIGKILL)
    done = ros2('bag', 'info', bag / 'bag_0.mcap')
    assert done.returncode == 0
    assert 'Topic: /tape | Type: std_msgs/msg/Header | Count: 20 |' in done.stdout


def test_a_recorder_does_not_overwrite(ros2, tmp_path):
    done = ros2('bag', 'record', '-a', '-o', tmp_path)
    assert done.returncode == 1
    assert f"Output folder '{tmp_path}' already exists." in done.stderr


def test_a_recorder_must_be_told_what_to_record(ros2, tmp_path):
    done = ros2('bag', 'record', '-o', tmp_path / 'bag')
    assert done.returncode == 1
    assert 'Need to specify at least one option' in done.stderr


@pytest.fixture
def tape(node, start, tmp_path):
    """Return (bag, bytes) of ten messages of /tape, 0.1 s apart."""
    bag = tmp_path / 'tape'
    publisher = node.create_publisher(Header, '/tape', 20)
    recorder = start('bag', 'record', '-o', bag, '/tape')
    sent = publish(publisher, 10, period=0.1)
    recorder.stop(signal.SIGINT)
    node.destroy_publisher(publisher)
    return bag, sent


def heard(node, topic, player):
    """Return [(time [s], bytes)] on a topic until the player ends."""
    messages = []
    node.create_subscription(
        Header, topic, lambda data: messages.append((time.monotonic(), body(data))), 20, raw=True
    )
    while player.process.poll() is None:
        rclpy.spin_once(node, timeout_sec=0.05)
    for _ in range(20):  # what has arrived but was not yet taken
        rclpy.spin_once(node, timeout_sec=0.0)
    assert player.process.returncode == 0
    return messages


def test_info_summarizes_a_bag(ros2, tape):
    bag, _ = tape
    done = ros2('bag', 'info', bag)
    assert 'Files:             tape_0.mcap\n' in done.stdout
    assert 'Storage id:        mcap\n' in done.stdout
    assert 'Messages:          10\n' in done.stdout
    assert (
        'Topic information: Topic: /tape | Type: std_msgs/msg/Header | Count: 10 | '
        'Serialization Format: cdr\n'
    ) in done.stdout


def test_info_of_no_bag_fails(ros2, tmp_path):
    assert ros2('bag', 'info', tmp_path / 'nothing').returncode != 0


def test_play_publishes_the_same_bytes(node, start, tape):
    bag, sent = tape
    messages = heard(node, '/tape', start('bag', 'play', bag, '--delay', DISCOVERY_S))
    assert [data for _, data in messages] == [body(data) for data in sent]


def test_play_keeps_the_pace_at_its_rate(node, start, tape):
    bag, _ = tape
    player = start('bag', 'play', bag, '--delay', DISCOVERY_S, '--rate', '2')
    times = [stamp for stamp, _ in heard(node, '/tape', player)]
    span = information(bag)['duration']['nanoseconds'] * 1e-9
    assert times[-1] - times[0] == pytest.approx(span / 2, rel=0.3)


def test_play_renames_topics(node, start, tape):
    bag, sent = tape
    player = start('bag', 'play', bag, '--delay', DISCOVERY_S, '--remap', '/tape:=/copy')
    assert len(heard(node, '/copy', player)) == len(sent)


def test_play_publishes_the_clock_of_the_bag(node, start, tape):
    bag, _ = tape
    clocks = []
    node.create_subscription(Clock, '/clock', clocks.append, 100)
    heard(node, '/tape', start('bag', 'play', bag, '--delay', DISCOVERY_S, '--clock', '100'))
    stamps = [tick.clock.sec * 10**9 + tick.clock.nanosec for tick in clocks]
    info = information(bag)
    first = info['starting_time']['nanoseconds_since_epoch']
    assert stamps == sorted(stamps)
    assert len(stamps) > 20
    assert first <= stamps[0] and stamps[-1] <= first + info['duration']['nanoseconds'] + 10**9


def test_play_loops_until_it_is_interrupted(node, start, tape):
    bag, _ = tape
    player = start('bag', 'play', bag, '--loop', '--rate', '10', '--delay', '0.1')
    messages = []
    node.create_subscription(Header, '/tape', messages.append, 50)

    def twice():
        rclpy.spin_once(node, timeout_sec=0.1)
        return sum(message.frame_id == 'number 9' for message in messages) >= 2

    until(twice)
    player.stop(signal.SIGINT)
    assert 'Traceback' not in player.output


def test_play_of_a_killed_bag_plays_what_there_is(node, start, tape, tmp_path):
    bag, sent = tape
    whole = (bag / 'tape_0.mcap').read_bytes()
    torn = tmp_path / 'torn.mcap'
    # Without the summary and the end of the last record before it.
    torn.write_bytes(whole[: whole.index(b'serialized_metadata')])
    messages = heard(node, '/tape', start('bag', 'play', torn, '--delay', DISCOVERY_S))
    assert [data for _, data in messages] == [body(data) for data in sent]
