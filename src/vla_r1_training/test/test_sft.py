"""SFT teaches the nano model, is the same every time, and outlives kill -9."""

from dataclasses import asdict, replace
import json
import os
from pathlib import Path
import shutil
import signal
import subprocess
import sys
import time

from PIL import Image
import pytest
from safetensors.torch import load_file
import torch
from vla_r1_core.errors import ReasoningError
from vla_r1_perception.processor import load_processor
from vla_r1_training.nano.model import make_nano, PICTURE
from vla_r1_training.provenance import sha256
from vla_r1_training.scenes.examples import first_questions, load_scenes
from vla_r1_training.sft import train
import yaml


def weights(folder):
    return load_file(folder / 'model.safetensors')


def test_the_nano_model_is_small_and_loads_as_the_real_one_does(nano, answer_of):
    assert sum(value.numel() for value in weights(nano).values()) <= 16_000_000
    answer = answer_of(nano, 8)
    assert answer.completion_tokens == 8
    assert answer.prompt_tokens < 140


def test_any_text_survives_the_tokenizer(nano):
    tokenizer = load_processor(nano).tokenizer
    for text in ('pick up the red cube', 'Größe 3.14159, 拿起红色方块 "…"', ' 0.5 0.512 1.000'):
        assert tokenizer.decode(tokenizer(text)['input_ids']) == text


def test_questions_that_tell_what_is_seen_need_thoughts(config):
    with pytest.raises(SystemExit, match='thought'):
        train(replace(config, thought=False))


def test_pictures_can_count_for_nothing_beside_what_is_told(config):
    chosen = replace(config, precision='fp32', steps=3, decay_steps=0, hint_weight=0.0, told=4)
    after = weights(train(replace(chosen, picture_weight=0.0)))
    before = weights(Path(config.out) / 'start')
    moved = {name: (value - before[name]).abs().max().item() for name, value in after.items()}
    seeing = [moved[name] for name in moved if 'visual' in name]
    telling = [moved[name] for name in moved if 'visual' not in name]
    assert max(seeing) < 0.2 * max(telling)  # rounded to bf16, no more


def test_a_model_before_is_kept_to_and_its_weights_are_named(config, nano):
    chosen = replace(config, precision='fp32', steps=2, expected=3.0, save_every=1)
    for settings in ({'expected': 3.0}, {'expected_color': 1.5}):
        with pytest.raises(SystemExit, match='set before'):
            train(replace(config, **settings))
    with pytest.raises(ReasoningError, match='no-such-folder'):
        train(replace(chosen, before='no-such-folder'))
    folder = train(replace(chosen, before=str(nano), out=f'{config.out}-expects'))
    log = [json.loads(line) for line in (folder.parent / 'log.jsonl').read_text().splitlines()]
    assert 'names' in log[0]
    assert weights(folder).keys() == weights(nano).keys()
    inputs = json.loads((folder.parent / 'run.json').read_text())['inputs']
    known = nano / 'model.safetensors'
    assert inputs[str(known)] == sha256(known)


def test_the_vision_encoder_of_another_model_can_be_taken_and_stays(config, tmp_path):
    make_nano(tmp_path / 'other', seed=1)
    folder = train(replace(config, precision='fp32', steps=2, vision=str(tmp_path / 'other')))
    after, begun = weights(folder), weights(Path(config.out) / 'start')
    for name, taken in weights(tmp_path / 'other').items():
        same = torch.equal(after[name], taken.to(after[name].dtype))
        assert same == ('visual' in name), name
        if 'embed_tokens' in name:
            assert not torch.equal(after[name], begun[name].to(after[name].dtype))
    inputs = json.loads((folder.parent / 'run.json').read_text())['inputs']
    assert inputs[str(tmp_path / 'other' / 'model.safetensors')]


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
