"""Each backend asks in the words of the profile, and is read by it."""

from dataclasses import replace

import numpy as np
import pytest
from vla_r1_core.errors import ReasonCode, ReasoningError
from vla_r1_core.profiles import PROFILES
from vla_r1_core.types import Answer, Task
from vla_r1_perception.backends import make_reasoner
from vla_r1_perception.config import ReasonerConfig
from vla_r1_perception.profile import shown
from vla_r1_perception.reply import ask
from vla_r1_perception.request import Request

CONFIG = ReasonerConfig(backend='transformers', device='cpu', max_new_tokens=1)
IMAGE = np.full((300, 500, 3), 128, np.uint8)


class Saying:
    """A reasoner that says one text."""

    name = 'saying'
    weights_sha256 = ''

    def __init__(self, profile, text, seen_size=None):
        self.profile = PROFILES[profile]
        self._answer = Answer('p', text, seen_size=seen_size)

    def answer(self, *_, **__):
        return self._answer


def reply_of(reasoner, task=Task.AFFORDANCE):
    request = Request('id', 'pick', task, 60.0, lambda text, n: None)
    return ask(reasoner, IMAGE, request, task, seed=0)


def test_an_answer_is_read_by_the_reasoners_profile():
    box = reply_of(Saying('gemini-er', '[{"box_2d": [100, 200, 300, 400]}]')).parsed.box
    assert box.corners == pytest.approx((0.2, 0.1, 0.4, 0.3))


def test_pixels_are_those_of_what_the_model_saw():
    text = '{"bbox_2d": [0, 0, 252, 140]}'
    box = reply_of(Saying('qwen2.5-vl', text, seen_size=(252, 280))).parsed.box
    assert box.corners == pytest.approx((0.0, 0.0, 1.0, 0.5))
    # The processor would have made 504 x 308 of it.
    assert reply_of(Saying('qwen2.5-vl', text)).parsed.box.width == pytest.approx(0.5)


def test_what_an_object_is_when_it_is_absent_follows_from_the_profile():
    assert reply_of(Saying('qwen3-vl', '[]')).error.code == ReasonCode.OBJECT_NOT_FOUND
    assert reply_of(Saying('vla_r1', '[]')).error.code == ReasonCode.MALFORMED_ANSWER


def answer(reasoner, image=IMAGE):
    return reasoner.answer(
        image, 'pick it', Task.AFFORDANCE,
        seed=0, on_token=lambda *_: None, should_stop=lambda: False,
    )  # fmt: skip


@pytest.mark.parametrize('max_pixels', [8000, 1003520])
@pytest.mark.parametrize('profile', ['vla_r1', 'qwen2.5-vl', 'affordance-r1'])
def test_a_model_in_the_node_is_asked_by_its_profile(tiny_model, profile, max_pixels):
    config = replace(CONFIG, profile=profile, max_pixels=max_pixels)
    reasoner = make_reasoner(config, str(tiny_model))
    said = answer(reasoner)
    assert reasoner.profile.name == profile
    assert said.prompt == PROFILES[profile].prompt('pick it', Task.AFFORDANCE)
    text = reasoner._inputs(IMAGE, said.prompt)['input_ids'][0]
    before, _, behind = reasoner._processor.tokenizer.decode(text).partition('<|vision_start|>')
    assert ('pick it' in behind, 'pick it' in before) == (
        (True, False) if PROFILES[profile].image_first else (False, True)
    )


@pytest.mark.parametrize('max_pixels', [8000, 1003520])
def test_what_a_model_saw_is_as_large_as_the_profile_computes(tiny_model, max_pixels):
    reasoner = make_reasoner(replace(CONFIG, max_pixels=max_pixels), str(tiny_model))
    bounds = reasoner._image_size
    profile = replace(
        PROFILES['qwen2.5-vl'],
        min_pixels=bounds['shortest_edge'],
        max_pixels=bounds['longest_edge'],
    )
    for width, height in ((500, 300), (120, 160), (1111, 97), (30, 20)):
        image = np.zeros((height, width, 3), np.uint8)
        assert answer(reasoner, image=image).seen_size == profile.seen_size(width, height)


def test_a_model_on_a_server_is_asked_by_its_profile(serving, monkeypatch):
    monkeypatch.setenv('NO_PROXY', '127.0.0.1')
    serving.start()
    serving.moods()
    config = replace(CONFIG, backend='openai', server_url=serving.url, profile='molmo')
    said = answer(make_reasoner(config, ''))
    assert said.prompt == PROFILES['molmo'].prompt('pick it', Task.AFFORDANCE)
    assert serving.seen()['requests'][-1]['kinds'] == ['image_url', 'text']


def test_a_task_that_the_family_does_not_do_is_refused_before_the_model_runs(tiny_model):
    reasoner = make_reasoner(replace(CONFIG, profile='hamster'), str(tiny_model))
    with pytest.raises(ReasoningError, match='hamster answers TRAJECTORY') as caught:
        answer(reasoner)
    assert caught.value.code == ReasonCode.INVALID_TASK


def test_an_unknown_profile_is_refused_with_the_known_ones(tiny_model):
    with pytest.raises(ReasoningError, match=r'choose one of vla_r1, qwen2\.5-vl') as caught:
        make_reasoner(replace(CONFIG, profile='gpt'), str(tiny_model))
    assert caught.value.code == ReasonCode.MODEL_NOT_LOADED


def test_the_scripted_backend_always_speaks_vla_r1():
    config = ReasonerConfig(backend='scripted', profile='molmo')
    assert make_reasoner(config, '').profile is PROFILES['vla_r1']


def test_an_image_is_resized_only_for_families_that_want_a_square():
    assert shown(IMAGE, PROFILES['affordance-r1']).shape == (840, 840, 3)
    assert shown(IMAGE, PROFILES['qwen2.5-vl']) is IMAGE
