"""Models are measured on what they would see, beside each other and beside the paper's figures."""

from itertools import islice
import json
from pathlib import Path
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest
from transformers import Qwen2_5_VLForConditionalGeneration
from vla_r1_perception.processor import load_processor
from vla_r1_training.evaluate import main
from vla_r1_training.exams.answer_log import key_of
from vla_r1_training.exams.answerer import Answerer
from vla_r1_training.exams.answers import answer_all, MOST_TOKENS
from vla_r1_training.exams.exam import of_dataset, of_split
from vla_r1_training.exams.judge import summary, Verdict
from vla_r1_training.exams.results import as_markdown, IN_DOMAIN, OUT_OF_DOMAIN, PAPER, Result
from vla_r1_training.exams.seeds import changes, summary_of_seeds
from vla_r1_training.formats.dataset import DATA, write
from vla_r1_training.nano.batches import Batcher
from vla_r1_training.nano.model import make_nano, PICTURE
from vla_r1_training.render import render
from vla_r1_training.scenes.examples import load_scenes
from vla_r1_training.scenes.thoughts import without_thought

SCENES = 4


@pytest.fixture(scope='module')
def scenes(tmp_path_factory):
    """Return a folder with a few rendered scenes of both splits."""
    folder = tmp_path_factory.mktemp('scenes')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr('vla_r1_training.render.PER_FILE', SCENES)
        for split in ('test', 'unseen'):
            render(split, SCENES, folder)
    return folder


@pytest.fixture(scope='module')
def models(tmp_path_factory):
    """Return two untrained models, which say different things."""
    folder = tmp_path_factory.mktemp('models')
    for seed in range(2):
        make_nano(folder / f'nano{seed}', seed=seed)
    return [folder / f'nano{seed}' for seed in range(2)]


@pytest.fixture(scope='module')
def dataset(scenes, tmp_path_factory):
    """Return the scenes of one split as a dataset, and a row that nobody knows the answer of."""
    folder = tmp_path_factory.mktemp('dataset')
    (folder / DATA).mkdir()
    rows = [item.row for item in of_split('test', scenes).items()]
    write([*rows, {**rows[0], 'ground_truth': None}], folder / DATA / 'rows.parquet')
    return folder


def evaluate(*arguments):
    return main([str(argument) for argument in arguments])


def test_a_model_sees_pictures_as_it_was_taught_with_them(scenes, models):
    """The processor's way from a picture's file is the way of training, batches or not."""
    rows = [item.row for item in of_split('test', scenes).items()]
    answerer = Answerer(models[0], max_tokens=MOST_TOKENS)
    texts = answerer.answer(rows)
    read = load_scenes(sorted(scenes.glob('test-*.parquet')), PICTURE)
    processor = load_processor(models[0])
    model = Qwen2_5_VLForConditionalGeneration.from_pretrained(models[0])
    asked = [question for questions in read.questions for question in questions]
    assert texts == answer_all(
        model, processor.tokenizer, Batcher(processor), asked, read.pictures
    )
    assert len(set(texts)) > 1


def test_an_answer_does_not_depend_on_what_else_is_asked(scenes, models):
    rows = [item.row for item in of_split('test', scenes).items()]
    rows[1] = {**rows[1], 'instruction': 'please, and take your time, ' * 20 + 'reach the cup'}
    answerer = Answerer(models[0], max_tokens=20)
    assert answerer.answer(rows) == [answerer.answer([row])[0] for row in rows]


def test_the_true_answer_is_perfect_in_scenes_and_in_datasets(scenes, dataset):
    rendered, rows = of_split('test', scenes), of_dataset(dataset)
    assert rendered.count() == rows.count() == SCENES
    for item, row in zip(rendered.items(), rows.items(), strict=True):
        text = item.asked.answer(0)
        for found in (item.judge(text, thought=True), row.judge(text, thought=True)):
            assert found.valid and found.iou in (None, pytest.approx(1.0, abs=0.05))
            assert found.mean in (None, pytest.approx(0.0, abs=1.0))
            assert found.absent in (None, True)
        assert not row.judge(without_thought(text), thought=True).valid
        assert row.judge(without_thought(text), thought=False).valid


def test_one_command_measures_several_models_on_several_sets(
    tmp_path, scenes, dataset, models, capsys
):
    status = evaluate(
        '--model', *models, '--split', 'test', 'unseen', '--scenes', scenes, '--data', dataset,
        '--limit', 3, '--batch-size', 2, '--max-tokens', 8, '--out', tmp_path / 'answers.jsonl',
        '--json', tmp_path / 'r.json', '--markdown', tmp_path / 'r.md',
    )  # fmt: skip
    assert status == 0
    shown = capsys.readouterr().out
    assert shown == (tmp_path / 'r.md').read_text()
    answers = [json.loads(line) for line in (tmp_path / 'answers.jsonl').read_text().splitlines()]
    exams = ('test', 'unseen', str(dataset))
    assert [(a['model'], a['exam']) for a in answers] == [
        (str(model), exam) for model in models for exam in exams for _ in range(3)
    ]
    report = json.loads((tmp_path / 'r.json').read_text())
    changed = {r['model']: r['changes'] for r in report['results']}
    assert changed[str(models[0])] == {} and changed[str(models[1])]['mean']['mean'] == 0.0
    assert shown.count('+0 [+0, +0]') == 3  # no answer: every trace counts 1000 in both
    measured = {(r['model'], r['exam']): r['measures'] for r in report['results']}
    assert set(measured) == {(str(model), exam) for model in models for exam in exams}
    assert {m['valid']['count'] for m in measured.values()} == {3}
    assert {m['valid']['mean'] for m in measured.values()} == {0.0}  # eight tokens are no answer
    assert len(set(report['weights_sha256'].values())) == 2
    (file,) = scenes.glob('test-*.parquet')
    sha = subprocess.run(['sha256sum', file], capture_output=True, text=True).stdout.split()[0]
    assert report['data']['test'] == {file.name: sha}


def test_models_of_one_recipe_are_measured_as_one(tmp_path, scenes, models):
    """What one of them was not taught, a thought, is not asked of it."""
    bare = tmp_path / 'bare'
    shutil.copytree(models[0], bare)
    (bare / 'training.yaml').write_text('thought: false\n')
    status = evaluate(
        '--model', f'both={models[0]},{models[1]}', models[0], f'bare={bare}', '--split', 'test',
        '--scenes', scenes, '--max-tokens', 8, '--json', tmp_path / 'r.json',
    )  # fmt: skip
    assert status == 0
    report = json.loads((tmp_path / 'r.json').read_text())
    assert [r['model'] for r in report['results']] == ['both (2 seeds)', str(models[0]), 'bare']
    assert set(report['weights_sha256']) == {str(path) for path in (*models, bare)}
    assert {r['measures']['valid']['count'] for r in report['results']} == {SCENES}


def test_only_the_answer_of_a_model_that_was_not_taught_to_think_is_read(
    tmp_path, scenes, models, monkeypatch
):
    target = '<output>{"x": 0.5, "y": 0.5, "width": 0.1, "height": 0.1}</output>'
    monkeypatch.setattr(Answerer, 'answer', lambda self, rows: [target] * len(rows))
    bare = tmp_path / 'bare'
    shutil.copytree(models[0], bare)
    (bare / 'training.yaml').write_text('thought: false\n')
    arguments = ('--split', 'test', '--scenes', scenes, '--json', tmp_path / 'r.json')
    assert evaluate('--model', bare, models[0], *arguments) == 0
    taught, other = json.loads((tmp_path / 'r.json').read_text())['results']
    assert taught['measures']['valid']['mean'] > 0 == other['measures']['valid']['mean']


def test_an_interval_over_seeds_is_wider_than_that_of_one_model():
    rng = np.random.default_rng(0)
    hard = rng.normal(0, 0.1, 500)
    runs = [
        [Verdict(True, iou=mean + h) for h in hard] + [Verdict(True, mean=50.0)]
        for mean in (0.4, 0.5, 0.6)
    ]
    mean, low, high, count = summary_of_seeds(runs)['iou']
    assert (mean, count) == (pytest.approx(0.5 + hard.mean()), 500)
    one = summary_of_seeds(runs[:1])
    assert one == summary(runs[0])
    assert high - low > 5 * (one['iou'][2] - one['iou'][1])
    assert 0.4 < low < mean < high < 0.6
    assert summary_of_seeds(runs)['mean'] == (50.0, 50.0, 50.0, 1)
    assert 'absent' not in summary_of_seeds(runs)


def test_a_change_is_that_of_the_same_seeds_and_questions():
    """A tenth more is a tenth more, however much seeds and questions differ among themselves."""
    rng = np.random.default_rng(0)
    hard = rng.uniform(0.2, 0.4, 300)
    first, tenth, other = (
        [[Verdict(True, iou=factor * seed * h, missed=False) for h in hard] for seed in seeds]
        for factor, seeds in ((1.0, (0.5, 1, 2)), (1.1, (0.5, 1, 2)), (1.1, (2, 0.5, 1)))
    )
    assert changes(first, tenth)['iou'] == (*(pytest.approx(0.1),) * 3, 300)
    mean, low, high, _ = changes(first, other)['iou']
    assert mean == pytest.approx(0.1) and low < -0.3 and high > 0.5
    mean, low, high, _ = changes(first, tenth[:1])['iou']
    assert mean == pytest.approx(1.1 * 0.5 / (3.5 / 3) - 1) and low < mean < high
    assert 'missed' not in changes(first, tenth)  # nothing is no part of nothing


def test_the_papers_figures_are_the_last_rows_and_marked():
    measures = {'valid': (1.0, 1.0, 1.0, 9), 'iou': (0.5, 0.45, 0.61, 9)}
    text = as_markdown([Result('nano', 'unseen', (OUT_OF_DOMAIN,), measures)])
    rows = [line for line in text.splitlines() if line.startswith('|')]
    names = [row.split('|')[1].strip() for row in rows]
    assert names[2:8] == ['nano', *(f'{model}*' for model in PAPER[OUT_OF_DOMAIN])]
    assert '50.0 [45.0, 61.0]' in rows[2] and rows[2].count('–') == 4
    assert '33.96' in rows[7] and '93.90' in rows[7] and '36.51' not in text
    assert 'measured on other data' in text
    both = as_markdown([Result('nano', 'bags', (IN_DOMAIN, OUT_OF_DOMAIN), measures)])
    assert '36.51' in both and '33.96' in both


def test_the_papers_means_are_those_of_its_distances():
    """A figure that was copied wrongly would show; three do not agree in the paper itself."""
    wrong = {
        (domain, model)
        for domain, models in PAPER.items()
        for model, (_, *gaps, mean) in models.items()
        if abs(sum(gaps) / 3 - mean) > 0.02
    }
    assert wrong == {
        (IN_DOMAIN, 'Qwen2.5-VL-3B'), (IN_DOMAIN, 'NORA-3B'), (OUT_OF_DOMAIN, 'Qwen2.5-VL-3B'),
    }  # fmt: skip


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ([], 'say on what: --split with --scenes, or --data'),
        (['--split', 'test'], '--split needs --scenes'),
        (['--split', 'test', '--scenes', '.'], '`render --split test` makes them'),
        (['--data', '.'], 'is no dataset'),
        (['--split', 'train', '--scenes', '.'], "invalid choice: 'train'"),
        (['--data', '.', '--limit', '0'], 'limit is 0; it must lie in [1, inf]'),
    ],
)
def test_wrong_options_are_told(tmp_path, monkeypatch, capsys, options, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as exit_:
        evaluate('--model', 'nano', *options)
    assert exit_.value.code == 2 and message in capsys.readouterr().err


def test_a_folder_without_a_model_is_told(tmp_path, dataset, capsys):
    with pytest.raises(SystemExit):
        evaluate('--model', tmp_path / 'none', '--data', dataset)
    assert 'there is no model folder' in capsys.readouterr().err


def test_killed_and_started_again_it_asks_nothing_twice(tmp_path, scenes, dataset, models):
    arguments = ['--model', models[0], '--split', 'test', 'unseen', '--scenes', scenes]
    arguments = [str(a) for a in (*arguments, '--max-tokens', 64, '--batch-size', 1, '--json')]
    assert evaluate(*arguments, tmp_path / 'straight.json', '--out', tmp_path / 's.jsonl') == 0
    out = tmp_path / 'killed.jsonl'
    command = [sys.executable, '-m', 'vla_r1_training.evaluate', *arguments]
    process = subprocess.Popen([*command, str(tmp_path / 'killed.json'), '--out', str(out)])
    while not out.exists() or out.read_bytes().count(b'\n') < 2:
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert not (tmp_path / 'killed.json').exists()
    lines = out.read_bytes().splitlines(keepends=True)[:3]
    out.write_bytes(b''.join(lines[:-1]) + lines[-1][:20])  # killed within a line, at worst
    assert evaluate(*arguments, tmp_path / 'killed.json', '--out', out) == 0
    assert out.read_text() == (tmp_path / 's.jsonl').read_text()
    both = [json.loads((tmp_path / f'{n}.json').read_text()) for n in ('straight', 'killed')]
    assert both[0]['results'] == both[1]['results']
    done = out.stat().st_mtime_ns
    assert evaluate(*arguments, tmp_path / 'killed.json', '--out', out) == 0
    assert out.stat().st_mtime_ns == done


def test_another_file_is_not_taken_for_answers(tmp_path, dataset, models, capsys):
    (tmp_path / 'notes.txt').write_text('{"a": 1}\n')
    with pytest.raises(SystemExit):
        evaluate('--model', models[0], '--data', dataset, '--out', tmp_path / 'notes.txt')
    assert 'holds other lines than answers' in capsys.readouterr().err
    assert (tmp_path / 'notes.txt').read_text() == '{"a": 1}\n'


def test_other_weights_are_asked_anew(scenes):
    item, other = islice(of_split('test', scenes).items(), 2)
    keys = {
        key_of(item.row, 'test', 'a', 8), key_of(item.row, 'test', 'b', 8),
        key_of(item.row, 'unseen', 'a', 8), key_of(item.row, 'test', 'a', 9),
        key_of(other.row, 'test', 'a', 8),
        key_of({**item.row, 'image': other.row['image']}, 'test', 'a', 8),
    }  # fmt: skip
    assert len(keys) == 6


def test_help_waits_for_no_torch_and_names_the_closed_loop():
    script = (
        'import sys, vla_r1_training.evaluate as e\n'
        "try: e.main(['--help'])\n"
        "finally: print('torch' in sys.modules)"
    )
    run = subprocess.run([sys.executable, '-c', script], capture_output=True, text=True)
    assert run.stdout.strip().endswith('False')
    assert 'make bench BACKEND=transformers MODEL=' in run.stdout
    assert (Path(__file__).parents[3] / 'benchmarks' / 'bench_tasks.py').exists()
