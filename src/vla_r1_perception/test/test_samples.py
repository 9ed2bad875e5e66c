"""Many answers to one question: the one that most agree with counts, and how many do is told."""

from dataclasses import replace

import numpy as np
import pytest
from vla_r1_core.errors import ReasonCode
from vla_r1_core.types import Answer, Task
from vla_r1_perception.backends import make_reasoner
from vla_r1_perception.config import ReasonerConfig
from vla_r1_perception.reply import ask
from vla_r1_perception.request import Request
from vla_r1_perception.scripted import ScriptedReasoner

IMAGE = np.full((120, 160, 3), 128, np.uint8)
LEFT = '<think>l</think><output>{"x": 0.2, "y": 0.5, "width": 0.1, "height": 0.1}</output>'
RIGHT = LEFT.replace('0.2', '0.8').replace('l<', 'r<')
NOWHERE = '<think>none</think><output>null</output>'


class Said(ScriptedReasoner):
    """Says what it was given."""

    def __init__(self, *texts):
        super().__init__()
        self.given = Answer(prompt='p', text=texts[0], others=texts[1:])

    def answer(self, *arguments, on_token, **options):
        """Return it."""
        on_token(self.given.text[:1], 1)
        on_token(self.given.text, 2)  # so soon after that it is not told at once
        return self.given


def reply_to(reasoner, **options):
    told = []
    request = Request('id', 'pick', Task.AFFORDANCE, 60.0, lambda text, n: told.append(text))
    reply = ask(reasoner, IMAGE, request, Task.AFFORDANCE, seed=0, **options)
    assert not reply.answer or told[-1] == request.text == reply.answer.text
    return reply


def test_the_answer_that_most_agree_with_counts_with_its_thought():
    reply = reply_to(Said(LEFT, RIGHT, 'garbage', RIGHT))
    assert reply.error is None
    assert (reply.answer.text, reply.answer.score) == (RIGHT, 0.5)
    assert reply.parsed.box.x == 0.8 and reply.parsed.thought == 'r'


def test_a_low_score_is_refused_with_what_was_said():
    reply = reply_to(Said(LEFT, RIGHT, RIGHT), min_score=0.7)
    assert reply.error.code == ReasonCode.LOW_CONFIDENCE
    assert '0.67' in str(reply.error) and 'min_score' in str(reply.error)
    assert reply.parsed.box.x == 0.8
    assert reply_to(Said(LEFT, RIGHT, RIGHT), min_score=0.66).error is None


def test_most_may_say_that_the_object_is_not_there():
    assert reply_to(Said(LEFT, NOWHERE, NOWHERE)).error.code == ReasonCode.OBJECT_NOT_FOUND
    unsure = reply_to(Said(LEFT, NOWHERE, NOWHERE), min_score=0.7)
    assert unsure.error.code == ReasonCode.LOW_CONFIDENCE


def test_many_malformed_answers_are_malformed():
    reply = reply_to(Said('one', 'two', 'three'))
    assert reply.error.code == ReasonCode.MALFORMED_ANSWER
    assert reply.answer.text == 'one'


@pytest.mark.parametrize('greedy', [True, False])
def test_a_model_gives_as_many_answers_as_it_is_asked_for(tiny_model, greedy):
    config = ReasonerConfig(
        backend='transformers', device='cpu', max_new_tokens=12, samples=4, temperature=1.5
    )
    reasoner = make_reasoner(config, str(tiny_model))
    if greedy:  # a folder whose tokens the small decoder computes
        from vla_r1_perception.decoder import Decoder

        reasoner._decoder = Decoder(reasoner._model)

    def texts(seed):
        stopped = []
        answer = reasoner.answer(
            IMAGE, 'pick', Task.AFFORDANCE, seed=seed,
            on_token=lambda text, n: stopped.append(text), should_stop=lambda: False,
        )  # fmt: skip
        assert stopped[-1] == answer.text and 12 < answer.completion_tokens <= 4 * 12
        return (answer.text, *answer.others)

    assert len(set(texts(1))) == 4
    assert texts(1) == texts(1) != texts(2)


@pytest.mark.injects
def test_the_node_publishes_no_box_that_it_is_not_sure_of(start, picture):
    client = start('min_score:=0.7', 'seed:=5')
    client.show(picture.rgb)
    torn = client.instruct('torn')
    assert torn.error_code == ReasonCode.LOW_CONFIDENCE and 'min_score' in torn.error_msg
    assert torn.well_formed and torn.thought == 'at 0.8'
    assert (torn.samples, torn.score, torn.seed) == (3, pytest.approx(2 / 3), 5)
    sure = client.instruct('pick up the red cube')
    assert sure.error_code == ReasonCode.NONE and sure.samples == 1
    client.wait(lambda: client.got['affordance'])
    client.spin(0.3)
    assert [box.request_id for box in client.got['affordance']] == [sure.request_id]


def test_temperature_is_that_of_the_parameter_or_one_that_samples_differ_at():
    config = ReasonerConfig()
    assert config.drawn_at == 0.0
    assert replace(config, samples=2).drawn_at == 0.7
    assert replace(config, samples=2, temperature=0.2).drawn_at == 0.2
    assert replace(config, temperature=0.2).drawn_at == 0.2
