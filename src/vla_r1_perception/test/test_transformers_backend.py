"""A local Qwen2.5-VL folder is loaded, streamed, stopped, and read like any model."""

import hashlib
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from vla_r1_core.errors import ReasonCode, ReasoningError
from vla_r1_core.types import Task
from vla_r1_perception.backends import make_reasoner
from vla_r1_perception.config import ReasonerConfig
from vla_r1_perception.reply import ask
from vla_r1_perception.request import Request

CONFIG = ReasonerConfig(backend='transformers', device='cpu', max_new_tokens=24)
IMAGE = np.full((120, 160, 3), 128, np.uint8)


@pytest.fixture(scope='module')
def reasoner(tiny_model):
    """Return the tiny model, loaded by the same lines as the real one."""
    return make_reasoner(CONFIG, str(tiny_model))


def answer(reasoner, *, seed=0, image=IMAGE):
    seen = []
    result = reasoner.answer(
        image,
        'pick up the red cube',
        Task.AFFORDANCE,
        seed=seed,
        on_token=lambda text, n: seen.append((text, n)),
        should_stop=lambda: False,
    )
    return result, seen


def test_every_token_is_streamed(reasoner):
    result, seen = answer(reasoner)
    assert [n for _, n in seen] == list(range(1, 25))
    assert seen[-1][0] == result.text and result.completion_tokens == 24
    assert result.prompt_tokens > 100 and result.prompt.endswith('<image>')


def test_it_stops_within_one_token(reasoner):
    seen = []
    with pytest.raises(ReasoningError) as caught:
        reasoner.answer(
            IMAGE, 'pick', Task.AFFORDANCE, seed=0,
            on_token=lambda text, n: seen.append(n), should_stop=lambda: len(seen) >= 5,
        )  # fmt: skip
    assert caught.value.code == ReasonCode.CANCELED
    assert seen == [1, 2, 3, 4, 5]


def test_the_seed_decides_the_text(reasoner):
    assert answer(reasoner, seed=1)[0] == answer(reasoner, seed=1)[0]
    assert answer(reasoner, seed=1)[0].text != answer(reasoner, seed=2)[0].text


def test_the_picture_matters(reasoner):
    noise = np.random.default_rng(0).integers(0, 256, IMAGE.shape, dtype=np.uint8)
    assert answer(reasoner, image=noise)[0].text != answer(reasoner)[0].text


def test_large_pictures_are_scaled_down_to_the_limit(tiny_model):
    limited = make_reasoner(
        ReasonerConfig(backend='transformers', device='cpu', max_new_tokens=1, max_pixels=3136),
        str(tiny_model),
    )
    large = np.zeros((720, 1280, 3), np.uint8)
    text_only = answer(limited, image=np.zeros((56, 56, 3), np.uint8))[0].prompt_tokens - 4
    assert answer(limited, image=large)[0].prompt_tokens - text_only <= 4


def test_noise_from_the_model_is_a_malformed_answer(reasoner):
    request = Request('id', 'pick', Task.AFFORDANCE, 60.0, lambda text, n: None)
    reply = ask(reasoner, IMAGE, request, Task.AFFORDANCE, seed=0)
    assert reply.error.code == ReasonCode.MALFORMED_ANSWER
    assert reply.answer.text and reply.parsed is None


def test_name_and_hash_tell_which_weights_answered(reasoner, tiny_model):
    weights = (tiny_model / 'model.safetensors').read_bytes()
    assert reasoner.name == 'transformers:tiny'
    assert reasoner.weights_sha256 == hashlib.sha256(weights).hexdigest()


def refusal(folder, config=CONFIG):
    with pytest.raises(ReasoningError) as caught:
        make_reasoner(config, str(folder))
    assert caught.value.code == ReasonCode.MODEL_NOT_LOADED
    return str(caught.value)


def test_a_missing_folder_is_refused(tmp_path):
    assert 'set the parameter model' in refusal(tmp_path / 'nothing')
    assert 'nano, which comes with it' in refusal('none of this name')


def test_a_folder_without_config_is_refused(tmp_path):
    assert 'config.json' in refusal(tmp_path)


def test_another_architecture_is_refused_by_name(tiny_model, tmp_path):
    shutil.copytree(tiny_model, tmp_path, dirs_exist_ok=True)
    (tmp_path / 'config.json').write_text(json.dumps({'model_type': 'llama'}))
    assert "'llama'; this backend runs 'qwen2_5_vl'" in refusal(tmp_path)


def test_a_folder_without_weights_is_refused(tiny_model, tmp_path):
    shutil.copytree(tiny_model, tmp_path, dirs_exist_ok=True)
    (tmp_path / 'model.safetensors').unlink()
    assert 'no weights' in refusal(tmp_path)


def test_truncated_weights_are_refused(tiny_model, tmp_path):
    shutil.copytree(tiny_model, tmp_path, dirs_exist_ok=True)
    data = (tiny_model / 'model.safetensors').read_bytes()
    (tmp_path / 'model.safetensors').write_bytes(data[: len(data) // 2])
    assert 'cannot be loaded' in refusal(tmp_path)


def test_incomplete_weights_are_refused(tiny_model, tmp_path):
    from safetensors.torch import load_file, save_file

    shutil.copytree(tiny_model, tmp_path, dirs_exist_ok=True)
    weights = load_file(tiny_model / 'model.safetensors')
    weights.pop(next(name for name in weights if 'mlp' in name))
    save_file(weights, tmp_path / 'model.safetensors', metadata={'format': 'pt'})
    assert 'lacks 1 weights' in refusal(tmp_path)


def test_an_unusable_device_is_refused(tiny_model):
    config = ReasonerConfig(backend='transformers', device='toaster')
    assert "device 'toaster'" in refusal(tiny_model, config)


def test_an_unknown_backend_names_the_choices(tiny_model):
    config = ReasonerConfig(backend='magic')
    assert 'choose scripted, transformers or openai' in refusal(tiny_model, config)


def test_the_scripted_node_imports_no_torch():
    code = (
        'import sys, vla_r1_perception.reasoner_node as n;'
        'n.make_reasoner(n.ReasonerConfig(backend="scripted"), "");'
        'sys.exit("torch" in sys.modules or "transformers" in sys.modules)'
    )
    assert subprocess.run([sys.executable, '-c', code], check=False).returncode == 0
