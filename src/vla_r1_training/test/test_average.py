"""The mean of two models is a model, and says what it was made from."""

import json
import shutil
from types import SimpleNamespace

import pytest
from safetensors.torch import load_file
import torch
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration
from vla_r1_training.average import main
from vla_r1_training.nano.model import make_nano
from vla_r1_training.provenance import sha256
import yaml


@pytest.fixture(scope='module')
def models(tmp_path_factory):
    """Return the folders of two untrained models."""
    folder = tmp_path_factory.mktemp('models')
    for seed in range(2):
        make_nano(folder / f'nano{seed}', seed=seed)
    return SimpleNamespace(first=folder / 'nano0', second=folder / 'nano1')


def run(models, out, *more):
    folders = ['--first', str(models.first), '--second', str(models.second)]
    return main([*folders, '--out', str(out), *more])


def weights(folder):
    return load_file(folder / 'model.safetensors')


@pytest.mark.parametrize('share', [0.0, 0.25, 1.0])
def test_each_weight_lies_between_those_of_the_two(tmp_path, models, share):
    out = tmp_path / 'new' / 'mean'
    assert run(models, out, '--share', str(share)) == 0
    first, second, mean = (
        weights(folder) for folder in (models.first, models.second, out / 'model')
    )
    assert mean.keys() == first.keys()
    for name, value in mean.items():
        between = torch.lerp(first[name].float(), second[name].float(), share)
        torch.testing.assert_close(value, between.to(value.dtype), rtol=0, atol=0)


def test_it_says_what_it_was_made_from(tmp_path, models):
    run(models, tmp_path / 'mean', '--share', '0.25')
    assert (
        yaml.safe_load((tmp_path / 'mean' / 'model' / 'training.yaml').read_text())['share']
        == 0.25
    )
    about = json.loads((tmp_path / 'mean' / 'run.json').read_text())
    for folder in (models.first, models.second):
        file = folder / 'model.safetensors'
        assert about['inputs'][str(file)] == sha256(file)


def test_models_of_other_sizes_have_no_mean(tmp_path, models, capsys):
    smaller = SimpleNamespace(first=models.first, second=tmp_path / 'smaller')
    shutil.copytree(models.second, smaller.second)
    config = Qwen2_5_VLConfig.from_pretrained(models.second)
    config.text_config.num_hidden_layers = 2
    config.text_config.layer_types = config.text_config.layer_types[:2]
    Qwen2_5_VLForConditionalGeneration(config).save_pretrained(smaller.second)
    with pytest.raises(SystemExit):
        run(smaller, tmp_path / 'mean')
    assert 'other sizes' in capsys.readouterr().err
    assert not (tmp_path / 'mean').exists()


def test_a_folder_without_a_model_is_an_error(tmp_path, models, capsys):
    with pytest.raises(SystemExit):
        run(SimpleNamespace(first=tmp_path / 'none', second=models.second), tmp_path / 'mean')
    assert 'there is no model folder' in capsys.readouterr().err


def test_another_result_is_not_overwritten(tmp_path, models, capsys):
    out = tmp_path / 'mean'
    run(models, out, '--share', '0.25')
    before = weights(out / 'model')
    with pytest.raises(SystemExit):
        run(models, out, '--share', '0.5')
    assert 'other settings (share)' in capsys.readouterr().err
    after = weights(out / 'model')
    assert all(torch.equal(after[name], value) for name, value in before.items())
