"""GRPO: what it is paid for is real, it outlives kill -9, and what it writes is a plain model."""

from dataclasses import asdict, replace
import io
import json
import os
from pathlib import Path
import signal
import subprocess
import sys
import time

from PIL import Image
import pytest
from safetensors.torch import load_file
from taught import PICTURE
import torch
from transformers import Qwen2_5_VLForConditionalGeneration
from vla_r1_core.config import validate
from vla_r1_core.errors import ReasoningError
from vla_r1_core.rewards import grade, read_target
from vla_r1_core.types import Task
from vla_r1_perception.processor import load_processor
from vla_r1_training.formats.dataset import DATA, write
from vla_r1_training.grpo import GrpoConfig, train
from vla_r1_training.provenance import sha256
from vla_r1_training.runs.asking import from_bags, from_scenes
from vla_r1_training.runs.grpo_watch import WatchedReward
from vla_r1_training.scenes.examples import load_scenes
import yaml

PRESETS = sorted((Path(__file__).parents[1] / 'config').glob('grpo-*.yaml'))


@pytest.fixture
def config(taught, tmp_path):
    """Return a run of two steps."""
    scenes, model = taught
    return GrpoConfig(
        model=str(model), scenes=str(scenes), out=str(tmp_path / 'run'), steps=2, group=3,
        questions=2, mini_batch=2, at_once=6, learning_rate=1e-3, max_tokens=140, save_every=1,
        show_every=2,
    )  # fmt: skip


@pytest.fixture
def heard(monkeypatch):
    """Return a list that every answer of a run is put into, with what it was graded by."""
    batches = []

    class Spy(WatchedReward):
        def __call__(self, completions, **columns):
            texts = [completion[-1]['content'] for completion in completions]
            batches.append({'texts': texts, **columns})
            return super().__call__(completions, **columns)

    monkeypatch.setattr('vla_r1_training.grpo.WatchedReward', Spy)
    return batches


def weights(folder):
    return load_file(folder / 'model.safetensors')


def log_of(folder):
    return [json.loads(line) for line in (folder / 'log.jsonl').read_text().splitlines()]


def test_what_is_logged_is_what_the_answers_earn_and_the_weights_change(config, heard):
    folder = train(config)
    log = log_of(folder.parent)
    assert [row['step'] for row in log] == [1, 2]
    for row, batch in zip(log, heard, strict=True):
        targets = [
            read_target(truth, task)
            for truth, task in zip(batch['ground_truth'], batch['task'], strict=True)
        ]
        earned = grade(batch['texts'], targets).means()
        assert row['reward'] == pytest.approx(earned.pop('score'), abs=1e-5)
        assert {name: row[name] for name in earned} == pytest.approx(earned, abs=1e-5)
        assert row.keys() >= {'kl', 'entropy', 'length', 'seconds'}
    assert max(row['reward'] for row in log) > 0.3  # otherwise this would say nothing
    before, after = weights(Path(config.model)), weights(folder)
    moved = [(after[name].float() - value.float()).abs().max() for name, value in before.items()]
    assert max(moved) > 1e-3
    assert log[1]['kl'] > 0.0
    assert Image.open(folder.parent / 'answers-000002.png').width > 600
    assert 'After step 2' in (folder.parent / 'report.html').read_text()
    about = json.loads((folder.parent / 'run.json').read_text())
    assert about['seed'] == 0
    scene = next(Path(config.scenes).glob('*.parquet'))
    assert about['inputs'][str(scene)] == sha256(scene)


def test_answers_are_weighed_as_the_model_spoke_them(config, heard):
    """Prompts of different lengths are padded; tokens keep their places in the picture."""
    train(replace(config, steps=1, questions=4, mini_batch=4, at_once=12, learning_rate=0.0))
    processor = load_processor(config.model)
    model = Qwen2_5_VLForConditionalGeneration.from_pretrained(config.model, dtype=torch.float32)
    batch, entropies, lengths = heard[0], [], set()
    for prompt, picture, ids in zip(
        batch['prompts'], batch['image'], batch['completion_ids'], strict=True
    ):
        text = processor.apply_chat_template(prompt, add_generation_prompt=True, tokenize=False)
        inputs = processor(text=[text], images=[picture], return_tensors='pt')
        length = inputs['input_ids'].shape[1]
        lengths.add(length)
        said = torch.tensor([ids])
        inputs['input_ids'] = torch.cat([inputs['input_ids'], said], 1)
        inputs['attention_mask'] = torch.ones_like(inputs['input_ids'])
        inputs['mm_token_type_ids'] = (inputs['input_ids'] == processor.image_token_id).int()
        with torch.inference_mode():
            logits = model(**inputs).logits[0, length - 1 : -1]
        entropies.append(torch.distributions.Categorical(logits=logits).entropy())
    assert len(lengths) > 1
    expected = torch.cat(entropies).mean().item()
    assert log_of(Path(config.out))[0]['entropy'] == pytest.approx(expected, rel=1e-3)


def test_killed_and_started_again_it_ends_with_the_same_weights(config, tmp_path):
    whole = weights(train(config))
    killed = replace(config, out=str(tmp_path / 'killed'))
    path = tmp_path / 'killed.yaml'
    path.write_text(yaml.safe_dump(asdict(killed)))
    process = subprocess.Popen(
        [sys.executable, '-m', 'vla_r1_training.grpo', '--config', str(path)]
    )
    while not list((tmp_path / 'killed').glob('checkpoints/*/whole')):
        assert process.poll() is None
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (tmp_path / 'killed' / 'model').exists()
    (tmp_path / 'killed' / 'checkpoints' / 'checkpoint-9').mkdir()  # half written
    resumed = weights(train(killed))
    assert [row['step'] for row in log_of(tmp_path / 'killed')] == [1, 2]  # none twice
    assert resumed.keys() == whole.keys()
    for name, value in whole.items():
        torch.testing.assert_close(resumed[name], value, rtol=0, atol=0)


@pytest.mark.parametrize('lora_rank', [0, 4])
def test_a_run_that_is_made_longer_is_as_one_that_was_long(config, lora_rank, tmp_path):
    config = replace(config, lora_rank=lora_rank)
    whole = weights(train(config))
    other = replace(config, out=str(tmp_path / 'other'))
    train(replace(other, steps=1))
    longer = weights(train(other))
    assert all(torch.equal(longer[name], value) for name, value in whole.items())


def test_a_finished_run_only_writes_its_model_again(config):
    folder = train(replace(config, steps=1))
    before = weights(folder)
    (folder / 'model.safetensors').unlink()
    after = weights(train(replace(config, steps=1)))
    assert len(log_of(folder.parent)) == 1
    assert all(torch.equal(after[name], value) for name, value in before.items())


def test_lora_adapts_the_language_model_and_ends_as_a_plain_model(config):
    folder = train(replace(config, lora_rank=4, lora_alpha=16.0))
    model = Qwen2_5_VLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
    before = Qwen2_5_VLForConditionalGeneration.from_pretrained(
        config.model, dtype=torch.float16
    ).float()
    changed = {
        name
        for (name, new), old in zip(model.named_parameters(), before.parameters(), strict=True)
        if not torch.equal(new, old)
    }
    assert changed == {
        f'model.language_model.layers.{i}.self_attn.{part}.weight'
        for i in range(model.config.text_config.num_hidden_layers)
        for part in ('q_proj', 'v_proj', 'o_proj')
    }
    assert not list(folder.glob('adapter*'))


def test_the_vision_encoder_can_be_left_as_it_is(config):
    after = weights(train(replace(config, frozen_vision=True)))
    before = {n: w.to(after[n].dtype) for n, w in weights(Path(config.model)).items()}
    changed = {name for name, old in before.items() if not torch.equal(after[name], old)}
    assert changed and not any('visual' in name for name in changed)


@pytest.mark.parametrize('preset', PRESETS, ids=lambda path: path.stem)
def test_a_preset_takes_a_step(preset, config):
    """With few and short answers, by a small model."""
    settings = yaml.safe_load(preset.read_text())
    few = ('model', 'scenes', 'out', 'questions', 'mini_batch', 'max_tokens')
    settings |= {name: getattr(config, name) for name in few}
    run = GrpoConfig(**settings | {'steps': 1, 'vllm': False, 'at_once': 2})
    validate(run)
    assert (train(run) / 'model.safetensors').exists()


def test_questions_come_from_bags_with_labels_only(tmp_path):
    file = io.BytesIO()
    Image.new('RGB', (64, 48), (250, 0, 0)).save(file, 'PNG')
    image = {'bytes': file.getvalue(), 'path': None}
    box = '{"x": 0.5, "y": 0.5, "width": 0.1, "height": 0.1}'
    rows = [
        {'instruction': 'pick a', 'task': 'affordance', 'ground_truth': box, 'image': image},
        {'instruction': 'pick b', 'task': 'affordance', 'ground_truth': None, 'image': image},
        {'instruction': 'push c', 'task': 'trajectory', 'ground_truth': 'null', 'image': image},
    ]
    (tmp_path / DATA).mkdir()
    write(rows, tmp_path / DATA / 'bag.parquet')
    first, second = from_bags(tmp_path, tmp_path / 'cache')
    assert (first.instruction, first.task, first.truth) == ('pick a', Task.AFFORDANCE, box)
    assert (second.instruction, second.task, second.truth) == ('push c', Task.TRAJECTORY, 'null')
    assert first.picture().getpixel((0, 0)) == (250, 0, 0)


def test_questions_about_scenes_are_asked_as_the_model_sees_them(taught):
    folder, model = taught
    files = sorted(folder.glob('train-*.parquet'))
    questions = from_scenes(files, load_processor(model))
    asked = load_scenes(files, PICTURE).questions[0]
    assert [q.instruction for q in questions] == [a.instruction for a in asked]
    assert questions[0].picture().size == PICTURE
    for question, a in zip(questions, asked, strict=True):
        target = read_target(question.truth, question.task.value)
        assert target.absent == (a.name is None)
        assert (target.box is not None) == (a.name is not None and a.task == Task.AFFORDANCE)


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'model': ''}, 'there is no model folder'),
        ({'at_once': 4}, 'cannot be split'),
        ({'questions': 4, 'save_every': 1}, 'save_every'),
        ({'questions': 1000, 'mini_batch': 1000, 'at_once': 3}, 'questions with known answers'),
        ({'scenes': 'nowhere'}, 'run render'),
        ({'vllm': True}, 'pip install vllm'),
    ],
)
def test_settings_that_do_not_fit_are_refused(config, changes, message):
    with pytest.raises((ValueError, ReasoningError), match=message):
        train(replace(config, **changes))
