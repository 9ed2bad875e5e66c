"""Motions as a LeRobot dataset (v3.0), read back file by file."""

from dataclasses import replace
import json

import cv2
from messages import stamp_of
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from rosbags.rosbag2 import Reader
from vla_r1_training.bags.episode import Result
from vla_r1_training.bags.images import rgb_of
from vla_r1_training.export import main as export
from vla_r1_training.formats.lerobot import CAMERA, LeRobotError, LeRobotWriter, rate_of, states_at
from vla_r1_training.formats.lerobot_stats import of_all, of_pictures, of_values

IMAGE = '/camera/camera/color/image_raw'


@pytest.fixture(scope='module')
def dataset(recording, tmp_path_factory):
    folder = tmp_path_factory.mktemp('lerobot')
    arguments = ['lerobot', recording, '--out', folder, '--robot', 'ur5e']
    assert export([str(argument) for argument in arguments]) == 0
    return folder


def frames_of(folder, number):
    return pq.read_table(folder / f'data/chunk-000/file-{number:03d}.parquet').to_pandas()


def test_the_tables_agree_with_each_other(dataset, episodes):
    info = json.loads((dataset / 'meta/info.json').read_text())
    about = pd.read_parquet(dataset / 'meta/episodes/chunk-000/file-000.parquet')
    tasks = pd.read_parquet(dataset / 'meta/tasks.parquet')
    assert (info['codebase_version'], info['fps'], info['robot_type']) == ('v3.0', 5, 'ur5e')
    assert info['features'][CAMERA]['shape'] == [480, 640, 3]
    assert info['total_episodes'] == len(about) == len(episodes) == 4
    at = 0
    for number, episode in enumerate(episodes.values()):
        frames, entry = frames_of(dataset, number), about.iloc[number]
        assert frames['index'].tolist() == list(range(at, at + len(frames)))
        assert frames['frame_index'].tolist() == list(range(len(frames)))
        assert (entry['dataset_from_index'], entry['dataset_to_index']) == (at, at + len(frames))
        assert entry['length'] == len(frames)
        assert entry['tasks'].tolist() == [episode.instruction]
        assert set(frames['task_index']) == {tasks.loc[episode.instruction, 'task_index']}
        assert frames['timestamp'].to_numpy() == pytest.approx(np.arange(len(frames)) / 5)
        at += len(frames)
    assert info['total_frames'] == at


def test_a_frame_shows_what_the_camera_saw_where_the_tool_was(dataset, episodes, recording):
    episode = episodes['place']
    frames = frames_of(dataset, 3)
    times = episode.view.stamp_ns + np.arange(len(frames)) * 200_000_000
    states = np.array(frames['observation.state'].tolist())
    assert states == pytest.approx(states_at(episode, times), abs=1e-5)
    assert np.array(frames['action'].tolist())[:-1] == pytest.approx(states[1:])
    with Reader(recording) as reader:
        connections = [c for c in reader.connections if c.topic == IMAGE]
        pixels = {
            stamp_of(data): np.frombuffer(data[-480 * 640 * 3 :], np.uint8)
            for _, _, data in reader.messages(connections)
        }
    first = frames[CAMERA][0]['bytes']
    assert first == episode.view.image.data
    stamps = sorted(stamp for stamp in pixels if stamp <= episode.tool_path.stamps_ns[-1])
    for time, frame in zip(times, frames[CAMERA], strict=True):
        shown = stamps[np.searchsorted(stamps, time + 100_000_000) - 1]
        bgr = cv2.imdecode(np.frombuffer(frame['bytes'], np.uint8), cv2.IMREAD_COLOR)
        assert np.array_equal(bgr[..., ::-1].ravel(), pixels[shown])


def test_the_state_is_the_tools_pose_and_the_grippers_opening(episodes):
    episode = episodes['pick']
    stamps = episode.tool_path.stamps_ns
    states = states_at(episode, stamps)
    assert states[:, :3] == pytest.approx(episode.tool_path.T_fixed_tool[:, :3, 3])
    assert np.linalg.norm(states[:, 3:7], axis=1) == pytest.approx(np.ones(len(stamps)))
    held = np.interp(stamps, episode.gripper.stamps_ns, episode.gripper.opening)
    assert states[:, 7] == pytest.approx(held)


def test_dropped_pictures_are_repeated_and_counted(tmp_path, episodes):
    episode = episodes['reach']
    begin = episode.view.stamp_ns
    film = [(begin + k * 200_000_000, lambda: episode.view.image) for k in (0, 1, 2, 5, 6, 7, 8)]
    writer = LeRobotWriter(tmp_path, rate_of(film))
    end = int(np.searchsorted(episode.tool_path.stamps_ns, begin + 1_600_000_000, side='right'))
    path = replace(
        episode.tool_path,
        stamps_ns=episode.tool_path.stamps_ns[:end],
        T_fixed_tool=episode.tool_path.T_fixed_tool[:end],
    )
    writer.add(replace(episode, tool_path=path), film)
    assert (writer.fps, writer.frames, writer.repeated) == (5, 9, 2)


def test_a_motion_that_failed_is_left_out(tmp_path, recording, monkeypatch, caplog):
    from vla_r1_training import export as module

    class Failing(module.EpisodeReader):
        def episodes(self, *arguments):
            for number, episode in enumerate(super().episodes(*arguments)):
                failed = Result(221, 'it caught nothing', 0)
                yield replace(episode, outcome=failed) if number == 1 else episode

    monkeypatch.setattr(module, 'EpisodeReader', Failing)
    assert export(['lerobot', str(recording), '--out', str(tmp_path / 'out')]) == 0
    about = pd.read_parquet(tmp_path / 'out/meta/episodes/chunk-000/file-000.parquet')
    assert len(about) == 3
    assert 'is left out: it failed: it caught nothing' in caplog.text


def test_pictures_of_another_size_are_refused(tmp_path, episodes):
    episode = episodes['reach']
    begin = episode.view.stamp_ns
    writer = LeRobotWriter(tmp_path, 5)
    writer.add(episode, [(begin, lambda: episode.view.image)])
    small = replace(episode.view.image, width=320)
    with pytest.raises(LeRobotError, match='its pictures are 320 x 480'):
        writer.add(episode, [(begin, lambda: small)])


def test_the_statistics_are_those_of_what_was_written(dataset):
    stats = json.loads((dataset / 'meta/stats.json').read_text())
    frames = [frames_of(dataset, number) for number in range(4)]
    actions = np.vstack([np.array(f['action'].tolist()) for f in frames])
    for name, value in (
        ('min', actions.min(axis=0)),
        ('max', actions.max(axis=0)),
        ('mean', actions.mean(axis=0)),
        ('std', actions.std(axis=0)),
        ('count', [len(actions)]),
    ):
        assert stats['action'][name] == pytest.approx(value, abs=1e-5)
    assert np.shape(stats[CAMERA]['mean']) == (3, 1, 1)
    assert 0.1 < np.mean(stats[CAMERA]['mean']) < 0.9


def test_parts_add_up_to_the_whole():
    rng = np.random.default_rng(0)
    parts = [rng.normal(k, 1 + k, (50 + 30 * k, 3)) for k in range(3)]
    together, whole = of_all([of_values(part) for part in parts]), of_values(np.vstack(parts))
    for name in ('min', 'max', 'mean', 'std', 'count'):
        assert together[name] == pytest.approx(whole[name])


def test_colours_are_between_0_and_1(episodes):
    stats = of_pictures([rgb_of(episodes['pick'].view.image)])
    assert stats['max'].shape == (3, 1, 1)
    assert 0.0 <= stats['min'].min() <= stats['mean'].mean() <= stats['max'].max() <= 1.0
