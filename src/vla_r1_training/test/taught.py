"""A nano model that has learned a few questions by heart: it answers, but not always the same."""

from pathlib import Path
from unittest.mock import patch

import torch
from torch.nn.functional import cross_entropy
from transformers import Qwen2_5_VLForConditionalGeneration
from vla_r1_perception.processor import load_processor
from vla_r1_training.nano.batches import Batcher, IGNORED
from vla_r1_training.nano.model import make_nano
from vla_r1_training.render import render
from vla_r1_training.scenes.examples import load_scenes

PICTURE = (112, 84)
"""Smaller than the real one's, for speed [px]."""
ENOUGH = 0.02
"""The loss at which it keeps to the form and still errs."""


def teach(folder: Path) -> tuple[Path, Path]:
    """Return a folder with one rendered scene and one with a model that knows it."""
    files = render('train', 1, folder / 'scenes')
    scenes, model = load_scenes(files, PICTURE), folder / 'taught'
    with patch('vla_r1_training.nano.model.PICTURE', PICTURE):
        make_nano(model, seed=0)
    processor = load_processor(model)
    student = Qwen2_5_VLForConditionalGeneration.from_pretrained(model, dtype=torch.float32)
    asked = scenes.questions[0]
    batch = Batcher(processor).batch(
        asked, [a.answer(0) for a in asked], scenes.pictures[[a.picture for a in asked]]
    )
    optimizer = torch.optim.AdamW(student.parameters(), 3e-3, betas=(0.9, 0.98))
    for _ in range(100):
        logits = student(**batch.inputs, use_cache=False).logits
        loss = cross_entropy(logits.flatten(0, 1), batch.labels.flatten(), ignore_index=IGNORED)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if loss < ENOUGH:
            break
    student.save_pretrained(model)
    return files[0].parent, model
