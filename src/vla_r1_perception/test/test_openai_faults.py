"""What a server does wrong is told in words, costs bounded time and memory, and passes."""

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
import resource
import socket
import threading
import time

import numpy as np
import pytest
from vla_r1_core.errors import ReasonCode, ReasoningError
from vla_r1_core.types import Task
from vla_r1_perception.backends import make_reasoner
from vla_r1_perception.config import ReasonerConfig

IMAGE = np.zeros((120, 160, 3), np.uint8)
KEY = 'sk-very-secret'


@pytest.fixture
def make(serving, monkeypatch):
    """Return a function that makes a reasoner of the server, with a key."""
    monkeypatch.setenv('OPENAI_API_KEY', KEY)
    monkeypatch.setenv('NO_PROXY', '127.0.0.1,localhost')
    serving.start()
    serving.moods()

    def make(model='', **config):
        config = {'server_url': serving.url, 'max_new_tokens': 8, 'retries': 0, **config}
        return make_reasoner(ReasonerConfig(backend='openai', **config), model)

    return make


def ask(reasoner, on_token=lambda text, n: None):
    return reasoner.answer(
        IMAGE, 'pick', Task.AFFORDANCE, seed=0, on_token=on_token, should_stop=lambda: False
    )


def failure(reasoner, on_token=lambda text, n: None):
    """Return what the failed answer says; it never says the key."""
    with pytest.raises(ReasoningError) as caught:
        ask(reasoner, on_token)
    assert caught.value.code == ReasonCode.BACKEND_FAILED
    assert caught.value.__cause__ is None  # the node logs causes, which may tell the key
    assert KEY not in str(caught.value)
    return str(caught.value)


def refusal(make, model='', **config):
    """Return why there is no reasoner."""
    with pytest.raises(ReasoningError) as caught:
        make(model, **config)
    assert caught.value.code == ReasonCode.MODEL_NOT_LOADED
    assert KEY not in str(caught.value)
    return str(caught.value)


def assert_the_next_works(reasoner):
    assert ask(reasoner).completion_tokens == 8


@pytest.mark.injects
@pytest.mark.parametrize(
    ('mood', 'says'),
    [
        ('garbage', 'sends what cannot be read'),
        ('half', 'sends what cannot be read'),
        ('other', 'no event of a chat completion'),
        ('html', 'text/html; charset=utf-8 instead of text/event-stream'),
        ('cut', 'ended the answer before it was whole'),
        ('event:out of memory', 'broke off (out of memory)'),
        ('401', 'HTTP 401 (no: Bearer ***'),
        ('401', 'check the key in OPENAI_API_KEY'),
        ('404', 'check model and server_url'),
        ('400', 'see what it says'),
        ('429', 'it is busy'),
        ('500', 'see its log'),
        ('502', 'HTTP 502'),
    ],
)
def test_what_the_server_does_wrong_is_told_and_the_next_works(make, serving, mood, says):
    reasoner = make()
    serving.moods(mood)
    assert says in failure(reasoner)
    assert_the_next_works(reasoner)


def test_what_a_server_says_is_cut(make, serving):
    serving.moods('500')
    assert len(failure(make())) < 400


@pytest.mark.injects
@pytest.mark.parametrize('mood', ['hang', 'prefill', 'stall'])
def test_a_server_that_hangs_is_given_up_and_the_next_works(make, serving, mood):
    reasoner = make(silence_timeout_s=0.5, retries=2)
    serving.moods(mood)
    begin = time.monotonic()
    assert 'hangs: nothing came for 0.5 s (silence_timeout_s)' in failure(reasoner)
    assert 0.5 < time.monotonic() - begin < 1.5  # and is not asked again
    assert_the_next_works(reasoner)


@pytest.mark.injects
@pytest.mark.parametrize(
    ('mood', 'says'),
    [
        ('endless line', 'sends more than 100000 characters need (max_answer_chars)'),
        ('endless event', 'sends more than 100000 characters need (max_answer_chars)'),
        ('endless answer', 'longer than 100000 characters (max_answer_chars)'),
        ('endless error', 'HTTP 500'),
    ],
)
def test_an_endless_answer_is_not_read_to_its_end(make, serving, mood, says):
    reasoner = make()
    ask(reasoner)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    serving.moods(mood)
    assert says in failure(reasoner)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 32_000  # [kB]
    serving.wait(lambda seen: seen['left'])
    assert 0 < serving.seen()['sent'] < 16_000_000  # of 100 MB, most of it in the kernel's buffers
    assert_the_next_works(reasoner)


def test_the_bound_leaves_room_for_an_answer_of_that_length(make, serving):
    text = '🙂' * 20  # the longest characters in JSON
    serving.moods(f'say:{text}', f'say:{text}!')
    reasoner = make(max_answer_chars=20)
    assert ask(reasoner).text == text
    assert 'longer than 20 characters' in failure(reasoner)


def test_a_busy_server_is_asked_again_after_the_time_it_asks_for(make, serving):
    reasoner = make(retries=2)
    serving.moods('429:1.2')
    begin = time.monotonic()
    assert_the_next_works(reasoner)
    assert time.monotonic() - begin > 1.2
    then = datetime.now(timezone.utc) + timedelta(seconds=3)
    serving.moods(f'429:{format_datetime(then, usegmt=True)}')
    begin = time.monotonic()
    assert_the_next_works(reasoner)
    assert time.monotonic() - begin > 1.5  # dates have whole seconds


def test_a_server_that_is_busy_for_long_is_not_waited_for(make, serving):
    serving.moods('429:3600')
    begin = time.monotonic()
    assert 'it asks to wait 3600 s' in failure(make(retries=2))
    assert time.monotonic() - begin < 1.0


@pytest.mark.parametrize(
    ('moods', 'tries'),
    [
        (['503', '502'], 3),
        (['504', '504', '504'], 3),
        (['500'], 1),
        (['401'], 1),
        (['404'], 1),
        (['400'], 1),
        (['cut'], 1),
        (['event:no'], 1),
        (['half'], 1),
    ],
)
def test_only_what_passes_is_tried_again(make, serving, monkeypatch, moods, tries):
    monkeypatch.setattr('vla_r1_perception.openai_backend._FIRST_PAUSE_S', 0.01)
    reasoner = make(retries=2)
    before = len(serving.seen()['requests'])
    serving.moods(*moods)
    if len(moods) == 2:
        assert_the_next_works(reasoner)
    else:
        assert ('; tried 3 times' in failure(reasoner)) == (tries == 3)
    assert len(serving.seen()['requests']) - before == tries


@pytest.mark.injects
def test_a_server_killed_in_the_middle_is_told_and_the_next_works(make, serving):
    reasoner = make(retries=2)
    serving.moods('slow')
    seen = []

    def on_token(text, tokens):
        seen.append(text)
        serving.kill()

    assert 'closed the connection in the middle' in failure(reasoner, on_token)
    assert len(seen) == 1  # nothing is asked again after that
    begin = time.monotonic()
    assert 'refuses the connection; start the server' in (said := failure(reasoner))
    assert '; tried 3 times' in said and time.monotonic() - begin > 1.5
    serving.start()
    assert_the_next_works(reasoner)


@pytest.mark.injects
def test_a_server_that_is_started_while_we_try_is_found(make, serving):
    reasoner = make(retries=3)
    serving.kill()
    threading.Timer(0.3, serving.start).start()
    assert_the_next_works(reasoner)


@pytest.mark.injects
def test_a_certificate_is_trusted_only_when_its_ca_is(make, serving, monkeypatch):
    said = refusal(make, server_url=serving.tls_url)
    assert 'is not trusted (' in said and 'SSL_CERT_FILE' in said
    monkeypatch.setenv('SSL_CERT_FILE', str(serving.ca))
    assert_the_next_works(make(server_url=serving.tls_url))


@pytest.mark.injects
@pytest.mark.parametrize(
    ('config', 'says'),
    [
        ({'server_url': 'localhost:8000'}, 'give http://HOST:PORT/v1'),
        ({'server_url': 'ftp://localhost/v1'}, 'give http://HOST:PORT/v1'),
        ({'server_url': 'http://localhost:port/v1'}, 'give http://HOST:PORT/v1'),
        ({'server_url': f'http://me:{KEY}@localhost/v1'}, 'no key in server_url'),
        ({'server_url': f'http://localhost/v1?key={KEY}'}, 'no key in server_url'),
        ({'server_url': 'http://nowhere.invalid/v1'}, 'nowhere.invalid cannot be resolved'),
        ({'model': 'other'}, "has tiny, but no 'other'"),
    ],
)
def test_what_cannot_be_reached_is_not_loaded(make, config, says):
    assert says in refusal(make, **config)


@pytest.mark.injects
@pytest.mark.parametrize(
    ('names', 'says'),
    [
        ('', 'has no model; name one'),
        ('a,b', 'has a, b; name one'),
        ('html', 'no list of models'),
        ('endless', 'sends more than'),
        ('hang', 'hangs'),
        ('drip', 'does not tell its models within 1 s'),
    ],
)
def test_a_server_without_the_one_model_is_not_loaded(make, serving, names, says):
    serving.moods(f'models:{names}')
    begin = time.monotonic()
    assert says in refusal(make, connect_timeout_s=0.5)
    assert time.monotonic() - begin < 20.0
    assert make().name == 'openai:tiny'


def test_a_tls_url_of_an_open_port_and_the_other_way_round_say_check_the_url(make, serving):
    assert 'check server_url' in refusal(make, server_url=serving.url.replace('http', 'https'))
    assert 'see its log' in refusal(make, server_url=serving.tls_url.replace('https', 'http'))


def test_a_wrong_key_is_not_loaded_and_never_shown(make, monkeypatch):
    monkeypatch.setenv('MY_KEY', 'wrong-key')
    said = refusal(make, key_variable='MY_KEY')
    assert 'HTTP 401 (the key *** is wrong); check the key in MY_KEY' in said
    monkeypatch.setenv('MY_KEY', 'zwei Wörter')
    assert 'the key in MY_KEY has characters' in refusal(make, key_variable='MY_KEY')


def test_a_port_that_takes_connections_and_says_nothing_is_given_up(make):
    with socket.socket() as one:
        one.bind(('127.0.0.1', 0))
        one.listen()
        url = f'http://127.0.0.1:{one.getsockname()[1]}/v1'
        begin = time.monotonic()
        assert 'hangs' in refusal(make, server_url=url, connect_timeout_s=0.5)
        assert time.monotonic() - begin < 1.5
