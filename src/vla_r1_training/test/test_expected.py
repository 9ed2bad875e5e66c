"""What is asked for is expected to be there: more than the model before did, by so much."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from vla_r1_perception.processor import load_processor
from vla_r1_sim.vocabulary import COLORS, SHAPES
from vla_r1_training.nano.batches import Batcher, IGNORED
from vla_r1_training.nano.lessons import Lessons
from vla_r1_training.nano.model import PICTURE
from vla_r1_training.nano.student import Student
from vla_r1_training.runs.models import load_model
from vla_r1_training.scenes.examples import load_scenes

EXPECTED = 3.0


@pytest.fixture
def lesson(config, nano, files):
    scenes, batcher = load_scenes(files, PICTURE), Batcher(load_processor(nano))
    shown = np.ones((len(COLORS), len(SHAPES)), bool)
    return Lessons(replace(config, batch_size=8), scenes, shown, batcher).draw(step=0, rank=0)


@pytest.fixture
def student(nano):
    model, before = (load_model(nano, torch.float32) for _ in range(2))
    shown = torch.ones(len(COLORS), len(SHAPES), dtype=torch.bool)
    tokenizer = load_processor(nano).tokenizer
    return Student(model, tokenizer, shown, before=before.eval(), expected=EXPECTED)


def test_where_a_shape_is_listed_the_one_asked_for_is_wanted(nano, files):
    processor, scenes = load_processor(nano), load_scenes(files, PICTURE)
    asked = [question for questions in scenes.questions for question in questions]
    pictures = scenes.pictures[[a.picture for a in asked]]
    batch = Batcher(processor).batch(asked, [a.answer(0) for a in asked], pictures)
    say = processor.tokenizer.decode
    kinds = set()
    for question, ids, wanted in zip(asked, batch.inputs['input_ids'], batch.wanted, strict=True):
        _, *pair = question.request.split()
        plain = len(pair) == 2 and pair[0] in COLORS and pair[1] in SHAPES
        objects = [thing.name for thing in question.things if thing.is_called('object')]
        places = (wanted != IGNORED).nonzero()[:, 0].tolist()
        # Once for each object in the list, nowhere else in prompt or thought.
        names = [f'{say(ids[i])}{say(ids[i + 1])}'.strip() for i in places]
        assert sorted(names) == (sorted(objects) if plain else [])
        for i, name in zip(places, names, strict=True):
            assert say(wanted[i]).strip() == pair[1]
            kinds.add(name.split()[1] == pair[1])
    assert kinds == {True, False}


def test_at_first_all_of_it_is_missing_then_it_is_learned(lesson, student):
    start = {name: value.clone() for name, value in student._before[0].state_dict().items()}
    optimizer = torch.optim.Adam(student.parameters(), 3e-4)
    losses = []
    for _ in range(40):
        loss = student(lesson.batch, lesson.cells, 0.0, {})['expected']
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[0] == pytest.approx(EXPECTED - 0.5)  # smooth L1
    assert losses[-1] < 0.2 * losses[0]
    after = student._before[0].state_dict()
    assert all(torch.equal(value, start[name]) for name, value in after.items())
    assert not any('before' in name for name in student.state_dict())


def test_where_nothing_that_is_asked_for_could_be_meant_nothing_is_learned(lesson, student):
    none = replace(lesson.batch, wanted=torch.full_like(lesson.batch.wanted, IGNORED))
    losses = student(none, lesson.cells, 0.0, {})
    assert losses['expected'] == 0.0
    sum(losses.values()).backward()
    assert all(p.grad.isfinite().all() for p in student.model.parameters() if p.grad is not None)
