"""Thoughts for a dataset: asked of a real server, checked, and never lost."""

from contextlib import contextmanager
import json
import os
from pathlib import Path
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest
from vla_r1_core.output import format as format_answer
from vla_r1_core.output import is_canonical, parse
from vla_r1_core.prompt import build_prompt
from vla_r1_core.rewards import compute_score, read_target
from vla_r1_core.types import Box, ParsedAnswer, Task, Trajectory2D
from vla_r1_training.annotate import main
from vla_r1_training.export import main as export
from vla_r1_training.formats.dataset import read, write
from vla_r1_training.labels.stated import payload_of
from vla_r1_training.render import render
import yaml

SERVER = Path(__file__).parent / 'teacher_server.py'
COMMAND = [sys.executable, '-m', 'vla_r1_training.annotate']
KEY = 'secret-key'
BOX = ParsedAnswer(Task.AFFORDANCE, 'known', box=Box(0.5, 0.4, 0.1, 0.2))
TRACE = ParsedAnswer(
    Task.TRAJECTORY, 'known', trajectory=Trajectory2D(((0.1, 0.2), (0.3, 0.4), (0.5, 0.75)))
)
ABSENT = ParsedAnswer(Task.AFFORDANCE, 'known')
QUICK = ('--timeout-s', 1, '--retries', 1)


@contextmanager
def serving(folder, moods=None):
    """Run the server; yield its URL and the file with a line for each request."""
    log, file = folder / 'requests.jsonl', folder / 'moods.json'
    file.write_text(json.dumps(moods or {}))
    log.touch()
    process = subprocess.Popen(
        [sys.executable, str(SERVER), str(log), str(file)], stdout=subprocess.PIPE, text=True
    )
    try:
        yield f'http://127.0.0.1:{process.stdout.readline().strip()}/v1', log
    finally:
        process.kill()
        process.wait()


def row(number, target, *, instruction='', **more):
    instruction = instruction or f'take the red cube{number}'
    picture = cv2.imencode('.png', np.full((48, 64, 3), number % 256, np.uint8))[1]
    return {
        'id': f'bag/{number:03d}/{target.task.name.lower()}/0',
        'instruction': instruction,
        'task': target.task.name.lower(),
        'prompt': build_prompt(instruction, target.task),
        'image': {'bytes': bytes(picture), 'path': None},
        'ground_truth': payload_of(target),
        'label_source': 'hindsight',
    } | more


def dataset(folder, rows):
    (folder / 'data').mkdir(parents=True)
    write(rows, folder / 'data' / 'a.parquet')
    return folder


def annotate(*arguments):
    return main([str(argument) for argument in arguments])


def requests(log):
    return [json.loads(line) for line in log.read_text().splitlines()]


def codes(out):
    return json.loads((out / 'run.json').read_text())['codes']


def test_each_thought_leads_to_the_true_answer(tmp_path, monkeypatch):
    monkeypatch.setenv('OPENAI_API_KEY', KEY)
    targets = [BOX, TRACE, ABSENT]
    source = dataset(tmp_path / 'in', [row(i, target) for i, target in enumerate(targets)])
    out = tmp_path / 'out'
    with serving(tmp_path) as (url, log):
        assert annotate(source, '--out', out, '--teacher', url) == 0
    rows = list(read([out]))
    for found, target in zip(rows, targets, strict=True):
        answer = parse(found['answer'], target.task)
        assert (answer.box, answer.trajectory) == (target.box, target.trajectory)
        assert is_canonical(found['answer']) and found['well_formed']
        assert compute_score('', found['answer'], found['ground_truth'], found)[
            'score'
        ] == pytest.approx(1.0)
        assert found['model'] == 'sage'
        assert 'cube' in answer.thought
    assert codes(out) == {'ANNOTATED': 3}
    assert {r['key'] for r in requests(log)} == {f'Bearer {KEY}'}
    assert {r['url'] for r in requests(log)} == {'data:image/png;base64,'}
    written = [path for path in out.rglob('*') if path.is_file()]
    assert not any(KEY.encode() in path.read_bytes() for path in written)
    # What other commands take from it: every row has a thought to teach now.
    assert export(['sharegpt', str(out), '--out', str(tmp_path / 'gpt')]) == 0
    assert json.loads((tmp_path / 'gpt' / 'run.json').read_text())['left_out'] == 0


@pytest.mark.parametrize(
    ('moods', 'count'),
    [
        (['429', '500'], 3),
        (['drop'], 2),
        (['hang'], 2),
        (['garbage'], 2),
        (['half'], 2),
        (['empty'], 2),
        (['cut'], 2),
        (['tags'], 2),
        (['wrong', 'wrong'], 3),
    ],
)
def test_a_server_in_a_bad_mood_is_asked_again(tmp_path, moods, count):
    source = dataset(tmp_path / 'in', [row(0, BOX)])
    with serving(tmp_path, {'*': moods}) as (url, log):
        options = ('--timeout-s', 1, '--retries', 2)
        assert annotate(source, '--out', tmp_path / 'out', '--teacher', url, *options) == 0
    assert len(requests(log)) == count
    (found,) = read([tmp_path / 'out'])
    assert parse(found['answer'], Task.AFFORDANCE).box == BOX.box


def test_a_thought_that_contradicts_is_sent_back_with_the_reason(tmp_path):
    source = dataset(tmp_path / 'in', [row(0, BOX)])
    with serving(tmp_path, {'*': ['wrong']}) as (url, log):
        assert annotate(source, '--out', tmp_path / 'out', '--teacher', url) == 0
    first, second = requests(log)
    assert first['said_back'] == []
    assert 'must name the centre (0.500, 0.400)' in second['said_back'][0]
    assert '1 COORDINATES' in (tmp_path / 'out' / 'report.md').read_text()


def test_a_row_whose_thoughts_never_agree_stays_as_it_was(tmp_path):
    before = 'no answer of any use'
    rows = [row(0, BOX, instruction='take the red cube', answer=before), row(1, TRACE)]
    source = dataset(tmp_path / 'in', rows)
    out = tmp_path / 'out'
    with serving(tmp_path, {'take the red cube': ['wrong'] * 9}) as (url, log):
        assert annotate(source, '--out', out, '--teacher', url, '--attempts', 2) == 0
    assert [r['instruction'] for r in requests(log)].count('take the red cube') == 2
    first, second = read([out])
    assert first['answer'] == before
    assert first['lacks'][0].startswith('thought: COORDINATES: the step')
    assert second['model'] == 'sage'
    assert codes(out) == {'COORDINATES': 1, 'ANNOTATED': 1}
    assert '- bag/000/affordance/0: the step' in (out / 'report.md').read_text()


def test_right_answers_keep_their_thoughts_and_nothing_is_asked_where_no_answer_is_known(tmp_path):
    mine = format_answer(ParsedAnswer(Task.AFFORDANCE, 'my own', box=BOX.box))
    rows = [row(0, BOX, answer=mine, model='nano'), row(1, BOX, ground_truth=None)]
    source = dataset(tmp_path / 'in', rows)
    with serving(tmp_path) as (url, log):
        assert annotate(source, '--out', tmp_path / 'out', '--teacher', url) == 0
    assert requests(log) == []
    kept, unknown = read([tmp_path / 'out'])
    assert (kept['answer'], kept['model']) == (mine, 'nano')
    assert unknown['answer'] is None
    assert codes(tmp_path / 'out') == {'KEPT': 1, 'NO_TRUTH': 1}


@pytest.mark.parametrize(
    ('mood', 'code'),
    [
        ('500', 'SERVER_FAILED'), ('429', 'BUSY'), ('hang', 'TIMEOUT'), ('drop', 'UNREACHABLE'),
        ('half', 'GARBAGE'),
    ],
)  # fmt: skip
def test_what_is_the_servers_fault_is_asked_again_by_the_same_command(tmp_path, mood, code):
    source = dataset(tmp_path / 'in', [row(0, BOX, instruction='take the red cube'), row(1, BOX)])
    out = tmp_path / 'out'
    # One port for both runs: the same command.
    with serving(tmp_path, {'take the red cube': [mood] * 4}) as (url, log):
        command = (source, '--out', out, '--teacher', url, *QUICK, '--attempts', 2)
        assert annotate(*command) == 1
        assert codes(out) == {code: 1, 'ANNOTATED': 1}
        once = [r['instruction'] for r in requests(log)].count('take the red cube1')
        tries = 0
        while annotate(*command) == 1 and tries < 3:
            tries += 1
        assert codes(out) == {'ANNOTATED': 2}
        again = [r['instruction'] for r in requests(log)].count('take the red cube1')
    assert once == again == 1
    assert KEY not in (out / 'report.md').read_text()


def test_a_request_that_the_server_refuses_is_told_and_the_others_go_on(tmp_path):
    source = dataset(tmp_path / 'in', [row(0, BOX, instruction='take the red cube'), row(1, BOX)])
    with serving(tmp_path, {'take the red cube': ['400'] * 9}) as (url, log):
        assert annotate(source, '--out', tmp_path / 'out', '--teacher', url) == 0
    assert codes(tmp_path / 'out') == {'REFUSED': 1, 'ANNOTATED': 1}
    assert len(requests(log)) == 2


def test_a_dead_server_ends_the_work_and_nothing_is_lost(tmp_path, caplog):
    source = dataset(tmp_path / 'in', [row(i, BOX) for i in range(12)])
    moods = {f'take the red cube{i}': ['500'] * 9 for i in range(4, 12)}
    with serving(tmp_path, moods) as (url, _):
        command = (source, '--out', tmp_path / 'out', '--teacher', url, '--retries', 0)
        assert annotate(*command, '--requests', 1, '--give-up', 3) == 1
    assert 'has failed at 3 rows in a row' in caplog.text
    (journal,) = (tmp_path / 'out' / 'reports').glob('*.jsonl')
    assert len(journal.read_text().splitlines()) == 1 + 4 + 3
    assert not list((tmp_path / 'out' / 'data').iterdir())


def test_a_wrong_key_ends_the_work_and_is_not_told(tmp_path, caplog, monkeypatch):
    monkeypatch.setenv('MY_KEY', f'{KEY}-wrong')
    source = dataset(tmp_path / 'in', [row(0, BOX)])
    with serving(tmp_path) as (url, _):
        assert annotate(source, '--out', tmp_path / 'o', '--teacher', url, '--key', 'MY_KEY') == 1
    assert 'refuses (401)' in caplog.text and 'MY_KEY' in caplog.text
    assert KEY not in caplog.text


def test_requests_under_way_are_bounded(tmp_path):
    source = dataset(tmp_path / 'in', [row(i, BOX) for i in range(24)])
    with serving(tmp_path) as (url, log):
        command = (source, '--out', tmp_path / 'out', '--teacher', url)
        assert annotate(*command, '--requests', 3) == 0
    assert max(r['under_way'] for r in requests(log)) == 3
    ids = [found['id'] for found in read([tmp_path / 'out'])]
    assert ids == sorted(ids)


def test_memory_does_not_grow_with_the_dataset(tmp_path):
    """Peak memory of the whole process, with 0.4 MB for each picture, which nobody looks at."""
    rng = np.random.default_rng(0)
    script = (
        'import resource, sys; from vla_r1_training.annotate import main; main(sys.argv[1:]); '
        'print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)'
    )
    peaks = []
    for count in (20, 320):
        noise = (rng.bytes(400_000) for _ in range(count))
        rows = (row(i, BOX, image={'bytes': data}) for i, data in enumerate(noise))
        source = dataset(tmp_path / str(count), rows)
        out = tmp_path / f'out{count}'
        with serving(tmp_path) as (url, _):
            arguments = [str(source), '--out', str(out), '--teacher', url]
            arguments += ['--requests', '16']
            done = subprocess.run(
                [sys.executable, '-c', script, *arguments], capture_output=True, text=True
            )
        assert codes(out) == {'ANNOTATED': count}
        peaks.append(int(done.stdout) / 1024)  # [MiB]
    assert peaks[1] - peaks[0] < 40, peaks  # of 114 MiB more pictures


def test_the_model_may_move_to_another_address(tmp_path):
    source = dataset(tmp_path / 'in', [row(0, BOX)])
    for requests_made in (1, 1):
        with serving(tmp_path) as (url, log):
            assert annotate(source, '--out', tmp_path / 'out', '--teacher', url) == 0
        assert len(requests(log)) == requests_made
    with serving(tmp_path) as (url, _), pytest.raises(SystemExit):
        annotate(source, '--out', tmp_path / 'out', '--teacher', url, '--seed', 1)


def test_killed_and_started_again_it_asks_about_nothing_twice(tmp_path):
    count, side_by_side = 30, 2
    source = dataset(tmp_path / 'in', [row(i, BOX) for i in range(count)])
    out = tmp_path / 'out'
    with serving(tmp_path) as (url, log):
        options = ['--teacher', url, '--requests', str(side_by_side)]
        arguments = [str(source), '--out', str(out), *options]
        process = subprocess.Popen([*COMMAND, *arguments])
        while len(requests(log)) < 8:
            assert process.poll() is None
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        (journal,) = (out / 'reports').glob('*.jsonl')
        with journal.open('ab') as file:
            file.write(b'{"row": 29, "code": "ANNO')  # killed within a line
        assert not list((out / 'data').glob('*.parquet'))
        assert annotate(*arguments) == 0
        assert count <= len(requests(log)) <= count + side_by_side
        asked = len(requests(log))
        assert annotate(*arguments) == 0
        assert len(requests(log)) == asked, 'what is done stays'
        straight = tmp_path / 'straight'
        assert annotate(source, '--out', straight, *options) == 0
    assert list(read([out])) == list(read([straight]))


def test_a_changed_source_is_asked_about_anew(tmp_path):
    source = dataset(tmp_path / 'in', [row(0, BOX)])
    out = tmp_path / 'out'
    with serving(tmp_path) as (url, log):
        assert annotate(source, '--out', out, '--teacher', url) == 0
        write([row(0, TRACE), row(1, BOX)], source / 'data' / 'a.parquet')
        assert annotate(source, '--out', out, '--teacher', url) == 0
    assert len(requests(log)) == 3
    assert [found['task'] for found in read([out])] == ['trajectory', 'affordance']


def test_the_simulator_writes_the_thoughts_of_rendered_scenes(tmp_path, monkeypatch):
    monkeypatch.setattr('vla_r1_training.render.PER_FILE', 2)
    render('train', 2, tmp_path / 'scenes')
    out = tmp_path / 'out'
    command = (tmp_path / 'scenes', '--out', out, '--teacher', 'simulator')
    assert annotate(*command) == 0
    rows = list(read([out]))
    assert codes(out) == {'ANNOTATED': len(rows)} and len(rows) > 10
    for found in rows:
        target = read_target(found['ground_truth'], found['task'])
        assert compute_score('', found['answer'], found['ground_truth'], found)['score'] > 0.9
        assert not target.absent or 'not there' in found['answer']
    first = next(iter(read([out])))
    assert annotate(*command) == 0
    assert next(iter(read([out]))) == first


def test_the_simulator_says_so_where_it_does_not_know_the_scene(tmp_path):
    source = dataset(tmp_path / 'in', [row(0, BOX)])
    assert annotate(source, '--out', tmp_path / 'out', '--teacher', 'simulator') == 0
    assert codes(tmp_path / 'out') == {'NO_SCENE': 1}
    (found,) = read([tmp_path / 'out'])
    assert found['answer'] is None


@pytest.mark.parametrize(
    ('teacher', 'message'),
    [
        ('', "give http://HOST:PORT/v1, or 'simulator'"),
        ('localhost:8000', "give http://HOST:PORT/v1, or 'simulator'"),
        ('http://me:secret@host/v1', 'no key in the URL'),
    ],
)
def test_a_wrong_teacher_is_told_before_anything_is_written(tmp_path, capsys, teacher, message):
    source = dataset(tmp_path / 'in', [row(0, BOX)])
    with pytest.raises(SystemExit):
        annotate(source, '--out', tmp_path / 'out', '--teacher', teacher)
    assert message in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()


def test_nobody_at_the_url_is_told(tmp_path, caplog):
    source = dataset(tmp_path / 'in', [row(0, BOX)])
    url = 'http://127.0.0.1:9/v1'  # nobody listens at the discard port
    assert annotate(source, '--out', tmp_path / 'out', '--teacher', url, '--retries', 0) == 1
    assert 'the teacher does not answer' in caplog.text
    assert yaml.safe_load((tmp_path / 'out' / 'config.yaml').read_text())['teacher'] == url
