"""A model is fetched from a hub, checked to the byte, and damage is found later."""

import json
import os
from pathlib import Path
import shutil
import subprocess
import sys
import time

import pytest
from serving import free_port, Serving
from vla_r1_perception.backends import make_reasoner
from vla_r1_perception.config import ReasonerConfig


@pytest.fixture
def hub(tiny_model, tmp_path):
    """Return the folder that a hub serves, and the environment in which it is found."""
    folder = shutil.copytree(tiny_model, tmp_path / 'served')
    (folder / 'pickle.bin').write_bytes(b'not wanted')
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, Path(__file__).parent / 'hub_server.py', folder, str(port)]
    )
    home = {'HF_ENDPOINT': f'http://127.0.0.1:{port}', 'HF_HOME': str(tmp_path / 'home')}
    try:
        end = time.monotonic() + 60.0
        while not Serving.listens(port):
            assert time.monotonic() < end and server.poll() is None
            time.sleep(0.05)
        yield folder, {**os.environ, **home, 'NO_PROXY': '127.0.0.1'}
    finally:
        server.terminate()
        server.wait(10.0)


def get_model(environment, *arguments):
    return subprocess.run(
        ['ros2', 'run', 'vla_r1_perception', 'get_model', *arguments],
        env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def test_a_fetched_model_answers_and_damage_is_found(hub, tmp_path):
    _, environment = hub
    out = tmp_path / 'out'
    done = get_model(environment, 'org/tiny', '--out', out)
    assert done.returncode == 0, done.stderr
    reasoner = make_reasoner(ReasonerConfig(backend='transformers', device='cpu'), str(out))
    assert reasoner.weights_sha256 in done.stdout and f'model:={out}' in done.stdout
    assert not (out / 'pickle.bin').exists()
    manifest = json.loads((out / 'get_model.json').read_text())
    assert manifest['commit'] in done.stdout and manifest['repo'] == 'org/tiny'
    assert {'config.json', 'model.safetensors', 'tokenizer.json'} <= set(manifest['files'])

    assert get_model(environment, '--check', out).returncode == 0
    weights = out / 'model.safetensors'
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    (out / 'tokenizer.json').unlink()
    damaged = get_model(environment, '--check', out)
    assert damaged.returncode == 1
    assert 'tokenizer.json missing, model.safetensors changed' in damaged.stderr

    again = get_model(environment, 'org/tiny', '--out', out)
    assert again.returncode == 0, again.stderr
    assert get_model(environment, '--check', out).returncode == 0


@pytest.mark.parametrize(
    ('arguments', 'says'),
    [
        (('org/nothing',), 'org/nothing (main) cannot be fetched'),
        (('org/tiny', '--revision', 'v9'), 'org/tiny (v9) cannot be fetched'),
        (('--check', '/nowhere'), 'get_model.json'),
        (('no name at all',), 'cannot be fetched'),
    ],
)
def test_what_cannot_be_fetched_says_why(hub, tmp_path, arguments, says):
    done = get_model(hub[1], *arguments, *(() if '--check' in arguments else ('--out', tmp_path)))
    assert done.returncode == 1 and says in done.stderr


def test_a_hub_that_sends_something_else_is_refused(hub, tmp_path):
    folder, environment = hub
    (folder / 'broken').write_text('model.safetensors config.json')
    done = get_model(environment, 'org/tiny', '--out', tmp_path / 'out')
    assert done.returncode == 1 and 'model.safetensors' in done.stderr
    assert not (tmp_path / 'out' / 'get_model.json').exists()
