"""Episodes from a real recording, and from the same with something missing or otherwise."""

from dataclasses import replace
import struct
import subprocess
import sys

import cv2
from messages import (
    ANSWERS,
    decoded,
    inserted,
    instruction,
    JAZZY,
    made,
    on_time,
    stamp_of,
    without,
)
import numpy as np
import pytest
from rosbags.rosbag2 import Reader
from rosbags.typesys import get_types_from_msg
from vla_r1_core.prompt import Intent
from vla_r1_core.types import Task
from vla_r1_sim.tasks import sample_task
from vla_r1_training.bags.bag import Bag
from vla_r1_training.bags.episodes import EpisodeReader
from vla_r1_training.bags.images import rgb_of

from vla_r1_training.config import EpisodeConfig

IMAGE = '/camera/camera/color/image_raw'
DEPTH = '/camera/camera/aligned_depth_to_color/image_raw'
INFO = '/camera/camera/color/camera_info'


def read(path, **config):
    """Return the episodes and the reader."""
    with Bag(path) as bag:
        reader = EpisodeReader(bag, EpisodeConfig(**config))
        return list(reader.episodes()), reader


def raw(messages, topic, stamp):
    return decoded(next(m for m in messages if m[0].topic == topic and stamp_of(m[2]) == stamp))


def test_every_instruction_is_one_episode(episodes):
    for name, episode in episodes.items():
        assert episode.instruction == sample_task(1001, Intent(name), absent_share=0.0).instruction
        assert episode.outcome.error_code == 0
        assert not episode.lacks
    asked = {name: [said.task for said in episode.said] for name, episode in episodes.items()}
    assert asked == {
        'pick': [Task.AFFORDANCE],
        'reach': [Task.TRAJECTORY],
        'push': [Task.TRAJECTORY],
        'place': [Task.AFFORDANCE, Task.TRAJECTORY],
    }


def test_the_image_is_the_one_that_was_asked_about(episodes, pick_messages):
    view = episodes['pick'].view
    message = raw(pick_messages, IMAGE, episodes['pick'].said[0].stamp_ns)
    pixels = message.data.reshape(message.height, message.width, 3)
    assert np.array_equal(rgb_of(view.image), pixels)
    depth = raw(pick_messages, DEPTH, view.stamp_ns).data.view('<f4').reshape(view.depth.shape)
    assert np.array_equal(view.depth, depth, equal_nan=True)
    info = raw(pick_messages, INFO, view.stamp_ns)
    assert (view.camera.fx, view.camera.cx) == (info.k[0], info.k[2])


def test_the_tool_went_where_the_robot_says_it_went(episodes, recording):
    """The planner notes the way, too: Outcome.executed."""
    with Reader(recording) as reader:
        (connection,) = [c for c in reader.connections if c.topic == '/outcome']
        outcomes = [data for _, _, data in reader.messages([connection])]
    store = JAZZY
    store.register(get_types_from_msg(connection.msgdef.data, connection.msgtype))
    for episode, data in zip(episodes.values(), outcomes, strict=True):
        executed = store.deserialize_cdr(data, connection.msgtype).executed.poses
        position = executed[-1].pose.position
        places = episode.tool_path.T_fixed_tool[:, :3, 3]
        off = np.linalg.norm(places - (position.x, position.y, position.z), axis=1)
        assert off.min() < 0.002
        assert (episode.fixed, episode.tool) == ('base_link', 'tcp')


def test_the_answers_are_verbatim_and_the_simulators_truth_is_there(episodes):
    for episode in episodes.values():
        assert all(said.text.startswith('<think>') and said.well_formed for said in episode.said)
        assert {s.task for s in episode.stated} == {Task.AFFORDANCE, Task.TRAJECTORY}
        assert {s.source for s in episode.stated} == {'truth'}


def test_an_image_that_is_not_in_the_bag_is_told(tmp_path, write_bag, episodes, pick_messages):
    stamp = episodes['pick'].said[0].stamp_ns
    kept = [m for m in pick_messages if m[0].topic != IMAGE or stamp_of(m[2]) != stamp]
    (episode,), _ = read(write_bag(tmp_path / 'bag', kept))
    assert episode.view is None
    assert episode.lacks == (f'image: the bag holds no colour image of {stamp / 1e9:.3f} s',)
    assert episode.said[0].text == episodes['pick'].said[0].text


@pytest.mark.parametrize(
    ('topics', 'lack'),
    [
        ((DEPTH,), 'depth: none of'),
        ((INFO,), 'the calibration: no camera_info in camera_color_optical_frame'),
        (('/tf', '/tf_static'), 'the tool: TF has no frame tcp'),
        (('/tf_static',), "the camera's place: TF has no frame camera_color_optical"),
    ],
)
def test_what_else_is_missing_is_told_and_the_rest_is_there(
    tmp_path, write_bag, pick_messages, topics, lack
):
    (episode,), _ = read(write_bag(tmp_path / 'bag', without(pick_messages, *topics)))
    assert episode.view is not None
    assert any(reason.startswith(lack) for reason in episode.lacks)
    assert (episode.view.depth is None) == (DEPTH in topics)
    assert (episode.view.camera is None) == (INFO in topics)
    assert (episode.view.T_fixed_camera is None) == ('/tf_static' in topics)


@pytest.mark.parametrize('late_ns', [0, 700_000_000])
def test_a_demonstration_is_of_the_image_that_was_newest_when_it_began(
    tmp_path, write_bag, episodes, pick_messages, late_ns
):
    """By the stamps: on a busy machine pictures are recorded late."""
    pick = episodes['pick']
    taught = on_time(without(pick_messages, *ANSWERS), late_ns, IMAGE, DEPTH)
    given = instruction(taught[0], pick.instruction, pick.view.stamp_ns + 50_000_000)
    (episode,), _ = read(write_bag(tmp_path / 'bag', inserted(taught, given)))
    assert (episode.instruction, episode.said, episode.outcome) == (pick.instruction, (), None)
    assert episode.view.stamp_ns == pick.view.stamp_ns
    assert np.array_equal(rgb_of(episode.view.image), rgb_of(pick.view.image))
    assert np.array_equal(episode.view.depth, pick.view.depth, equal_nan=True)


def test_the_recorders_clock_may_be_another_than_that_of_the_headers(
    tmp_path, write_bag, episodes, pick_messages
):
    """As in a bag of a simulation that was recorded in wall time."""
    pick, ahead_ns = episodes['pick'], 10**18
    taught = on_time(without(pick_messages, *ANSWERS))
    given = instruction(taught[0], pick.instruction, pick.view.stamp_ns + 50_000_000)
    taught = [(c, time_ns + ahead_ns, data) for c, time_ns, data in inserted(taught, given)]
    (episode,), _ = read(write_bag(tmp_path / 'bag', taught))
    assert episode.view.stamp_ns == pick.view.stamp_ns


def test_a_transform_from_the_future_changes_no_picture(
    tmp_path, write_bag, episodes, pick_messages
):
    """Some programs stamp them ahead, and a clock may be wrong by years."""
    pick = episodes['pick']
    taught = on_time(without(pick_messages, *ANSWERS))
    now = pick.view.stamp_ns + 50_000_000
    wrong = next(m for m in taught if m[0].topic == '/tf')
    ahead = bytearray(wrong[2])
    struct.pack_into('<i', ahead, 8, 2**31 - 1)
    given = instruction(taught[0], pick.instruction, now)
    bag = inserted(taught, (wrong[0], taught[0][1], bytes(ahead)), given)
    (episode,), _ = read(write_bag(tmp_path / 'bag', bag))
    assert episode.view.stamp_ns == pick.view.stamp_ns


def test_a_picture_from_before_is_not_taken_for_that_of_the_instruction(
    tmp_path, write_bag, episodes, pick_messages
):
    """The camera stood still for a while."""
    taught = on_time(without(pick_messages, *ANSWERS))
    now = max(time_ns for connection, time_ns, _ in taught if connection.topic == IMAGE)
    taught = [m for m in taught if m[0].topic != IMAGE or now - m[1] > 10**9]
    given = instruction(taught[0], episodes['pick'].instruction, now)
    (episode,), _ = read(write_bag(tmp_path / 'bag', inserted(taught, given)))
    assert episode.view is None
    assert episode.lacks[0] == 'image: none came in the 1 s before the instruction'


def test_an_outcome_alone_shows_no_picture_and_ends_no_other_instruction(
    tmp_path, write_bag, episodes, pick_messages
):
    """What was seen when it was given is not known; the newest picture is of the end."""
    pick = episodes['pick']
    rest = without(pick_messages, '/reasoning', '/affordance')
    new = instruction(rest[0], 'something else', pick.end_ns - 500_000_000)
    alone, other = read(write_bag(tmp_path / 'bag', inserted(rest, new)))[0]
    assert (alone.instruction, alone.view) == (pick.instruction, None)
    assert alone.lacks[0] == 'the instruction: the bag holds its outcome alone'
    assert (other.instruction, other.outcome) == ('something else', None)
    assert other.end_ns == max(time_ns for _, time_ns, _ in rest)


def test_the_instruction_can_be_that_of_the_whole_bag(tmp_path, write_bag, pick_messages):
    """It begins with the first colour image; depth may come before."""
    taught = without(pick_messages, *ANSWERS)
    first, second = sorted(stamp_of(m[2]) for m in taught if m[0].topic == IMAGE)[:2]
    taught = [m for m in taught if m[0].topic != IMAGE or stamp_of(m[2]) != first]
    bag = write_bag(tmp_path / 'bag', taught)
    assert read(bag)[0] == []
    (episode,), _ = read(bag, instruction='pick it up')
    assert episode.instruction == 'pick it up'
    assert episode.view.stamp_ns == second


def test_an_instruction_for_a_bag_without_images_is_told(tmp_path, write_bag, pick_messages):
    bag = write_bag(tmp_path / 'bag', without(pick_messages, *ANSWERS, IMAGE))
    (episode,), _ = read(bag, instruction='pick it up')
    assert (episode.instruction, episode.view) == ('pick it up', None)
    assert episode.lacks[0].startswith('image: none came')


def test_an_answer_joins_the_instruction_by_topic_that_it_is_to(
    tmp_path, write_bag, episodes, pick_messages
):
    pick = episodes['pick']
    given = instruction(pick_messages[0], pick.instruction, pick.begin_ns - 100_000_000)
    (episode,), _ = read(write_bag(tmp_path / 'bag', inserted(pick_messages, given)))
    assert (episode.request_id, len(episode.said)) == (pick.request_id, 1)


def test_a_newer_instruction_ends_the_one_before(tmp_path, write_bag, episodes, pick_messages):
    taught, pick = on_time(without(pick_messages, *ANSWERS)), episodes['pick']
    times = [pick.view.stamp_ns + second * 10**9 for second in (0, 2)]
    given = [instruction(taught[0], f'pick {time}', time) for time in times]
    first, second = read(write_bag(tmp_path / 'bag', inserted(taught, *given)))[0]
    assert [first.instruction, second.instruction] == [f'pick {time}' for time in times]
    assert first.end_ns == second.begin_ns == times[1]
    heard = [time_ns for connection, time_ns, _ in taught if connection.topic == '/tf']
    assert first.tool_path.stamps_ns[-1] == max(t for t in heard if t <= times[1])
    assert second.tool_path.stamps_ns[-1] == heard[-1]


def test_a_late_outcome_belongs_to_its_own_instruction(
    tmp_path, write_bag, episodes, pick_messages
):
    pick = episodes['pick']
    new = instruction(pick_messages[0], 'something else', pick.end_ns - 500_000_000)
    first, second = read(write_bag(tmp_path / 'bag', inserted(pick_messages, new)))[0]
    assert (first.instruction, first.outcome.error_code) == (pick.instruction, 0)
    assert (second.instruction, second.outcome) == ('something else', None)
    assert first.end_ns == second.begin_ns


def test_pictures_that_are_recorded_after_the_outcome_are_in_the_film(
    tmp_path, write_bag, episodes, pick_messages
):
    """Seen before, recorded later: on a busy machine they take longer than an outcome."""
    end_ns = episodes['pick'].end_ns
    late = {id(m) for m in pick_messages if m[0].topic == IMAGE and m[1] > end_ns - 10**9}
    recorded = [(m[0], m[1] + 10**9 if id(m) in late else m[1], m[2]) for m in pick_messages]
    path = write_bag(tmp_path / 'bag', sorted(recorded, key=lambda message: message[1]))
    with Bag(path) as bag:
        reader = EpisodeReader(bag, EpisodeConfig())
        ((episode, film),) = [(e, reader.film(e)) for e in reader.episodes()]
    stamps = [stamp_of(data) for connection, _, data in recorded if connection.topic == IMAGE]
    first, last = episode.view.stamp_ns, episode.tool_path.stamps_ns[-1]
    assert late
    assert [stamp for stamp, _ in film] == [s for s in sorted(stamps) if first <= s <= last]


def test_an_instruction_without_an_end_is_cut(tmp_path, write_bag, episodes, pick_messages):
    taught, pick = on_time(without(pick_messages, *ANSWERS)), episodes['pick']
    given = instruction(taught[0], 'pick', pick.view.stamp_ns)
    bag = write_bag(tmp_path / 'bag', inserted(taught, given))
    (episode,), _ = read(bag, max_episode_s=2.0)
    assert episode.lacks[0] == 'an end: cut after 2 s'
    cut_ns = episode.begin_ns + 2 * 10**9
    assert episode.end_ns == min(time_ns for _, time_ns, _ in taught if time_ns > cut_ns)


def test_compressed_images_of_another_camera_are_found(
    tmp_path, write_bag, episodes, pick_messages
):
    """As image_transport names them, in a namespace."""
    types = JAZZY.types
    renamed = []
    for message in pick_messages:
        connection, time_ns, data = message
        if connection.topic in (IMAGE, DEPTH):
            image = decoded(message)
            if connection.topic == IMAGE:
                pixels = image.data.reshape(image.height, image.width, 3)[..., ::-1]
                packed, form = cv2.imencode('.png', pixels)[1], 'rgb8; png compressed bgr8'
                topic = '/arm1/front/rgb/image/compressed'
            else:
                mm = np.nan_to_num(image.data.view('<f4') * 1000).round().astype(np.uint16)
                png = cv2.imencode('.png', mm.reshape(image.height, image.width))[1]
                packed = np.concatenate([np.zeros(12, np.uint8), png.ravel()])
                topic, form = '/arm1/front/depth/image/compressedDepth', '16UC1; compressedDepth'
            compressed = types['sensor_msgs/msg/CompressedImage'](
                header=image.header, format=form, data=packed.ravel()
            )
            renamed.append(made(message, topic, compressed, time_ns))
        elif connection.topic == INFO:
            topic = '/arm1/front/rgb/camera_info'
            renamed.append((connection._replace(topic=topic), time_ns, data))
        else:
            renamed.append(message)
    (episode,), reader = read(write_bag(tmp_path / 'bag', renamed))
    pick = episodes['pick']
    assert not episode.lacks
    assert np.array_equal(rgb_of(episode.view.image), rgb_of(pick.view.image))
    assert np.nanmax(np.abs(episode.view.depth - pick.view.depth)) < 0.001
    shown = sum(m[0].topic == IMAGE for m in pick_messages)
    assert reader.audits['/arm1/front/rgb/image/compressed'].report().count == shown > 0


def test_pictures_that_are_drawn_over_are_not_taken_for_the_cameras(
    tmp_path, write_bag, episodes, pick_messages
):
    """An overlay has the same header and encoding as the image."""
    painted = []
    for message in pick_messages:
        if message[0].topic == IMAGE:
            image = decoded(message)
            black = replace(image, data=np.zeros_like(image.data))
            painted.append(made(message, '/aaa/overlay', black, message[1]))
    (episode,), _ = read(write_bag(tmp_path / 'bag', inserted(pick_messages, *painted)))
    assert np.array_equal(rgb_of(episode.view.image), rgb_of(episodes['pick'].view.image))


def test_a_message_that_cannot_be_decoded_is_counted_and_told(tmp_path, write_bag, pick_messages):
    infos = [m for m in pick_messages if m[0].topic == INFO]
    cut = {id(message) for message in infos[::3]}
    broken = [(m[0], m[1], m[2][:40]) if id(m) in cut else m for m in pick_messages]
    (episode,), reader = read(write_bag(tmp_path / 'bag', broken))
    assert episode.view.camera is not None
    assert reader.audits[INFO].report().undecodable == len(cut) > 0
    assert [fault.topic for fault in reader.faults] == [INFO]


def test_everything_in_the_bag_is_counted(recording):
    _, reader = read(recording)
    with Reader(recording) as whole:
        expected = {c.topic: c.msgcount for c in whole.connections}
    assert {topic: audit.report().count for topic, audit in reader.audits.items()} == expected
    joints = reader.audits['/joint_states'].report()
    assert joints.rate_hz == pytest.approx(50.0, rel=0.01)


def test_memory_does_not_hold_the_pictures(recording):
    """Peak memory of all episodes, above what the first one takes."""
    script = """if True:
        from pathlib import Path
        import re, sys
        from vla_r1_training.bags.bag import Bag
        from vla_r1_training.config import EpisodeConfig
        from vla_r1_training.bags.episodes import EpisodeReader

        def peak_kib():
            return int(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1])

        with Bag(Path(sys.argv[1])) as bag:
            episodes = EpisodeReader(bag, EpisodeConfig()).episodes()
            next(episodes)
            before = peak_kib()
            for _ in episodes:
                pass
        print(peak_kib() - before)
    """
    command = [sys.executable, '-c', script, str(recording)]
    grown_kib = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    size_kib = sum(f.stat().st_size for f in recording.iterdir()) / 1024
    assert grown_kib < 0.2 * size_kib
