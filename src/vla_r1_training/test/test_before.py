"""What the model before says rightly is kept, and what is asked for is expected to be there."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from vla_r1_perception.model_folder import check_folder
from vla_r1_perception.processor import load_processor
from vla_r1_sim.vocabulary import COLORS, SHAPES
from vla_r1_training.nano.batches import Batcher, IGNORED
from vla_r1_training.nano.before import Before, places
from vla_r1_training.nano.lessons import Lessons
from vla_r1_training.nano.model import PICTURE
from vla_r1_training.nano.student import Student
from vla_r1_training.runs.models import load_model
from vla_r1_training.scenes.examples import load_scenes

EXPECTED = (1.5, 3.0)


@pytest.fixture(scope='module')
def known():
    """Return the folder of the model that ships, which sees well."""
    return check_folder('nano')


@pytest.fixture
def lesson(config, known, files):
    scenes, batcher = load_scenes(files, PICTURE), Batcher(load_processor(known))
    shown = np.ones((len(COLORS), len(SHAPES)), bool)
    chosen = replace(config, batch_size=4, misnamed=0.0, gray=0.0, turned_hues=0.0)
    return Lessons(chosen, scenes, shown, batcher).draw(step=0, rank=0)


@pytest.fixture
def make_student(known):
    def make(expected=(0.0, 0.0)):
        model, before = (load_model(known, torch.float32) for _ in range(2))
        shown = torch.ones(len(COLORS), len(SHAPES), dtype=torch.bool)
        tokenizer = load_processor(known).tokenizer
        return Student(model, tokenizer, shown, before=before.eval(), expected=expected)

    return make


def says(student, before, batch):
    return before.says(batch, student.coordinates, (student.colors, student.shapes))


def unlisted(batch):
    """Return a batch in which nothing counts as a name."""
    return replace(batch, listed=torch.zeros_like(batch.listed))


def test_where_a_name_is_listed_the_one_asked_for_is_wanted(nano, files):
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
        names = [say(ids[i + 1]).strip() for i in places]
        both = [' '.join(names[i : i + 2]) for i in range(0, len(names), 2)]
        assert sorted(both) == (sorted(objects) if plain else [])
        for i, name in zip(places, names, strict=True):
            assert say(wanted[i]).strip() == pair[name in SHAPES]
            kinds.add((name in SHAPES, name in pair))
    assert kinds == {(shape, asked) for shape in (True, False) for asked in (True, False)}


def test_what_was_right_is_kept_or_nearly_right_and_names_always(lesson, known, make_student):
    student, tokenizer = make_student(), load_processor(known).tokenizer
    was = says(student, Before(load_model(known, torch.float32), (0.0, 0.0)), lesson.batch)
    labels = lesson.batch.labels[lesson.batch.labels != IGNORED]
    named = torch.stack([rows for _, rows in was.names]).any(0)
    assert 0.6 < was.kept.float().mean() < 1.0
    assert was.kept[named].all()
    for ids, rows in was.names:
        assert rows.any()
        assert torch.isin(labels[rows], ids).all()
    said = was.goals.argmax(-1)
    for token, label, kept in zip(said[~named], labels[~named], was.kept[~named], strict=True):
        one, other = tokenizer.decode(token), tokenizer.decode(label)
        numbers = one.strip()[:2] in ('0.', '1.') and other.strip()[:2] in ('0.', '1.')
        near = numbers and abs(float(one) - float(other)) < 0.0205
        assert kept == (token == label or near), (one, other)


def test_a_model_that_has_not_changed_has_only_its_mistakes_to_learn(lesson, make_student):
    student = make_student()
    losses = student(lesson.batch, lesson.cells, 0.0, {})
    assert losses['names'] < 0.05
    was = says(student, student._before, unlisted(lesson.batch))
    hidden = student.model.model(**lesson.batch.inputs, use_cache=False).last_hidden_state
    gaps = was.gaps(student._logits(lesson.batch, hidden))
    assert gaps[was.kept].max().item() == pytest.approx(0.0, abs=1e-4)
    with torch.no_grad():
        for value in student.model.parameters():
            value += 0.05 * value.std() * torch.randn_like(value)
    changed = student(lesson.batch, lesson.cells, 0.0, {})
    assert changed['names'] > 0.01
    assert changed['text'] > losses['text']


def test_pictures_are_looked_at_once_where_both_see_alike(lesson, make_student, known):
    free = make_student()
    assert not free._sees_as_before  # it will learn to see
    model, before = (load_model(known, torch.float32) for _ in range(2))
    model.model.visual.requires_grad_(False)
    student = Student(model, load_processor(known).tokenizer, free.shown, before=before.eval())
    before.model.visual.forward = None  # cannot look
    with torch.no_grad():
        once, twice = (s(lesson.batch, lesson.cells, 0.0, {}) for s in (student, free))
    for name in ('text', 'names'):
        assert once[name].item() == pytest.approx(twice[name].item(), rel=1e-3, abs=1e-4)
    with torch.no_grad():
        before.model.visual.merger.mlp[0].bias += 1e-3
    other = Student(model, load_processor(known).tokenizer, free.shown, before=before.eval())
    assert not other._sees_as_before


def test_what_is_asked_for_is_learned_to_be_likelier(lesson, make_student):
    student = make_student(EXPECTED)
    before = student._before._model
    start = {name: value.clone() for name, value in before.state_dict().items()}
    optimizer = torch.optim.Adam(student.parameters(), 5e-4)
    losses = []
    for _ in range(15):
        loss = student(lesson.batch, lesson.cells, 0.0, {})['names']
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[0] > 0.1
    assert losses[-1] < 0.6 * losses[0]
    assert all(torch.equal(value, start[name]) for name, value in before.state_dict().items())
    assert not any('before' in name for name in student.state_dict())


def test_the_wish_is_for_what_is_asked_for(lesson, known, make_student):
    student = make_student()
    model = load_model(known, torch.float32)
    plain, wished = (
        says(student, Before(model, more), lesson.batch).goals for more in ((0.0, 0.0), EXPECTED)
    )
    wanted = lesson.batch.wanted[lesson.batch.labels != IGNORED]
    more = torch.zeros_like(plain)
    for names, nats in zip((student.colors, student.shapes), EXPECTED, strict=True):
        rows = torch.isin(wanted, names).nonzero()[:, 0]
        assert len(rows) > 3
        more[rows, wanted[rows]] = nats
    torch.testing.assert_close(wished - plain, more, rtol=0, atol=1e-4)


def test_where_nothing_that_is_asked_for_could_be_meant_nothing_is_learned(lesson, make_student):
    student = make_student(EXPECTED)
    losses = student(unlisted(lesson.batch), lesson.cells, 0.0, {})
    assert losses['names'] == 0.0
    sum(losses.values()).backward()
    assert all(p.grad.isfinite().all() for p in student.model.parameters() if p.grad is not None)


def test_a_name_that_was_wrong_is_corrected_and_no_other_is_touched(known, lesson, make_student):
    """As if the model before called everything that is listed by the next colour and shape."""
    student, batch = make_student(), lesson.batch
    before = Before(load_model(known, torch.float32), (0.0, 0.0))
    plain = says(student, before, unlisted(batch))
    labels = batch.labels.clone()
    for ids in (student.colors, student.shapes):
        for i, token in enumerate(ids.tolist()):
            place = (batch.labels == token) & batch.listed
            labels[place] = ids[(i + 1) % len(ids)]
    wrong = says(student, before, replace(batch, labels=labels))
    others = labels[labels != IGNORED]
    for ids, rows in wrong.names:
        assert rows.any()
        goals, right = wrong.goals[rows][:, ids], places(others[rows], ids)
        likeliest = goals.topk(2).values
        assert torch.equal(goals.argmax(1), right)
        assert (likeliest[:, 0] - likeliest[:, 1]).min() >= 1.0 - 1e-4
        rest = torch.arange(len(ids)) != right[:, None]
        same = plain.goals[rows][:, ids][rest]
        torch.testing.assert_close(goals[rest], same, rtol=0, atol=1e-4)
    named = torch.stack([rows for _, rows in wrong.names]).any(0)
    torch.testing.assert_close(wrong.goals[~named], plain.goals[~named], rtol=0, atol=1e-4)
