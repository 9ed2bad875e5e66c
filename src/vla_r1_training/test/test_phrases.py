"""What is said means what it should, and what is kept for the test is not trained on."""

import itertools

import numpy as np
import pytest
from vla_r1_core.prompt import Intent
from vla_r1_sim.instruction import ObjectQuery, read
from vla_r1_training.scenes.phrases import GOALS, SAID, UNHEARD, unknown_verbs, vary, WAYS

EVERY = [(i, say) for said in (SAID, UNHEARD) for i, words in said.items() for say in words]


@pytest.mark.parametrize(('intent', 'say'), EVERY)
def test_the_simulator_reads_it_as_it_is_meant(intent, say):
    for way, (container, goals) in itertools.product(WAYS, GOALS.items()):
        command = read(say.format(it='the red cube', way=way, goal=goals[-1]))
        assert command.intent is intent
        assert command.target == ObjectQuery('red', 'cube')
        assert command.goal == (container if intent is Intent.PLACE else None)
        assert (command.direction is not None) == (intent is Intent.PUSH)


def test_no_phrase_is_both_heard_and_unheard():
    for intent in Intent:
        assert SAID[intent] and UNHEARD[intent]
        assert not set(SAID[intent]) & set(UNHEARD[intent])


def test_more_words_around_a_phrase_keep_every_word_of_it():
    rng = np.random.default_rng(0)
    heard = set()
    for say in SAID[Intent.PLACE] * 40:
        varied = vary(rng, say)
        words = iter(varied.lower().replace(',', '').split())
        assert all(word in words for word in say.lower().replace(',', '').split()), varied
        heard.add(varied)
    assert len(heard) > 10 * len(SAID[Intent.PLACE])


def test_made_up_words_stand_where_verbs_were_and_everything_else_stays():
    rng = np.random.default_rng(0)
    said = 'Could you pick up the red cube, then place it in the bowl?'
    words = unknown_verbs(rng, said).split(' ')
    kept = [w for w in said.split(' ') if w not in ('pick', 'place')]
    assert [w for i, w in enumerate(words) if i not in (2, 8)] == kept
    assert words[2] != 'pick' and words[8] != 'place'
    assert unknown_verbs(rng, 'the red one, please') == 'the red one, please'


@pytest.mark.parametrize(
    ('said', 'kept'),
    [
        ('move the gripper to the red cube', ' to the red cube'),
        ('Go to the red cube, please.', ' to the red cube, please.'),
        ('push the red ball to the left', ' the red ball to the left'),
        ('where is the red cube?', 'where is the red cube?'),
    ],
)
def test_what_goes_to_a_thing_is_made_up_and_where_it_goes_stays(said, kept):
    rng = np.random.default_rng(0)
    every = {unknown_verbs(rng, said) for _ in range(200)}
    assert all(text.endswith(kept) for text in every)
    tools = [text for text in every if ' of the ' in text]
    assert bool(tools) == (' to the red cube' in said.lower())
    assert not tools or len(tools) < 0.8 * len(every)
