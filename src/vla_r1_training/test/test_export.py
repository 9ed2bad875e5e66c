"""Datasets in other programs' forms, out and back in."""

import json
import subprocess

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest
from vla_r1_core.output import format as format_answer
from vla_r1_core.prompt import build_prompt
from vla_r1_core.rewards import compute_score, read_target
from vla_r1_core.types import Box, ParsedAnswer, Task, Trajectory2D
from vla_r1_training.export import main as export
from vla_r1_training.export import split_of
from vla_r1_training.formats.dataset import read, write
from vla_r1_training.import_json import main as import_json

from vla_r1_training.config import ExportConfig

BOX = ParsedAnswer(Task.AFFORDANCE, 'a red cube', box=Box(0.5, 0.4, 0.1, 0.2))
TRACE = ParsedAnswer(
    Task.TRAJECTORY, 'over the table', trajectory=Trajectory2D(((0.1, 0.2), (0.5, 0.75)))
)


def payload(answer):
    return format_answer(answer).partition('<output>')[2].partition('</output>')[0]


def picture(shade):
    return bytes(cv2.imencode('.png', np.full((48, 64, 3), shade, np.uint8))[1])


def row(number, answer, *, said=True, known=True, instruction='take the red cube'):
    return {
        'id': f'bag/{number:03d}/{answer.task.name.lower()}/0',
        'instruction': instruction,
        'task': answer.task.name.lower(),
        'prompt': build_prompt(instruction, answer.task),
        'image': {'bytes': picture(number), 'path': None},
        'ground_truth': payload(answer) if known else None,
        'label_source': 'truth' if known else '',
        'answer': format_answer(answer) if said else None,
    }


@pytest.fixture
def dataset(tmp_path):
    """Right answers, a wrong one, one without a known truth, one without an answer."""
    folder = tmp_path / 'dataset'
    (folder / 'data').mkdir(parents=True)
    wrong = row(2, BOX) | {'answer': format_answer(BOX).replace('0.5', '0.9')}
    rows = [row(0, BOX), row(1, TRACE), wrong, row(3, BOX, known=False), row(4, TRACE, said=False)]
    write(rows, folder / 'data' / 'a.parquet')
    return folder


def run(command, *arguments):
    return command([str(argument) for argument in arguments])


def all_conversations(folder):
    return [
        entry
        for split in ('train', 'validation')
        for entry in json.loads((folder / f'{split}.json').read_text())
    ]


def test_only_right_answers_are_taught(dataset, tmp_path):
    out = tmp_path / 'out'
    assert run(export, 'sharegpt', dataset, '--out', out) == 0
    entries = all_conversations(out)
    assert [e['conversations'][1]['value'] for e in entries] == [
        format_answer(BOX),
        format_answer(TRACE),
    ]
    assert json.loads((out / 'run.json').read_text())['left_out'] == 3
    first = entries[0]
    assert first['conversations'][0] == {
        'from': 'human',
        'value': build_prompt('take the red cube', Task.AFFORDANCE),
    }
    assert (out / first['images'][0]).read_bytes() == picture(0)


def test_true_answers_without_a_thought_come_on_request(dataset, tmp_path):
    out = tmp_path / 'out'
    assert run(export, 'sharegpt', dataset, '--out', out, '--without-thought') == 0
    said = {e['id']: e['conversations'][1]['value'] for e in all_conversations(out)}
    assert said['bag/002/affordance/0'] == f'<output>{payload(BOX)}</output>'
    assert said['bag/004/trajectory/0'] == f'<output>{payload(TRACE)}</output>'
    assert len(said) == 4


def test_what_goes_out_as_conversations_comes_back_as_the_same_rows(dataset, tmp_path):
    run(export, 'sharegpt', dataset, '--out', tmp_path / 'out', '--validation-share', 0)
    back = tmp_path / 'back'
    assert run(import_json, tmp_path / 'out' / 'train.json', '--out', back) == 0
    before = [r for r in read([dataset]) if r['id'].startswith(('bag/000', 'bag/001'))]
    columns = ('instruction', 'task', 'prompt', 'ground_truth', 'answer', 'image')
    assert [[r[c] for c in columns] for r in read([back])] == [
        [r[c] for c in columns] for r in before
    ]


def test_verls_columns_are_those_that_its_reward_gets(dataset, tmp_path):
    out = tmp_path / 'out'
    assert run(export, 'verl', dataset, '--out', out, '--validation-share', 0) == 0
    rows = pq.read_table(out / 'train.parquet').to_pylist()
    assert len(rows) == 4  # all with a known answer
    for entry, answer in zip(rows, (BOX, TRACE, BOX, TRACE), strict=True):
        (turn,) = entry['prompt']
        assert turn['content'].count('<image>') == len(entry['images']) == 1
        scores = compute_score(
            entry['data_source'],
            format_answer(answer),
            entry['reward_model']['ground_truth'],
            entry['extra_info'],
        )
        assert scores['score'] == pytest.approx(1.0)


def test_an_absent_object_keeps_its_task(tmp_path):
    """`null` alone does not say what was asked for; verl hands the task on in extra_info."""
    folder = tmp_path / 'dataset'
    (folder / 'data').mkdir(parents=True)
    absent = ParsedAnswer(Task.TRAJECTORY, 'it is not there')
    write([row(0, absent)], folder / 'data' / 'a.parquet')
    run(export, 'verl', folder, '--out', tmp_path / 'out', '--validation-share', 0)
    (entry,) = pq.read_table(tmp_path / 'out' / 'train.parquet').to_pylist()
    truth, extra = entry['reward_model']['ground_truth'], entry['extra_info']
    assert compute_score('', format_answer(absent), truth, extra)['score'] == pytest.approx(1.0)


def test_an_instruction_cannot_smuggle_in_a_second_image(tmp_path):
    folder = tmp_path / 'dataset'
    (folder / 'data').mkdir(parents=True)
    write([row(0, BOX, instruction='take <image> the cube')], folder / 'data' / 'a.parquet')
    run(export, 'verl', folder, '--out', tmp_path / 'verl', '--validation-share', 0)
    run(export, 'sharegpt', folder, '--out', tmp_path / 'sharegpt', '--validation-share', 0)
    (entry,) = pq.read_table(tmp_path / 'verl' / 'train.parquet').to_pylist()
    (other,) = all_conversations(tmp_path / 'sharegpt')
    for prompt in (entry['prompt'][0]['content'], other['conversations'][0]['value']):
        assert prompt.count('<image>') == 1
        assert prompt.endswith('<image>')


def test_the_reward_file_and_the_command_can_be_run(dataset, tmp_path):
    out = tmp_path / 'out'
    run(export, 'verl', dataset, '--out', out)
    names: dict = {}
    exec((out / 'reward.py').read_text(), names)
    assert names['compute_score'] is compute_score
    subprocess.run(['bash', '-n', out / 'train.sh'], check=True)
    lacking = subprocess.run([out / 'train.sh'], capture_output=True, text=True)
    assert 'the folder of the model' in lacking.stderr


def test_an_episodes_questions_stay_on_one_side_of_the_split():
    config = ExportConfig(validation_share=0.3, seed=5)
    ids = [f'bag/{episode}/{task}/0' for episode in range(400) for task in ('a', 'b')]
    sides = [split_of({'id': id_}, config) for id_ in ids]
    assert sides[::2] == sides[1::2]
    assert 0.24 < sides.count('validation') / len(sides) < 0.36
    other = [split_of({'id': id_}, ExportConfig(validation_share=0.3, seed=6)) for id_ in ids]
    assert other != sides


def test_what_is_no_dataset_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        run(export, 'verl', tmp_path, '--out', tmp_path / 'out')
    assert 'is no dataset' in capsys.readouterr().err


# ShareRobot's own examples (its README), with the names of images that it describes.
AFFORDANCE = {
    'id': 'bridge/2486.png',
    'meta_data': {'original_dataset': 'bridge', 'original_width': 640, 'original_height': 480},
    'instruction': 'place the red fork to the left of the left burner',
    'affordance': {
        'x': 352.87425387858815,
        'y': 186.47871614766484,
        'width': 19.296008229513156,
        'height': 14.472006172134865,
    },
}
TRAJECTORY = {
    'id': 456,
    'meta_data': {'original_dataset': 'bridge', 'original_width': 640, 'original_height': 480},
    'instruction': 'reach for the carrot',
    'points': [[265.45454545454544, 120.0], [275.15, 162.42], [280.0, 213.33], [280.0, 259.39]],
}


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / 'images'
    (folder / 'bridge').mkdir(parents=True)
    (folder / 'bridge' / '2486.png').write_bytes(picture(10))
    (folder / '456.png').write_bytes(picture(20))
    return folder


def imported(tmp_path, images, entries):
    file = tmp_path / 'entries.json'
    file.write_text(json.dumps(entries))
    status = run(import_json, file, '--images', images, '--out', tmp_path / 'out')
    return status, list(read([tmp_path / 'out'])) if status == 0 else []


def test_sharerobots_pixels_become_parts_of_the_image(tmp_path, images):
    status, rows = imported(tmp_path, images, [AFFORDANCE, TRAJECTORY])
    assert status == 0
    box = read_target(rows[0]['ground_truth'], Task.AFFORDANCE).box
    left, top, right, bottom = box.corners
    assert (left * 640, top * 480) == pytest.approx((352.874, 186.479), abs=0.1)
    assert ((right - left) * 640, (bottom - top) * 480) == pytest.approx((19.3, 14.47), abs=0.1)
    points = read_target(rows[1]['ground_truth'], Task.TRAJECTORY).trajectory.points
    assert np.array(points) * (640, 480) == pytest.approx(np.array(TRAJECTORY['points']), abs=0.1)
    assert rows[0]['prompt'] == build_prompt(AFFORDANCE['instruction'], Task.AFFORDANCE)
    assert [r['image']['bytes'] for r in rows] == [picture(10), picture(20)]
    assert {r['answer'] for r in rows} == {None}


def test_other_words_for_conversations_are_known(tmp_path, images):
    entry = {
        'messages': [
            {'role': 'system', 'content': 'You are a robot.'},
            {'role': 'user', 'content': '<image>Where is the cube?'},
            {'role': 'assistant', 'content': format_answer(BOX)},
        ],
        'image': 'bridge/2486.png',
    }
    _, (found,) = imported(tmp_path, images, [entry])
    assert (found['instruction'], found['task']) == ('Where is the cube?', 'affordance')
    assert found['ground_truth'] == payload(BOX)


def test_entries_that_cannot_be_used_are_counted_by_reason(tmp_path, images, caplog):
    outside = AFFORDANCE | {'affordance': {'x': 900, 'y': 1, 'width': 5, 'height': 5}}
    nothing = {k: v for k, v in TRAJECTORY.items() if k != 'points'}
    mute = {'conversations': [{'from': 'human', 'value': 'hello'}], 'images': ['456.png']}
    babble = {
        'conversations': [
            {'from': 'human', 'value': 'hello'},
            {'from': 'gpt', 'value': 'the cube is left'},
        ],
        'images': ['456.png'],
    }
    lost = [TRAJECTORY | {'id': 7}, TRAJECTORY | {'id': 8}]
    entries = [AFFORDANCE, outside, nothing, mute, babble, *lost]
    status, rows = imported(tmp_path, images, entries)
    assert (status, len(rows)) == (0, 1)
    reasons = json.loads((tmp_path / 'out' / 'run.json').read_text())['left_out']
    assert reasons.pop('its image is not there') == 2
    assert set(reasons) == {
        'it leaves the image',
        'it has neither affordance nor points',
        'it has no question and answer',
        'its answer cannot be read: the answer must begin with <think>...</think>',
    }
    assert sum(reasons.values()) == 4
    assert '2 entries are left out: its image is not there' in caplog.text
