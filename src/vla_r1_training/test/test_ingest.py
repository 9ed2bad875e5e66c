"""The command: bags in, dataset out, whatever happens in between."""

from dataclasses import replace
import json
import os
import re
import signal
import subprocess
import sys

import datasets
from messages import without
import numpy as np
import pytest
from vla_r1_core.rewards import RewardFunction
from vla_r1_core.types import Task
from vla_r1_training.ingest import main
import yaml

KILLED = """if True:
    import os, signal, sys
    from unittest.mock import patch
    from pkgutil import resolve_name
    from vla_r1_training import ingest

    name, of, *arguments = sys.argv[1:]
    real, calls = resolve_name(name), 0

    def deadly(*given, **named):
        global calls
        calls += 1
        if calls == int(of):
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*given, **named)

    with patch(name, deadly):
        ingest.main(arguments)
"""
COMMAND = [sys.executable, '-m', 'vla_r1_training.ingest']


def files_of(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob('*'))
        if path.is_file() and path.name not in ('run.json',)
    }


def ingest(*arguments):
    return main([str(argument) for argument in arguments])


def loaded(folder, cache):
    return datasets.load_dataset(str(folder), cache_dir=str(cache))['train']


@pytest.fixture(scope='module')
def dataset(recording, tmp_path_factory):
    folder = tmp_path_factory.mktemp('dataset')
    assert ingest(recording, '--out', folder, '--jobs', 1) == 0
    return folder


@pytest.fixture(scope='module')
def rows(dataset, tmp_path_factory):
    return loaded(dataset, tmp_path_factory.mktemp('cache'))


def test_the_dataset_holds_what_the_episodes_hold(rows, episodes):
    assert len(rows) == 8  # four instructions, with both answers known
    assert set(rows['label_source']) == {'truth'}
    first = rows[0]
    pick = episodes['pick']
    assert (first['instruction'], first['stamp_ns']) == (pick.instruction, pick.view.stamp_ns)
    assert first['answer'] == pick.said[0].text
    assert first['image'].size == (640, 480)
    depth = np.array(first['depth']) / 1000.0
    assert np.nanmax(np.abs(depth - np.nan_to_num(pick.view.depth))) < 0.001
    assert np.array(first['T_fixed_camera']).reshape(4, 4) == pytest.approx(
        pick.view.T_fixed_camera
    )
    assert np.array(first['tool_xyz']) == pytest.approx(
        pick.tool_path.T_fixed_tool[:, :3, 3], abs=1e-6
    )
    assert first['camera']['fx'] == pick.view.camera.fx
    assert (first['outcome_code'], first['verified']) == (0, 'verified')


def test_its_columns_are_what_the_rewards_take(rows):
    """The robot was told the truth, so its answers earn all there is to earn."""
    asked = rows.filter(lambda row: row['model'] == 'teacher')
    assert len(asked) == 4
    columns = {name: asked[name] for name in ('ground_truth', 'task')}
    scores = RewardFunction()(asked['answer'], **columns)
    assert scores == pytest.approx([1.0] * 4)


def test_the_folder_says_where_it_comes_from(dataset, recording):
    run = json.loads((dataset / 'run.json').read_text())
    (bag_file,) = [path for path in recording.iterdir() if path.suffix == '.mcap']
    sha = subprocess.run(['sha256sum', bag_file], capture_output=True, text=True).stdout.split()[0]
    assert list(run['inputs'].values()) == [sha]
    ((written, sha_written),) = run['outputs'].items()
    sha = subprocess.run(['sha256sum', dataset / written], capture_output=True, text=True).stdout
    assert sha.split()[0] == sha_written
    assert len(run['revision'].removesuffix('-dirty')) in (40, len('unknown'))
    assert run['versions']['rosbags'] != 'not installed'
    assert yaml.safe_load((dataset / 'config.yaml').read_text())['labels'].startswith('topic')


def test_the_report_has_every_topic_and_every_loss(tmp_path, write_bag, pick_messages, dataset):
    whole = (dataset / 'report.md').read_text()
    assert '# 8 rows of 4 episodes of 1 bags' in whole
    assert '| /joint_states |' in whole
    bag = write_bag(tmp_path / 'bag', without(pick_messages, '/tf_static'))
    (file,) = bag.glob('*.mcap')
    os.truncate(file, int(file.stat().st_size * 0.9))  # the outcome comes last
    assert ingest(bag, '--out', tmp_path / 'out') == 0
    text = (tmp_path / 'out' / 'report.md').read_text()
    assert 'the file ends within it' in text
    assert re.search(r'/outcome: 1 messages were recorded, 0 are there', text)
    assert 'TF has no frame camera_color_optical_frame' in text


@pytest.mark.parametrize(
    ('call', 'of', 'done_bags'),
    [
        ('bags.convert_bag.row_of', 3, 1),  # the first row of the second bag
        ('bags.convert_bag.write_text', 2, 1),  # its Parquet is there, its report is not
        ('ingest.write_run', 1, 3),  # all is converted
    ],
)
def test_killed_and_started_again_it_ends_as_if_nothing_had_happened(
    tmp_path, write_bag, pick_messages, call, of, done_bags
):
    """kill -9 at a certain call of a function."""
    bags = [write_bag(tmp_path / f'bag{i}', pick_messages) for i in range(3)]
    arguments = [*map(str, bags), '--jobs', '1', '--out']
    assert ingest(*arguments, tmp_path / 'straight') == 0
    out = tmp_path / 'killed'
    command = [sys.executable, '-c', KILLED, f'vla_r1_training.{call}', str(of)]
    assert subprocess.run([*command, *arguments, str(out)]).returncode == -signal.SIGKILL
    assert not (out / 'run.json').exists()
    names = [json.loads(path.read_text())['parquet'] for path in out.glob('reports/*.json')]
    assert len(names) == done_bags
    done = {path: path.stat().st_mtime_ns for path in (out / 'data' / name for name in names)}
    assert ingest(*arguments, out) == 0
    assert {path: path.stat().st_mtime_ns for path in done} == done, 'what was done stays'
    assert files_of(out) == files_of(tmp_path / 'straight')


def test_bags_side_by_side_give_the_same_as_one_after_the_other(
    tmp_path, write_bag, pick_messages
):
    bags = [write_bag(tmp_path / f'bag{i}', pick_messages) for i in range(3)]
    assert ingest(*bags, '--out', tmp_path / 'one', '--jobs', 1) == 0
    assert ingest(*bags, '--out', tmp_path / 'two', '--jobs', 2) == 0
    assert files_of(tmp_path / 'one') == files_of(tmp_path / 'two')


def test_on_ray_it_is_the_same(tmp_path, write_bag, pick_messages):
    """In a process of its own: Ray stays until the end of the process that started it."""
    bags = [write_bag(tmp_path / f'bag{i}', pick_messages) for i in range(2)]
    (tmp_path / 'bad.mcap').write_text('nothing of the kind')
    bags.append(tmp_path / 'bad.mcap')
    assert ingest(*bags, '--out', tmp_path / 'here', '--jobs', 1) == 0
    command = [*COMMAND, *map(str, bags), '--out', str(tmp_path / 'ray'), '--ray']
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert files_of(tmp_path / 'ray') == files_of(tmp_path / 'here')


def test_a_bag_that_changed_is_converted_again_and_a_new_one_joins(
    tmp_path, write_bag, pick_messages
):
    first, second = (write_bag(tmp_path / f'bag{i}', pick_messages) for i in range(2))
    out = tmp_path / 'out'
    assert ingest(first, '--out', out) == 0
    (before,) = out.glob('data/*.parquet')
    (file,) = first.glob('*.mcap')
    os.truncate(file, int(file.stat().st_size * 0.95))
    assert ingest(first, second, '--out', out) == 0
    reports = [json.loads(path.read_text()) for path in out.glob('reports/*.json')]
    assert sorted(len(report['faults']) > 0 for report in reports) == [False, True]
    assert before.name in json.dumps(json.loads((out / 'run.json').read_text()))
    assert len(list(out.glob('data/*.parquet'))) == 2


def test_a_bag_that_cannot_be_read_is_reported_and_the_others_are_converted(
    tmp_path, write_bag, pick_messages
):
    good = write_bag(tmp_path / 'good', pick_messages)
    (tmp_path / 'bad.mcap').write_text('nothing of the kind')
    assert ingest(good, tmp_path / 'bad.mcap', '--out', tmp_path / 'out') == 0
    text = (tmp_path / 'out' / 'report.md').read_text()
    assert 'bad.mcap: this is no MCAP file' in text
    assert len(list((tmp_path / 'out').glob('data/*.parquet'))) == 1


def test_an_episode_that_gives_no_row_says_why(tmp_path, recording, episodes, monkeypatch):
    """The reasoner did not understand the instruction: there is no answer and no motion."""
    refused = replace(episodes['pick'].said[0], task=Task.AUTO, text='', error_code=113)
    silent = replace(episodes['pick'], said=(refused,), stated=(), tool_path=None)
    monkeypatch.setattr(
        'vla_r1_training.bags.convert_bag.EpisodeReader.episodes', lambda *_: iter([silent])
    )
    assert ingest(recording, '--out', tmp_path, '--jobs', 1) == 0
    text = (tmp_path / 'report.md').read_text()
    assert 'an answer: the reasoner refused with code 113' in text
    assert 'neither a question about an image nor a true answer: no row' in text
    assert '# 0 rows of 1 episodes' in text


def test_other_settings_need_another_folder(dataset, recording, capsys):
    with pytest.raises(SystemExit):
        ingest(recording, '--out', dataset, '--labels', 'hindsight')
    assert 'made with other settings (labels)' in capsys.readouterr().err


def test_settings_come_from_yaml_and_the_command_line_wins(tmp_path, write_bag, pick_messages):
    bag = write_bag(tmp_path / 'bag', pick_messages)
    file = tmp_path / 'run.yaml'
    file.write_text('labels: hindsight\ndepth: false\nimage_format: jpeg\n')
    out = tmp_path / 'out'
    assert ingest(bag, '--out', out, '--config', file, '--image-format', 'png') == 0
    settings = yaml.safe_load((out / 'config.yaml').read_text())
    assert (settings['labels'], settings['depth'], settings['image_format']) == (
        'hindsight', False, 'png',
    )  # fmt: skip
    (row,) = loaded(out, tmp_path / 'cache')
    assert row['label_source'] == 'hindsight'
    assert row['depth'] is None


@pytest.mark.parametrize(
    ('yaml_text', 'options', 'message'),
    [
        ('lables: truth', [], 'has lables; it may have'),
        ('', ['--labels', 'guess'], 'labels names guess; there are topic, truth, hindsight'),
        ('', ['--history-s', '-1'], 'history_s is -1.0 s; it must lie in'),
        ('image_format: gif', [], "image_format is 'gif'; choose one of png, jpeg"),
    ],
)
def test_wrong_settings_are_told(tmp_path, recording, capsys, yaml_text, options, message):
    file = tmp_path / 'run.yaml'
    file.write_text(yaml_text)
    with pytest.raises(SystemExit) as exit_:
        ingest(recording, '--out', tmp_path / 'out', '--config', file, *options)
    assert exit_.value.code == 2
    assert message in capsys.readouterr().err


def test_it_needs_no_torch():
    script = "import sys, vla_r1_training.ingest; print('torch' in sys.modules)"
    run = subprocess.run([sys.executable, '-c', script], capture_output=True, text=True)
    assert run.stdout.strip() == 'False'


def test_ros2_run_shows_help_with_examples():
    command = ['ros2', 'run', 'vla_r1_training', 'ingest', '--help']
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert 'ros2 run vla_r1_training ingest demo/bag --out dataset' in shown
    assert '--tool-frame' in shown
