"""What a step of SFT teaches: which tokens of which answers, behind which pictures."""

from dataclasses import replace
import re

import numpy as np
from PIL import Image
import pytest
import torch
from vla_r1_perception.processor import load_processor
from vla_r1_sim.vocabulary import COLORS, SHAPES
from vla_r1_training.nano.batches import Batcher, IGNORED
from vla_r1_training.nano.hints import Cells
from vla_r1_training.nano.lessons import Lessons
from vla_r1_training.nano.model import PICTURE
from vla_r1_training.nano.student import Student
from vla_r1_training.runs.models import load_model
from vla_r1_training.scenes.examples import load_scenes
from vla_r1_training.scenes.thoughts import FAR, SCENE_LEADS, SIDE, TARGET_LEADS


def listed(answer):
    """Return where in an answer the list of what is seen begins and ends."""
    leads = '|'.join(SCENE_LEADS)
    return re.search(rf'\. (?:{leads}).*?(?=\. [A-Z])', answer).span()


def test_a_batch_is_what_the_processor_makes(nano, files):
    processor, scenes = load_processor(nano), load_scenes(files, PICTURE)
    asked = [questions[0] for questions in scenes.questions[:3]]
    pictures = scenes.pictures[:3]
    ours = Batcher(processor).batch(asked, [a.answer(0) for a in asked], pictures)
    for i, question in enumerate(asked):
        text = processor.tokenizer.decode(
            Batcher(processor).prompt(question, visual_tokens=1), skip_special_tokens=False
        )
        theirs = processor(text=[text], images=[Image.fromarray(pictures[i])], return_tensors='pt')
        prompt = theirs['input_ids'][0]
        torch.testing.assert_close(ours.inputs['input_ids'][i, : len(prompt)], prompt)
        rows = ours.inputs['pixel_values'].reshape(3, -1, theirs['pixel_values'].shape[1])
        torch.testing.assert_close(rows[i], theirs['pixel_values'])
        said = ours.labels[i][ours.labels[i] != IGNORED]
        assert processor.tokenizer.decode(said) == f'{question.answer(0)}<|im_end|>'
        assert (ours.labels[i, : len(prompt) - 1] == IGNORED).all()
        # Each label is the token that follows its place.
        places = (ours.labels[i] != IGNORED).nonzero()[:, 0]
        torch.testing.assert_close(ours.inputs['input_ids'][i, places + 1], said)


def test_behind_a_list_with_wrong_names_right_ones_are_learned_but_no_decision(nano, files):
    tokenizer, scenes = load_processor(nano).tokenizer, load_scenes(files, PICTURE)
    asked = [questions[0] for questions in scenes.questions]
    answers, batcher = [a.answer(0) for a in asked], Batcher(load_processor(nano))
    true = batcher.batch(asked, answers, scenes.pictures)
    rng = np.random.default_rng(1)
    told = batcher.batch(asked, answers, scenes.pictures, misnamed=0.5, rng=rng)
    heard, right = told.inputs['input_ids'], true.inputs['input_ids']
    wrong, cut = ((a != b).any(1) for a, b in ((heard, right), (told.labels, true.labels)))
    assert wrong.any() and not cut.all()
    assert cut[wrong].all()
    for names in (COLORS, SHAPES):
        ids = torch.tensor([tokenizer(f' {name}')['input_ids'] for name in names])
        assert ids.shape == (len(names), 1)
        before = torch.isin(right[heard != right], ids)
        torch.testing.assert_close(torch.isin(heard[heard != right], ids), before)
    for i in cut.nonzero()[:, 0].tolist():
        learned = told.labels[i] != IGNORED
        torch.testing.assert_close(told.labels[i][learned], true.labels[i][learned])
        assert tokenizer.decode(told.labels[i][learned]) == answers[i][: listed(answers[i])[1]]


def test_without_a_picture_what_is_seen_is_told_and_the_rest_is_learned(nano, files):
    processor, scenes = load_processor(nano), load_scenes(files, PICTURE)
    asked = [questions[0] for questions in scenes.questions]
    answers = [a.answer(0) for a in asked]
    told = Batcher(processor).told(asked, answers)
    assert not (told.inputs['input_ids'] == processor.image_token_id).any()
    for ids, labels, answer in zip(told.inputs['input_ids'], told.labels, answers, strict=True):
        assert f'{answer}<|im_end|>' in processor.tokenizer.decode(ids)
        first, last = listed(answer)
        lead = next(lead for lead in SCENE_LEADS if lead in answer)
        taught = processor.tokenizer.decode(labels[labels != IGNORED])
        assert f'{answer}<|im_end|>'.startswith(f'{answer[:first]}. {lead}')
        # A list ends where a picture says so: the token that ends it is not learned.
        behind = taught.removeprefix(f'{answer[:first]}. {lead}')
        ends = f'{answer[last:]}<|im_end|>'.removesuffix(behind)
        assert ends in {'.', *(f'. {lead}' for lead in (FAR, *TARGET_LEADS))}
        places = (labels != IGNORED).nonzero()[:, 0]
        torch.testing.assert_close(ids[places + 1], labels[places])


def test_another_list_than_the_picture_shows_is_told_with_it(config, nano, files):
    processor, scenes = load_processor(nano), load_scenes(files, PICTURE)
    shown = np.ones((len(COLORS), len(SHAPES)), bool)
    lesson = Lessons(config, scenes, shown, Batcher(processor)).draw(step=0, rank=0)
    more = lesson.more['contradicted']
    assert more.pictures.tolist() == [0, 1]
    rows = (batch.inputs['input_ids'] for batch in (more, lesson.batch))
    for theirs, ours in zip(*rows, strict=True):
        tokens = [(ids == processor.image_token_id).sum() for ids in (theirs, ours)]
        assert tokens[0] == tokens[1] > 0
        texts = [processor.tokenizer.decode(ids) for ids in (theirs, ours)]
        said, seen = (text[slice(*listed(text))] for text in texts)
        assert said != seen
    student = Student(load_model(nano, torch.float32), processor.tokenizer, torch.tensor(shown))
    student(lesson.batch, lesson.cells, 0.0, lesson.more)['contradicted'].backward()
    # It is learned what follows from a list, and nothing about seeing.
    assert all(p.grad is None for p in student.model.model.visual.parameters())
    assert student.model.model.language_model.embed_tokens.weight.grad.any()


def test_pictures_and_lists_are_asked_how_their_things_lie(config, nano, files):
    processor, scenes = load_processor(nano), load_scenes(files, PICTURE)
    shown = np.ones((len(COLORS), len(SHAPES)), bool)
    compared = {}
    for share in (0.0, 1.0):
        chosen = replace(config, compared=share, related=share, relations=0.0, told=40)
        chosen = replace(chosen, batch_size=40, contradicted=0)
        lesson = Lessons(chosen, scenes, shown, Batcher(processor)).draw(step=0, rank=0)
        for batch, name in ((lesson.batch, 'shown'), (lesson.more['told'], 'told')):
            texts = [processor.tokenizer.decode(ids) for ids in batch.inputs['input_ids']]
            how_many = sum(f'. {FAR}' in text or f'. {SIDE}' in text for text in texts)
            compared[name, share] = how_many
    for name in ('shown', 'told'):
        assert compared[name, 1.0] > max(10, 2 * compared[name, 0.0]), compared


def test_words_can_count_more_than_numbers(config, nano, files):
    processor, scenes = load_processor(nano), load_scenes(files, PICTURE)
    shown = np.ones((len(COLORS), len(SHAPES)), bool)
    several = replace(config, told=12, contradicted=12)  # in some something is meant, with its box
    lesson = Lessons(several, scenes, shown, Batcher(processor)).draw(step=0, rank=0)
    model, losses = load_model(nano, torch.float32), {}
    for weight in (0.0, 1.0, 1e6):
        student = Student(model, processor.tokenizer, torch.tensor(shown), number_weight=weight)
        with torch.no_grad():
            losses[weight] = student(lesson.batch, lesson.cells, 0.0, lesson.more)
    assert set(lesson.more) == {'told', 'contradicted'}
    for name, batch in lesson.more.items():
        words, both, numbers = (losses[weight][name].item() for weight in losses)
        labels = batch.labels[batch.labels != IGNORED]
        share = torch.isin(labels, student.coordinates).float().mean().item()
        assert both == pytest.approx((1 - share) * words + share * numbers, rel=1e-4)
        assert words != pytest.approx(numbers, rel=1e-4)
    assert len({of['text'].item() for of in losses.values()}) == 1  # of a picture all counts


def test_of_a_grey_picture_all_is_taught_but_the_colours_of_what_is_seen(nano, files):
    tokenizer, scenes = load_processor(nano).tokenizer, load_scenes(files, PICTURE)
    asked = [questions[0] for questions in scenes.questions]
    answers, batcher = [a.answer(0) for a in asked], Batcher(load_processor(nano))
    true = batcher.batch(asked, answers, scenes.pictures)
    rng, gray = np.random.default_rng(0), np.arange(len(asked)) % 2 == 1
    looks = np.where(gray[:, None], -1, np.arange(len(COLORS)))
    told = batcher.batch(asked, answers, scenes.pictures, misnamed=1.0, looks=looks, rng=rng)
    for name in ('input_ids', 'attention_mask'):  # nothing that is said is blurred
        torch.testing.assert_close(told.inputs[name][gray], true.inputs[name][gray])
    assert (told.inputs['input_ids'][~gray] != true.inputs['input_ids'][~gray]).any()
    rows = zip(told.labels[gray], true.labels[gray], answers[1::2], strict=True)
    for labels, whole, answer in rows:
        taught = tokenizer.decode(labels[labels != IGNORED]).removesuffix('<|im_end|>')
        kept = labels != IGNORED
        assert (labels[kept] == whole[kept]).all()
        first, last = listed(answer)
        seen = ' '.join(w for w in answer[first:last].split() if w not in COLORS)
        assert taught.split() == f'{answer[:first]}{seen}{answer[last:]}'.split()
    colors = torch.tensor([tokenizer(f' {name}')['input_ids'][0] for name in COLORS])
    assert torch.isin(told.labels[gray], colors).any()  # what is asked for, what is meant
    assert not torch.isin(told.seen[gray], colors).any()
    cells = Cells(asked, 9, 12, looks)
    assert (cells.color.reshape(len(asked), -1)[gray] == IGNORED).all()
    assert (cells.color.reshape(len(asked), -1)[~gray] != IGNORED).all()
    assert set(cells.look.reshape(len(asked), -1)[gray].flatten().tolist()) == {-1, len(COLORS)}


def test_with_turned_hues_what_goes_with_a_shape_is_the_colour_that_it_seems_to_have(nano, files):
    tokenizer, scenes = load_processor(nano).tokenizer, load_scenes(files, PICTURE)
    asked = [questions[0] for questions in scenes.questions]
    answers, batcher = [a.answer(0) for a in asked], Batcher(load_processor(nano))
    true = batcher.batch(asked, answers, scenes.pictures)
    looks = np.tile(np.roll(np.arange(len(COLORS)), 1), (len(asked), 1))
    told = batcher.batch(asked, answers, scenes.pictures, looks=looks)
    ids = [tokenizer(f' {name}')['input_ids'][0] for name in COLORS]
    torch.testing.assert_close(true.seen, true.labels)
    colored = torch.isin(true.seen, torch.tensor(ids))
    assert (told.labels[colored] == IGNORED).any()  # of what is seen; the rest is as asked
    torch.testing.assert_close(told.seen[~colored], true.seen[~colored])
    becomes = dict(zip(ids, np.roll(ids, 1).tolist(), strict=True))
    assert told.seen[colored].tolist() == [becomes[i] for i in true.seen[colored].tolist()]
    plain, turned = Cells(asked, 9, 12), Cells(asked, 9, 12, looks)
    torch.testing.assert_close(plain.look, plain.color)
    full = plain.color < len(COLORS)
    torch.testing.assert_close(turned.look[full], (plain.color[full] - 1) % len(COLORS))
    torch.testing.assert_close(turned.look[~full], plain.look[~full])


def test_what_is_right_is_never_left_out_though_no_picture_shows_it(nano, files):
    processor, scenes = load_processor(nano), load_scenes(files, PICTURE)
    asked = [questions[0] for questions in scenes.questions]
    batch = Batcher(processor).batch(asked, [a.answer(0) for a in asked], scenes.pictures)
    nothing = torch.zeros(len(COLORS), len(SHAPES), dtype=torch.bool)
    student = Student(load_model(nano, torch.float32), processor.tokenizer, nothing)
    with torch.no_grad():
        text = student(batch, Cells(asked, 9, 12), 0.0, {})['text']
    assert text < 1.5 * np.log(len(processor.tokenizer))


@pytest.mark.parametrize(('thought', 'begin'), [(True, '<think>'), (False, '<output>')])
def test_without_thoughts_only_the_output_is_taught(config, nano, files, thought, begin):
    processor = load_processor(nano)
    chosen = replace(config, thought=thought, gray=0.0, turned_hues=0.0)
    shown = np.ones((len(COLORS), len(SHAPES)), bool)
    lessons = Lessons(chosen, load_scenes(files, PICTURE), shown, Batcher(processor))
    for labels in lessons.draw(step=0, rank=0).batch.labels:
        said = processor.tokenizer.decode(labels[labels != IGNORED])
        assert said.startswith(begin)
        assert said.count('<output>') == 1
        assert said.endswith('</output><|im_end|>')
