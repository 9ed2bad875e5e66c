"""SFT teaches the nano model, is the same every time, and outlives kill -9."""

from dataclasses import asdict, replace
import json
import os
from pathlib import Path
import re
import shutil
import signal
import subprocess
import sys
import time

from accelerate.state import AcceleratorState
import numpy as np
from PIL import Image
import pytest
from safetensors.torch import load_file
import torch
from vla_r1_core.types import Task
from vla_r1_perception.backends import make_reasoner
from vla_r1_perception.config import ReasonerConfig
from vla_r1_perception.processor import load_processor
from vla_r1_sim.vocabulary import COLORS, SHAPES
from vla_r1_training.nano.batches import Batcher, IGNORED
from vla_r1_training.nano.hints import Cells
from vla_r1_training.nano.lessons import Lessons
from vla_r1_training.nano.model import make_nano, PICTURE
from vla_r1_training.nano.sft_config import SftConfig
from vla_r1_training.nano.student import Student
from vla_r1_training.provenance import sha256
from vla_r1_training.render import render
from vla_r1_training.runs.models import load_model
from vla_r1_training.scenes.examples import first_questions, load_scenes
from vla_r1_training.scenes.thoughts import FAR, SCENE_LEADS, TARGET_LEADS
from vla_r1_training.sft import train
import yaml

PER_FILE = 4


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    """Return two rendered files of a few scenes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr('vla_r1_training.render.PER_FILE', PER_FILE)
        return render('train', 2 * PER_FILE, tmp_path_factory.mktemp('scenes'))


@pytest.fixture(scope='module')
def nano(tmp_path_factory):
    """Return a folder with the untrained nano model."""
    folder = tmp_path_factory.mktemp('models') / 'nano'
    make_nano(folder, seed=0)
    return folder


@pytest.fixture
def config(files, tmp_path):
    """Return a run of six steps."""
    # A process has one precision, until this.
    AcceleratorState._reset_state(reset_partial_state=True)
    return SftConfig(
        scenes=str(files[0].parent), files=2, out=str(tmp_path / 'run'), steps=6, batch_size=2,
        told=2, contradicted=2, warmup_steps=1, decay_steps=3, smooth_steps=4, save_every=2,
        watch_every=100,
    )  # fmt: skip


def listed(answer):
    """Return where in an answer the list of what is seen begins and ends."""
    leads = '|'.join(SCENE_LEADS)
    return re.search(rf'\. (?:{leads}).*?(?=\. [A-Z])', answer).span()


def weights(folder):
    return load_file(folder / 'model.safetensors')


def test_the_nano_model_is_small_and_loads_as_the_real_one_does(nano):
    assert sum(value.numel() for value in weights(nano).values()) <= 16_000_000
    config = ReasonerConfig(backend='transformers', device='cpu', max_new_tokens=8)
    answer = make_reasoner(config, str(nano)).answer(
        np.zeros((480, 640, 3), np.uint8), 'pick up the red cube', Task.AFFORDANCE,
        seed=0, on_token=lambda text, n: None, should_stop=lambda: False,
    )  # fmt: skip
    assert answer.completion_tokens == 8
    assert answer.prompt_tokens < 140


def test_any_text_survives_the_tokenizer(nano):
    tokenizer = load_processor(nano).tokenizer
    for text in ('pick up the red cube', 'Größe 3.14159, 拿起红色方块 "…"', ' 0.5 0.512 1.000'):
        assert tokenizer.decode(tokenizer(text)['input_ids']) == text


def test_a_batch_is_what_the_processor_makes(nano, files):
    processor, scenes = load_processor(nano), load_scenes(files, PICTURE)
    asked = [questions[0] for questions in scenes.questions[:3]]
    pictures = scenes.pictures[:3]
    ours = Batcher(processor).batch(asked, [a.answer(0) for a in asked], pictures)
    for i, question in enumerate(asked):
        text = processor.tokenizer.decode(
            Batcher(processor).prompt(question, visual_tokens=1), skip_special_tokens=False
        )
        theirs = processor(text=[text], images=[Image.fromarray(pictures[i])], return_tensors='pt')
        prompt = theirs['input_ids'][0]
        torch.testing.assert_close(ours.inputs['input_ids'][i, : len(prompt)], prompt)
        rows = ours.inputs['pixel_values'].reshape(3, -1, theirs['pixel_values'].shape[1])
        torch.testing.assert_close(rows[i], theirs['pixel_values'])
        said = ours.labels[i][ours.labels[i] != IGNORED]
        assert processor.tokenizer.decode(said) == f'{question.answer(0)}<|im_end|>'
        assert (ours.labels[i, : len(prompt) - 1] == IGNORED).all()
        # Each label is the token that follows its place.
        places = (ours.labels[i] != IGNORED).nonzero()[:, 0]
        torch.testing.assert_close(ours.inputs['input_ids'][i, places + 1], said)


def test_behind_a_list_with_wrong_names_right_ones_are_learned_but_no_decision(nano, files):
    tokenizer, scenes = load_processor(nano).tokenizer, load_scenes(files, PICTURE)
    asked = [questions[0] for questions in scenes.questions]
    answers, batcher = [a.answer(0) for a in asked], Batcher(load_processor(nano))
    true = batcher.batch(asked, answers, scenes.pictures)
    rng = np.random.default_rng(1)
    told = batcher.batch(asked, answers, scenes.pictures, misnamed=0.5, rng=rng)
    heard, right = told.inputs['input_ids'], true.inputs['input_ids']
    wrong, cut = ((a != b).any(1) for a, b in ((heard, right), (told.labels, true.labels)))
    assert wrong.any() and not cut.all()
    assert cut[wrong].all()
    for names in (COLORS, SHAPES):
        ids = torch.tensor([tokenizer(f' {name}')['input_ids'] for name in names])
        assert ids.shape == (len(names), 1)
        before = torch.isin(right[heard != right], ids)
        torch.testing.assert_close(torch.isin(heard[heard != right], ids), before)
    for i in cut.nonzero()[:, 0].tolist():
        learned = told.labels[i] != IGNORED
        torch.testing.assert_close(told.labels[i][learned], true.labels[i][learned])
        assert tokenizer.decode(told.labels[i][learned]) == answers[i][: listed(answers[i])[1]]


def test_without_a_picture_what_is_seen_is_told_and_the_rest_is_learned(nano, files):
    processor, scenes = load_processor(nano), load_scenes(files, PICTURE)
    asked = [questions[0] for questions in scenes.questions]
    answers = [a.answer(0) for a in asked]
    told = Batcher(processor).told(asked, answers)
    assert not (told.inputs['input_ids'] == processor.image_token_id).any()
    for ids, labels, answer in zip(told.inputs['input_ids'], told.labels, answers, strict=True):
        assert f'{answer}<|im_end|>' in processor.tokenizer.decode(ids)
        first, last = listed(answer)
        lead = next(lead for lead in SCENE_LEADS if lead in answer)
        taught = processor.tokenizer.decode(labels[labels != IGNORED])
        assert f'{answer}<|im_end|>'.startswith(f'{answer[:first]}. {lead}')
        # A list ends where a picture says so: the token that ends it is not learned.
        behind = taught.removeprefix(f'{answer[:first]}. {lead}')
        ends = f'{answer[last:]}<|im_end|>'.removesuffix(behind)
        assert ends in {'.', *(f'. {lead}' for lead in (FAR, *TARGET_LEADS))}
        places = (labels != IGNORED).nonzero()[:, 0]
        torch.testing.assert_close(ids[places + 1], labels[places])


def test_another_list_than_the_picture_shows_is_told_with_it(config, nano, files):
    processor, scenes = load_processor(nano), load_scenes(files, PICTURE)
    shown = np.ones((len(COLORS), len(SHAPES)), bool)
    lesson = Lessons(config, scenes, shown, Batcher(processor)).draw(step=0, rank=0)
    more = lesson.more['contradicted']
    assert more.pictures.tolist() == [0, 1]
    rows = (batch.inputs['input_ids'] for batch in (more, lesson.batch))
    for theirs, ours in zip(*rows, strict=True):
        tokens = [(ids == processor.image_token_id).sum() for ids in (theirs, ours)]
        assert tokens[0] == tokens[1] > 0
        texts = [processor.tokenizer.decode(ids) for ids in (theirs, ours)]
        said, seen = (text[slice(*listed(text))] for text in texts)
        assert said != seen
    student = Student(load_model(nano, torch.float32), processor.tokenizer, torch.tensor(shown))
    student(lesson.batch, lesson.cells, 0.0, lesson.more)['contradicted'].backward()
    # It is learned what follows from a list, and nothing about seeing.
    assert all(p.grad is None for p in student.model.model.visual.parameters())
    assert student.model.model.language_model.embed_tokens.weight.grad.any()


def test_questions_that_tell_what_is_seen_need_thoughts(config):
    with pytest.raises(SystemExit, match='thought'):
        train(replace(config, thought=False))


def test_of_a_grey_picture_all_is_taught_but_the_colours_of_what_is_seen(nano, files):
    tokenizer, scenes = load_processor(nano).tokenizer, load_scenes(files, PICTURE)
    asked = [questions[0] for questions in scenes.questions]
    answers, batcher = [a.answer(0) for a in asked], Batcher(load_processor(nano))
    true = batcher.batch(asked, answers, scenes.pictures)
    rng, gray = np.random.default_rng(0), np.arange(len(asked)) % 2 == 1
    looks = np.where(gray[:, None], -1, np.arange(len(COLORS)))
    told = batcher.batch(asked, answers, scenes.pictures, misnamed=1.0, looks=looks, rng=rng)
    for name in ('input_ids', 'attention_mask'):  # nothing that is said is blurred
        torch.testing.assert_close(told.inputs[name][gray], true.inputs[name][gray])
    assert (told.inputs['input_ids'][~gray] != true.inputs['input_ids'][~gray]).any()
    rows = zip(told.labels[gray], true.labels[gray], answers[1::2], strict=True)
    for labels, whole, answer in rows:
        taught = tokenizer.decode(labels[labels != IGNORED]).removesuffix('<|im_end|>')
        kept = labels != IGNORED
        assert (labels[kept] == whole[kept]).all()
        first, last = listed(answer)
        seen = ' '.join(w for w in answer[first:last].split() if w not in COLORS)
        assert taught.split() == f'{answer[:first]}{seen}{answer[last:]}'.split()
    colors = torch.tensor([tokenizer(f' {name}')['input_ids'][0] for name in COLORS])
    assert torch.isin(told.labels[gray], colors).any()  # what is asked for, what is meant
    assert not torch.isin(told.seen[gray], colors).any()
    cells = Cells(asked, 9, 12, looks)
    assert (cells.color.reshape(len(asked), -1)[gray] == IGNORED).all()
    assert (cells.color.reshape(len(asked), -1)[~gray] != IGNORED).all()
    assert set(cells.look.reshape(len(asked), -1)[gray].flatten().tolist()) == {-1, len(COLORS)}


def test_with_turned_hues_what_goes_with_a_shape_is_the_colour_that_it_seems_to_have(nano, files):
    tokenizer, scenes = load_processor(nano).tokenizer, load_scenes(files, PICTURE)
    asked = [questions[0] for questions in scenes.questions]
    answers, batcher = [a.answer(0) for a in asked], Batcher(load_processor(nano))
    true = batcher.batch(asked, answers, scenes.pictures)
    looks = np.tile(np.roll(np.arange(len(COLORS)), 1), (len(asked), 1))
    told = batcher.batch(asked, answers, scenes.pictures, looks=looks)
    ids = [tokenizer(f' {name}')['input_ids'][0] for name in COLORS]
    torch.testing.assert_close(true.seen, true.labels)
    colored = torch.isin(true.seen, torch.tensor(ids))
    assert (told.labels[colored] == IGNORED).any()  # of what is seen; the rest is as asked
    torch.testing.assert_close(told.seen[~colored], true.seen[~colored])
    becomes = dict(zip(ids, np.roll(ids, 1).tolist(), strict=True))
    assert told.seen[colored].tolist() == [becomes[i] for i in true.seen[colored].tolist()]
    plain, turned = Cells(asked, 9, 12), Cells(asked, 9, 12, looks)
    torch.testing.assert_close(plain.look, plain.color)
    full = plain.color < len(COLORS)
    torch.testing.assert_close(turned.look[full], (plain.color[full] - 1) % len(COLORS))
    torch.testing.assert_close(turned.look[~full], plain.look[~full])


def test_what_is_right_is_never_left_out_though_no_picture_shows_it(nano, files):
    processor, scenes = load_processor(nano), load_scenes(files, PICTURE)
    asked = [questions[0] for questions in scenes.questions]
    batch = Batcher(processor).batch(asked, [a.answer(0) for a in asked], scenes.pictures)
    nothing = torch.zeros(len(COLORS), len(SHAPES), dtype=torch.bool)
    student = Student(load_model(nano, torch.float32), processor.tokenizer, nothing)
    with torch.no_grad():
        text = student(batch, Cells(asked, 9, 12), 0.0, {})['text']
    assert text < 1.5 * np.log(len(processor.tokenizer))


def test_only_so_many_examples_are_learned_from(files):
    scenes = load_scenes(files, PICTURE)
    each = [len(questions) for questions in scenes.questions]
    count = each[0] + each[1] + 1
    some = first_questions(scenes, count)
    assert [len(questions) for questions in some.questions] == [*each[:2], 1]
    assert some.questions[2] == scenes.questions[2][:1]
    assert (some.pictures == scenes.pictures[:3]).all()


def test_too_few_examples_are_an_error_that_says_how_many_there_are(config, files):
    held = sum(map(len, load_scenes(files[1:], PICTURE).questions))
    with pytest.raises(SystemExit, match=f'hold {held} of {held + 1} examples'):
        train(replace(config, examples=held + 1))


@pytest.mark.parametrize(('thought', 'begin'), [(True, '<think>'), (False, '<output>')])
def test_without_thoughts_only_the_output_is_taught(config, nano, files, thought, begin):
    processor = load_processor(nano)
    chosen = replace(config, thought=thought, gray=0.0, turned_hues=0.0)
    shown = np.ones((len(COLORS), len(SHAPES)), bool)
    lessons = Lessons(chosen, load_scenes(files, PICTURE), shown, Batcher(processor))
    for labels in lessons.draw(step=0, rank=0).batch.labels:
        said = processor.tokenizer.decode(labels[labels != IGNORED])
        assert said.startswith(begin)
        assert said.count('<output>') == 1
        assert said.endswith('</output><|im_end|>')


def test_it_learns_a_few_scenes(config):
    chosen = replace(
        config, precision='fp32', steps=60, batch_size=4, told=0, contradicted=0, decay_steps=0
    )
    folder = train(replace(chosen, save_every=15))
    log = [json.loads(line) for line in (folder.parent / 'log.jsonl').read_text().splitlines()]
    losses = [row['text'] for row in log if 'text' in row]
    assert losses[-1] < 0.7 * losses[0]
    assert log[-1]['watch'].keys() >= {'valid', 'mean', 'absent'}
    assert yaml.safe_load((folder / 'training.yaml').read_text())['steps'] == 60
    about = json.loads((folder.parent / 'run.json').read_text())
    assert about['seed'] == config.seed
    for file in Path(config.scenes).glob('*.parquet'):
        assert about['inputs'][str(file)] == sha256(file)
    assert Image.open(folder.parent / 'answers-000060.png').width > 600
    assert 'After step 60' in (folder.parent / 'report.html').read_text()


def test_killed_and_started_again_it_ends_with_the_same_weights(config, tmp_path):
    whole = weights(train(config))
    killed = replace(config, out=str(tmp_path / 'killed'))
    path = tmp_path / 'killed.yaml'
    path.write_text(yaml.safe_dump(asdict(killed)))
    command = 'from vla_r1_training.sft import main; main()'
    process = subprocess.Popen([sys.executable, '-c', command, '--config', str(path)])
    while not list((tmp_path / 'killed').glob('state-*')):
        assert process.poll() is None
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (tmp_path / 'killed' / 'model').exists()
    resumed = weights(train(killed))
    log = [json.loads(row) for row in (tmp_path / 'killed' / 'log.jsonl').read_text().splitlines()]
    steps = [row['step'] for row in log if 'text' in row]
    assert steps == sorted(set(steps))  # none was done twice
    assert resumed.keys() == whole.keys()
    for name, value in whole.items():
        torch.testing.assert_close(resumed[name], value, rtol=0, atol=0)


def test_stopped_before_its_model_was_written_it_writes_it(config):
    folder = train(replace(config, steps=2))
    before = weights(folder)
    shutil.rmtree(folder)
    after = weights(train(replace(config, steps=2)))
    assert all(torch.equal(after[name], value) for name, value in before.items())


def test_a_folder_of_other_settings_is_refused(config):
    train(replace(config, steps=1))
    train(replace(config, steps=2))  # it may go on
    with pytest.raises(SystemExit, match='learning_rate'):
        train(replace(config, steps=2, learning_rate=0.5))


def test_too_few_files_are_refused(config):
    with pytest.raises(SystemExit, match='has 2 of 3 files'):
        train(replace(config, files=3))
