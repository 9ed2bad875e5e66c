"""A model behind a real server: the same answers as within the node, streamed, stopped at once."""

from dataclasses import replace
from itertools import pairwise
import subprocess
import sys
import time

import numpy as np
import pytest
from vla_r1_core.errors import ReasonCode, ReasoningError
from vla_r1_core.output import parse
from vla_r1_core.types import Task
from vla_r1_perception.backends import make_reasoner
from vla_r1_perception.config import ReasonerConfig

IMAGE = np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8)
KEY = 'sk-very-secret'
THOUGHT = 'There it is, ∎ 🙂.'
OUTPUT = '<output>{"x": 0.5, "y": 0.5, "width": 0.2, "height": 0.1}</output>'
ANSWER = f'<think>{THOUGHT}</think>{OUTPUT}'


@pytest.fixture
def make(serving, monkeypatch):
    """Return a function that makes a reasoner of the server, with a key."""
    monkeypatch.setenv('OPENAI_API_KEY', KEY)
    monkeypatch.setenv('NO_PROXY', '127.0.0.1')
    serving.start()
    serving.moods()

    def make(model='', **config):
        config = {'server_url': serving.url, 'max_new_tokens': 24, **config}
        return make_reasoner(ReasonerConfig(backend='openai', **config), model)

    return make


def answer(reasoner, *, seed=0, image=IMAGE, on_token=lambda text, n: None, stop=lambda: False):
    return reasoner.answer(
        image, 'pick up the red cube', Task.AFFORDANCE,
        seed=seed, on_token=on_token, should_stop=stop,
    )  # fmt: skip


def test_a_server_says_the_same_as_the_same_folder_within_the_node(make, tiny_model):
    served, within = (
        make(temperature=1.0),
        make_reasoner(
            ReasonerConfig(backend='transformers', device='cpu', max_new_tokens=24),
            str(tiny_model),
        ),
    )
    for seed in (1, 2):
        # No server tells the size to which it scales the picture.
        assert answer(served, seed=seed) == replace(answer(within, seed=seed), seen_size=None)


def test_the_text_is_streamed_as_it_comes(make):
    seen = []
    result = answer(make(), on_token=lambda text, n: seen.append((text, n)))
    assert len(seen) > 5
    assert all(now[0].startswith(before[0]) for before, now in pairwise(seen))
    assert [n for _, n in seen] == list(range(1, len(seen) + 1))
    assert seen[-1][0] == result.text
    assert (result.completion_tokens, result.prompt_tokens > 100) == (24, True)
    assert result.prompt.endswith('<image>')


def test_the_server_is_told_everything_that_decides_the_text(make, serving):
    answer(make(temperature=0.5), seed=7)
    asked = serving.seen()['requests'][-1]
    assert (asked['seed'], asked['temperature'], asked['max_tokens']) == (7, 0.5, 24)
    assert asked['model'] == 'tiny' and asked['key'] == f'Bearer {KEY}'
    assert asked['kinds'] == ['text', 'image_url']  # as the prompt's marker stands at its end
    assert asked['url'] == 'data:image/png;base64,'


def test_the_seed_decides_the_text_when_the_temperature_is_not_zero(make):
    warm, cold = make(temperature=1.0), make()
    assert answer(warm, seed=1).text == answer(warm, seed=1).text != answer(warm, seed=2).text
    assert answer(cold, seed=1).text == answer(cold, seed=2).text


def test_a_picture_can_go_as_jpeg(make, serving):
    answer(make(image_encoding='jpeg', jpeg_quality=80))
    assert serving.seen()['requests'][-1]['url'].startswith('data:image/jpeg;base64')


def test_a_picture_that_nobody_may_write_to_is_sent(make):
    image = IMAGE.copy()
    image.setflags(write=False)
    assert answer(make(), image=image) == answer(make())


def test_the_name_tells_backend_and_model(make):
    assert make().name == make('tiny').name == 'openai:tiny'
    assert make().weights_sha256 == ''


@pytest.mark.parametrize(
    'mood', [f'say:{ANSWER}', f'apart:{THOUGHT}|{OUTPUT}'], ids=['whole', 'apart']
)
def test_an_answer_is_whole_also_when_the_server_sets_the_thought_apart(make, serving, mood):
    serving.moods(mood)
    text = answer(make()).text
    assert text == ANSWER and parse(text, Task.AFFORDANCE).thought == THOUGHT


class Stop:
    """Says stop from a moment on, and knows when it first did, and how often it was asked."""

    def __init__(self, when):
        self.when, self.since, self.asked = when, None, [time.monotonic()]

    def __call__(self):
        now = time.monotonic()
        self.asked.append(now)
        if self.since is None and self.when():
            self.since = now
        return self.since is not None


@pytest.mark.parametrize('mood', ['slow', 'hang', 'prefill', 'stall'])
def test_a_stopped_request_returns_within_a_quarter_second_and_so_does_the_server(
    make, serving, mood
):
    reasoner = make()
    serving.moods(mood)
    before = serving.seen()
    begin = time.monotonic()
    stop = Stop(lambda: time.monotonic() > begin + 1.2)
    with pytest.raises(ReasoningError) as caught:
        answer(reasoner, stop=stop)
    took = time.monotonic() - stop.since
    assert caught.value.code == ReasonCode.CANCELED
    assert took < 0.25
    assert np.median(np.diff(stop.asked)) < 0.05
    assert len(serving.seen()['requests']) == len(before['requests']) + 1
    serving.wait(lambda seen: seen['left'] == before['left'] + 1, 0.5)
    tokens = serving.wait(lambda seen: not seen['running'], 0.5)['tokens']
    time.sleep(0.3)
    assert serving.seen()['tokens'] == tokens
    answer(reasoner)


def test_a_stopped_request_is_not_even_sent(make, serving):
    reasoner = make()
    before = len(serving.seen()['requests'])
    with pytest.raises(ReasoningError):
        answer(reasoner, stop=lambda: True)
    assert len(serving.seen()['requests']) == before


def test_a_bug_in_what_listens_is_not_blamed_on_the_server(make):
    def on_token(text, tokens):
        raise ValueError('mine')

    reasoner = make()
    with pytest.raises(ValueError, match='mine'):
        answer(reasoner, on_token=on_token)
    answer(reasoner)


def test_the_scripted_node_imports_no_client_library():
    code = (
        'import sys, vla_r1_perception.reasoner_node as n;'
        'n.make_reasoner(n.ReasonerConfig(backend="scripted"), "");'
        'sys.exit("openai" in sys.modules)'
    )
    assert subprocess.run([sys.executable, '-c', code], check=False).returncode == 0


def test_without_the_client_library_it_says_what_to_install():
    code = (
        'import sys; sys.modules["openai"] = None\n'
        'from vla_r1_perception.backends import make_reasoner\n'
        'from vla_r1_perception.config import ReasonerConfig\n'
        'try: make_reasoner(ReasonerConfig(backend="openai"), "")\n'
        'except Exception as error: print(error.code.name, error)'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert done.stdout.startswith('MODEL_NOT_LOADED the openai backend needs the openai package')


def test_many_answers_are_asked_for_at_once_and_kept_apart(make, serving):
    texts = [ANSWER, f'{ANSWER} again', 'something else']
    serving.moods('many:' + '|'.join(texts))
    seen = []
    result = answer(make(samples=3), on_token=lambda text, n: seen.append(text))
    assert (result.text, result.others) == (texts[0], tuple(texts[1:]))
    assert seen[-1] == texts[0] and all(texts[0].startswith(text) for text in seen)
    asked = serving.seen()['requests'][-1]
    assert (asked['n'], asked['temperature']) == (3, 0.7)


def test_a_server_that_gives_one_answer_instead_of_many_is_heard(make):
    assert answer(make(samples=3)).others == ()


def test_a_server_that_gives_more_answers_than_asked_for_is_refused(make, serving):
    serving.moods('many:one|two')
    with pytest.raises(ReasoningError, match='more answers than the 1') as caught:
        answer(make())
    assert caught.value.code == ReasonCode.BACKEND_FAILED
