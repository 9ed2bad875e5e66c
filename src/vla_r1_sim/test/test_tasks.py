"""Varied instructions: seeded, read as they are meant, and true or absent in their scene."""

import pytest
from vla_r1_core.prompt import infer_intent, Intent
from vla_r1_sim.instruction import mentioned_objects, read
from vla_r1_sim.reference import target
from vla_r1_sim.tasks import sample_task, Style

SEEDS = range(40)
EVERY = pytest.mark.parametrize('intent', Intent)


@EVERY
def test_the_same_seed_says_the_same(intent):
    assert sample_task(3, intent) == sample_task(3, intent)
    assert len({sample_task(seed, intent).instruction for seed in SEEDS}) > 20


@EVERY
@pytest.mark.parametrize('style', Style)
def test_the_words_say_the_intent_and_what_it_needs(intent, style):
    for seed in SEEDS:
        task = sample_task(seed, intent, style)
        command = read(task.instruction)
        assert infer_intent(task.instruction) is intent, task.instruction
        assert (command.goal is not None) == (intent is Intent.PLACE), task.instruction
        assert (command.direction is not None) == (intent is Intent.PUSH), task.instruction
        assert (command.relation is not None) == (style is Style.RELATION), task.instruction


@EVERY
@pytest.mark.parametrize('style', Style)
def test_one_object_is_meant_unless_it_is_absent(intent, style):
    for seed in range(12):
        task = sample_task(seed, intent, style, absent_share=0.3)
        scene = task.scene()
        name = target(scene)
        assert (name is None) == task.absent, task.instruction
        goal = read(task.instruction).goal
        assert goal is None or goal in [item.name for item in scene.containers]
        if name and style is not Style.RELATION:
            (query,) = mentioned_objects(task.instruction)
            assert name == f'{query.color}_{query.shape}'


def test_plain_instructions_use_the_names_of_the_shapes_only():
    plain = {sample_task(seed, Intent.PICK, Style.PLAIN).instruction for seed in SEEDS}
    other = {sample_task(seed, Intent.PICK, Style.PARAPHRASE).instruction for seed in SEEDS}
    synonyms = ('block', 'sphere', 'can', 'tube')
    assert not [words for words in plain if words.split()[-1] in synonyms]
    assert [words for words in other if any(s in words for s in synonyms)]


@EVERY
def test_all_styles_and_absent_objects_occur(intent):
    tasks = [sample_task(seed, intent, absent_share=0.3) for seed in range(60)]
    assert {task.style for task in tasks} == set(Style)
    assert 3 < sum(task.absent for task in tasks) < 25
    assert not any(sample_task(seed, intent, absent_share=0.0).absent for seed in range(60))


@EVERY
def test_no_instruction_gives_a_place_away(intent):
    for seed in SEEDS:
        assert not any(c.isdigit() for c in sample_task(seed, intent).instruction)
