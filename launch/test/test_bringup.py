"""The whole chain through bringup: an instruction goes in, the object goes up, the bag tells."""

import json
import os
from pathlib import Path
import subprocess
import tempfile

from included import included
import launch_pytest
import pytest
import rclpy
from rosbags.highlevel import AnyReader
from std_srvs.srv import Trigger

INSTRUCTION = 'pick up the blue cylinder'
ANSWERS = ('/reasoning', '/affordance', '/detections', '/overlay')
JOINED = ('/reasoning', '/affordance', '/outcome')
WAIT_S = 90.0


@pytest.fixture(scope='module')
def bag():
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / 'bag'


@launch_pytest.fixture(scope='module')
def bringup(bag):
    # As in a shell where only ROS was sourced.
    for name in ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE'):
        os.environ.pop(name, None)
    return included(sim='true', seed='7', scene=INSTRUCTION, record=str(bag))


@pytest.fixture
def node():
    rclpy.init()
    node = rclpy.create_node('test_bringup')
    yield node
    node.destroy_node()
    rclpy.shutdown()


def wait_for(node, ready, what):
    end = node.get_clock().now().nanoseconds + WAIT_S * 1e9
    while not ready():
        assert node.get_clock().now().nanoseconds < end, f'waited {WAIT_S} s for {what}'
        rclpy.spin_once(node, timeout_sec=0.1)


@pytest.mark.launch(fixture=bringup)
def test_an_instruction_lifts_the_object_in_physics(bringup, node):
    wait_for(node, lambda: node.count_subscribers('/outcome') > 0, 'the recorder')
    wait_for(node, lambda: node.count_subscribers('/overlay') > 0, 'the recorder')
    verdict = node.create_client(Trigger, '/sim/verdict')
    assert verdict.wait_for_service(timeout_sec=WAIT_S)

    command = ['ros2', 'run', 'vla_r1_planner', 'instruct', '--json', INSTRUCTION]
    client = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S)

    assert client.returncode == 0, client.stdout + client.stderr
    outcome = json.loads(client.stdout)
    assert outcome['error_code'] == 0
    future = verdict.call_async(Trigger.Request())
    rclpy.spin_until_future_complete(node, future, timeout_sec=10.0)
    assert future.result().success, future.result().message


@pytest.mark.launch(fixture=bringup)
def test_every_process_has_shared_memory_for_camera_frames(bringup):
    for process in Path('/proc').glob('[0-9]*'):
        parent = (process / 'stat').read_text().rpartition(')')[2].split()[1]
        maps = (process / 'maps').read_text() if int(parent) == os.getpid() else ''
        if 'libfastrtps' in maps:
            shared = [line.split('-') for line in maps.splitlines() if '/dev/shm/fast' in line]
            sizes = [int(end.split()[0], 16) - int(start, 16) for start, end, *_ in shared]
            assert max(sizes) >= 32 << 20, process


def read(bag):
    """Return topic -> messages of a bag, with the definitions that the bag carries."""
    messages = {}
    with AnyReader([bag]) as reader:
        for connection, _, raw in reader.messages():
            message = reader.deserialize(raw, connection.msgtype)
            messages.setdefault(connection.topic, []).append(message)
    return messages


def key(header):
    return header.stamp.sec, header.stamp.nanosec, header.frame_id


@pytest.mark.launch(fixture=bringup, shutdown=True)
def test_the_bag_joins_every_message_of_the_instruction(bringup, bag):
    messages = read(bag)

    (reasoning,) = messages['/reasoning']
    assert reasoning.instruction == INSTRUCTION
    assert reasoning.well_formed
    assert reasoning.text.startswith('<think>')
    images = {key(image.header) for image in messages['/camera/camera/color/image_raw']}
    assert key(reasoning.header) in images
    for topic in ANSWERS:
        (message,) = messages[topic]
        assert key(message.header) == key(reasoning.header), topic
    assert {messages[topic][0].request_id for topic in JOINED} == {reasoning.request_id}
    (outcome,) = messages['/outcome']
    assert len(outcome.planned.poses) > 10
    assert len(outcome.executed.poses) > 10
    assert messages['/reasoning/partial'][-1].data == reasoning.text
    for topic in ('/tf', '/tf_static', '/joint_states', '/clock', '/sim/objects', '/markers'):
        assert messages.get(topic), topic


@pytest.mark.launch(fixture=bringup, shutdown=True)
def test_the_bag_is_answered_again_to_the_byte(bringup, bag):
    done = subprocess.run(
        ['ros2', 'run', 'vla_r1_perception', 'replay', bag],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert '1 same, 0 different' in done.stdout
