"""How a folder is loaded: quantized, with another attention, with a LoRA adapter, warm."""

from dataclasses import replace
from importlib.util import find_spec
import subprocess
import sys

import numpy as np
from peft import get_peft_model, LoraConfig
import pytest
import torch
from transformers import Qwen2_5_VLForConditionalGeneration
from vla_r1_core.errors import ReasonCode, ReasoningError
from vla_r1_core.types import Task
from vla_r1_perception.backends import make_reasoner
from vla_r1_perception.config import ReasonerConfig
from vla_r1_perception.load_model import load_model

CONFIG = ReasonerConfig(backend='transformers', device='cpu', max_new_tokens=16)
IMAGE = np.full((120, 160, 3), 128, np.uint8)


def text(reasoner):
    return reasoner.answer(
        IMAGE, 'pick', Task.AFFORDANCE, seed=0,
        on_token=lambda text, n: None, should_stop=lambda: False,
    ).text  # fmt: skip


@pytest.fixture(scope='module')
def adapter(tiny_model, tmp_path_factory):
    """Return the folder of a LoRA adapter that has been trained on nothing, but far."""
    model = Qwen2_5_VLForConditionalGeneration.from_pretrained(tiny_model)
    torch.manual_seed(5)
    lora = get_peft_model(model, LoraConfig(r=4, target_modules=['q_proj', 'v_proj']))
    with torch.no_grad():
        for name, parameter in lora.named_parameters():
            if 'lora_' in name:
                parameter.normal_(0, 1.0)
    folder = tmp_path_factory.mktemp('lora') / 'adapter'
    lora.save_pretrained(folder)
    return folder


def test_an_adapter_changes_the_answers_and_the_hash(tiny_model, adapter, monkeypatch):
    plain = make_reasoner(CONFIG, str(tiny_model))
    adapted = make_reasoner(replace(CONFIG, adapter=str(adapter)), str(tiny_model))
    assert text(adapted) != text(plain)
    assert adapted.weights_sha256 != plain.weights_sha256
    monkeypatch.setenv('HOME', str(adapter.parent))
    at_home = make_reasoner(replace(CONFIG, adapter='~/adapter'), str(tiny_model))
    assert at_home.weights_sha256 == adapted.weights_sha256


def test_a_folder_without_an_adapter_is_refused(tiny_model, tmp_path):
    with pytest.raises(ReasoningError, match=r'adapter_config\.json') as caught:
        make_reasoner(replace(CONFIG, adapter=str(tmp_path)), str(tiny_model))
    assert caught.value.code == ReasonCode.MODEL_NOT_LOADED


def test_attention_is_that_of_the_parameter(tiny_model):
    for attention in ('eager', 'sdpa'):
        model = load_model(tiny_model, replace(CONFIG, attention=attention))
        assert model.config._attn_implementation == attention


def test_attention_that_is_not_installed_is_refused(tiny_model):
    if find_spec('flash_attn'):
        pytest.skip('flash_attn is installed')
    with pytest.raises(ReasoningError, match=r'(?i)flash') as caught:
        load_model(tiny_model, replace(CONFIG, attention='flash_attention_2'))
    assert caught.value.code == ReasonCode.MODEL_NOT_LOADED


def test_a_quantized_model_answers_from_fewer_bytes(tiny_model):
    plain, small = (
        load_model(tiny_model, replace(CONFIG, quantization=kind)) for kind in ('none', '8bit')
    )
    assert small.get_memory_footprint() < 0.8 * plain.get_memory_footprint()
    reasoner = make_reasoner(replace(CONFIG, quantization='8bit'), str(tiny_model))
    assert len(text(reasoner)) > 3


def test_a_model_is_warmed_up_unless_told_otherwise(tiny_model, monkeypatch):
    asked = []
    generate = Qwen2_5_VLForConditionalGeneration.generate

    def count(self, *arguments, **options):
        asked.append(options['max_new_tokens'])
        return generate(self, *arguments, **options)

    monkeypatch.setattr(Qwen2_5_VLForConditionalGeneration, 'generate', count)
    make_reasoner(CONFIG, str(tiny_model))
    assert asked == [2]
    make_reasoner(replace(CONFIG, warm_up=False), str(tiny_model))
    assert asked == [2]


def test_too_little_memory_is_told_with_its_code(tiny_model, tmp_path):
    """The process may have little more than it has once torch is there."""
    from safetensors.torch import load_file, save_file

    large = tmp_path / 'large'
    subprocess.run(['cp', '-r', tiny_model, large], check=True)
    weights = load_file(large / 'model.safetensors')
    name = next(name for name in weights if name.endswith('embed_tokens.weight'))
    few, rows = len(weights[name]), 2_000_000
    weights[name] = torch.zeros(rows, weights[name].shape[1])
    save_file(weights, large / 'model.safetensors', metadata={'format': 'pt'})
    config = (large / 'config.json').read_text()
    assert f'"vocab_size": {few}' in config
    (large / 'config.json').write_text(
        config.replace(f'"vocab_size": {few}', f'"vocab_size": {rows}')
    )
    program = (
        'import resource, sys, torch\n'
        'from vla_r1_perception.backends import make_reasoner\n'
        'from vla_r1_perception.config import ReasonerConfig\n'
        'from vla_r1_core.errors import ReasoningError\n'
        'import vla_r1_perception.transformers_backend\n'
        'now = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()\n'
        'resource.setrlimit(resource.RLIMIT_AS, (now + (300 << 20),) * 2)\n'
        'try:\n'
        '    make_reasoner(ReasonerConfig(backend="transformers", device="cpu"), sys.argv[1])\n'
        'except ReasoningError as error:\n'
        '    print(int(error.code), error)\n'
    )
    done = subprocess.run(
        [sys.executable, '-c', program, large], capture_output=True, text=True, timeout=120
    )
    assert done.stdout.startswith(f'{int(ReasonCode.MODEL_NOT_LOADED)} '), done.stderr[-2000:]
    assert 'memory' in done.stdout.lower()
