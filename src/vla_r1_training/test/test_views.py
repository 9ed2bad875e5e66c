"""Views of a picture are looked at once, and show all that is asked about it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from vla_r1_perception.processor import load_processor
from vla_r1_training.nano.batches import Batcher
from vla_r1_training.nano.lessons import Lessons
from vla_r1_training.nano.model import PICTURE
from vla_r1_training.nano.pairs import shown_pairs
from vla_r1_training.nano.student import Student
from vla_r1_training.nano.views import Views
from vla_r1_training.runs.models import load_model
from vla_r1_training.scenes.examples import load_scenes
from vla_r1_training.sft import look


@pytest.fixture
def scenes(files):
    """Return the scenes of the files."""
    return load_scenes(files, PICTURE)


def test_a_view_is_encoded_once_and_asked_often(scenes):
    looked = []

    def encode(pictures):
        looked.extend(pictures)
        return [torch.tensor(float(picture.mean())) for picture in pictures]

    views, rng = Views(scenes, 3, 0, encode), np.random.default_rng(0)
    places = {}
    for _ in range(60):
        chosen = rng.integers(len(scenes.questions), size=4).tolist()
        asked = [scenes.questions[i][rng.integers(3)] for i in chosen]
        seen, tokens = views.see(rng, chosen, asked)
        for i, question, was, token in zip(chosen, seen, asked, tokens, strict=True):
            assert question.instruction == was.instruction
            # One view of a picture always shows its things at the same places.
            places.setdefault((i, float(token)), set()).add(question.things)
            points = [*question.trace, *((t.box.x, t.box.y) for t in question.things)]
            assert np.min(points) > -1e-9 and np.max(points) < 1 + 1e-9
    assert len(looked) == len(places) == 3 * len(scenes.questions)
    assert all(len(things) == 1 for things in places.values())


def test_what_is_kept_teaches_what_the_pixels_do(nano, config, scenes):
    """The loss of a view's kept tokens is that of its picture."""
    processor = load_processor(nano)
    batcher, model = Batcher(processor), load_model(nano, torch.float32)
    shown = shown_pairs(t.name for asked in scenes.questions for t in asked[0].things)
    student = Student(model, processor.tokenizer, shown)
    pictures = []

    def encode(some):
        pictures.extend(some)
        return look(student, batcher, some)

    chosen = replace(config, views=2, batch_size=2, misnamed=0.0)
    lesson = Lessons(chosen, scenes, shown.numpy(), batcher, encode).draw(0, 0)
    assert 'pixel_values' not in lesson.batch.inputs
    kept = student(lesson.batch, lesson.cells, 0.0, {})
    lesson.batch.inputs['pixel_values'] = batcher.patches(torch.from_numpy(np.stack(pictures)))
    seen = student(replace(lesson.batch, images=()), lesson.cells, 0.0, {})
    for name, value in kept.items():
        torch.testing.assert_close(value, seen[name], rtol=1e-4, atol=1e-5)
