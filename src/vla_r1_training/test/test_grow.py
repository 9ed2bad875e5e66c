"""A model that has grown says what it said, and only what is new of it learns."""

from dataclasses import replace

import pytest
from safetensors.torch import load_file
import torch
from vla_r1_training.nano.grow import grow
from vla_r1_training.runs.models import load_model
from vla_r1_training.sft import main, train


def layer_of(name):
    _, layers, rest = name.partition('.layers.')
    return int(rest.split('.')[0]) if layers else None


@pytest.mark.parametrize(('blocks', 'new'), [(1, {4}), (2, {2, 5}), (4, {1, 3, 5, 7})])
def test_at_first_it_says_what_it_said(nano, blocks, new):
    model = load_model(nano, torch.float32).eval()
    ids = torch.randint(10, 1500, (2, 30), generator=torch.Generator().manual_seed(0))
    before = model(input_ids=ids).logits
    said = model.generate(input_ids=ids, max_new_tokens=9, do_sample=False)
    grow(model, blocks)
    torch.testing.assert_close(model(input_ids=ids).logits, before, rtol=0, atol=0)
    again = model.generate(input_ids=ids, max_new_tokens=9, do_sample=False)
    assert torch.equal(again, said)  # the cache of keys and values holds the new blocks, too
    learning = {layer_of(name) for name, p in model.named_parameters() if p.requires_grad}
    assert learning == new
    assert model.config.text_config.num_hidden_layers == 4 + blocks


def test_it_cannot_grow_by_more_than_it_is(nano):
    with pytest.raises(ValueError, match='4 blocks grows by 1 to 4, not 5'):
        grow(load_model(nano, torch.float32), 5)


def test_only_what_is_new_is_trained_and_what_was_made_is_loaded_as_any_other(
    config, nano, answer_of
):
    chosen = replace(config, model=str(nano), grow=2, steps=4, precision='fp32', save_every=1)
    folder = train(replace(chosen, steps=2))
    folder = train(chosen)  # goes on
    before, after = (load_file(path / 'model.safetensors') for path in (nano, folder))
    before = {name: value.to(torch.float16) for name, value in before.items()}  # as it is saved
    place = {0: 0, 1: 1, 2: None, 3: 2, 4: 3, 5: None}
    learned = set()
    for name, value in after.items():
        layer = layer_of(name)
        if layer is None:
            assert torch.equal(value, before[name]), name
        elif place[layer] is None:
            learned.add((layer, bool(value.any()) and 'down_proj' in name))
        else:
            old = name.replace(f'.layers.{layer}.', f'.layers.{place[layer]}.')
            assert torch.equal(value, before[old]), name
    assert learned >= {(2, True), (5, True)}
    assert answer_of(folder, 8).completion_tokens == 8


def test_the_command_says_by_how_much_it_can_grow(config, nano, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(['--scenes', config.scenes, '--files', '2', '--out', config.out, '--grow', '5'])
    assert stopped.value.code == 2
    assert '4 blocks grows by 1 to 4, not 5' in capsys.readouterr().err


def test_some_blocks_alone_are_trained(config, nano):
    chosen = replace(config, model=str(nano), blocks='1 3', steps=2, precision='fp32')
    with pytest.raises(ValueError, match='its blocks are 0 1 2 3: 4 x is none'):
        train(replace(chosen, blocks='1 4 x'))
    with pytest.raises(SystemExit, match='grows'):
        train(replace(chosen, grow=1))
    before, after = (load_file(path / 'model.safetensors') for path in (nano, train(chosen)))
    moved = {
        n for n, value in after.items() if not torch.equal(value, before[n].to(torch.float16))
    }
    assert {layer_of(name) for name in moved} == {1, 3}
    assert not any('visual' in name for name in moved)
