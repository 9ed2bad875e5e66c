"""Equal pictures of a batch are looked at once, and nothing else changes."""

import numpy as np
import pytest
import torch
from vla_r1_core.types import Task
from vla_r1_perception.processor import load_processor
from vla_r1_training.nano.batches import Batcher
from vla_r1_training.nano.model import make_nano
from vla_r1_training.runs.look_once import look_once
from vla_r1_training.runs.models import load_model
from vla_r1_training.scenes.examples import Asked

SIZE = (56, 84)
"""Height and width of small pictures [px]."""


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('nano') / 'nano'
    make_nano(folder, seed=0)
    return folder


@pytest.fixture(scope='module')
def batch(folder):
    rng = np.random.default_rng(0)
    three = rng.integers(0, 256, (3, *SIZE, 3), dtype=np.uint8)
    three[2] = three[0]
    three[2, 30, 30] += 1  # almost the first
    shown = three[[0, 1, 0, 2, 1, 0]]
    asked = [
        Asked(0, f'take {i}', Task.AFFORDANCE, '', (), None, '', ()) for i in range(len(shown))
    ]
    return Batcher(load_processor(folder)).batch(asked, ['null'] * len(shown), shown)


def run(model, batch):
    """Return logits, gradients, and how many pictures were looked at."""
    looked = []
    patches = model.model.visual.patch_embed
    patches.register_forward_hook(lambda module, args, out: looked.append(len(args[0])))
    out = model(**batch.inputs)
    torch.nn.functional.cross_entropy(out.logits.flatten(0, 1), batch.labels.flatten()).backward()
    rows = batch.inputs['image_grid_thw'][0].prod().item()
    return out.logits, {n: p.grad for n, p in model.named_parameters()}, sum(looked) / rows


def test_equal_pictures_are_looked_at_once_with_the_same_answers_and_gradients(folder, batch):
    plain, once = (load_model(folder, torch.float32) for _ in range(2))
    look_once(once)
    logits, gradients, looked = run(plain, batch)
    same_logits, same_gradients, looked_once = run(once, batch)
    assert looked == 6 and looked_once == 3
    torch.testing.assert_close(same_logits, logits, rtol=0, atol=1e-5)
    for name, gradient in gradients.items():
        torch.testing.assert_close(
            same_gradients[name], gradient, rtol=0, atol=1e-5 * gradient.abs().max().item() + 1e-9
        )


def test_a_model_that_looks_once_is_saved_as_it_was_loaded(folder, tmp_path):
    model = load_model(folder, torch.float32)
    look_once(model)
    model.save_pretrained(tmp_path)
    again = load_model(tmp_path, torch.float32).state_dict()
    for name, value in load_model(folder, torch.float32).state_dict().items():
        assert torch.equal(again[name], value)
