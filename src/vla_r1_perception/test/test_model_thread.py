"""Whoever is told to stop leaves within 250 ms, whatever the model is at."""

import threading
import time
import weakref

import pytest
from vla_r1_core.errors import ReasonCode, ReasoningError
from vla_r1_perception.model_thread import ModelThread

LIMIT_S = 0.25


@pytest.fixture
def thread():
    return ModelThread()


def cancelled_s(call):
    """Return how long the call takes to end as CANCELED [s]."""
    begin = time.monotonic()
    with pytest.raises(ReasoningError) as caught:
        call()
    assert caught.value.code == ReasonCode.CANCELED
    return time.monotonic() - begin


def after(seconds):
    """Return what says to stop after a while."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end


def test_it_returns_and_raises_as_the_work_does(thread):
    assert thread.call(lambda stop: 42, lambda: False) == 42
    with pytest.raises(ZeroDivisionError):
        thread.call(lambda stop: 1 / 0, lambda: False)
    assert thread.call(lambda stop: threading.current_thread().name, lambda: False) == 'model'


def test_a_call_costs_little(thread):
    begin = time.monotonic()
    for _ in range(100):
        thread.call(lambda stop: None, lambda: False)
    assert time.monotonic() - begin < 100 * 0.005  # on a busy machine


def test_what_stops_by_itself_says_why(thread):
    def work(stop):
        while not stop():
            time.sleep(0.01)
        raise ReasoningError(ReasonCode.CANCELED, 'in its own words')

    with pytest.raises(ReasoningError, match='in its own words'):
        thread.call(work, after(0.05))


def test_what_does_not_stop_is_left_and_the_next_waits_for_its_end(thread):
    ended, said = threading.Event(), []

    def deaf(stop):
        time.sleep(1.0)
        said.append(stop())  # its request was stopped, and stays so
        ended.set()

    stop = threading.Event()
    threading.Timer(0.1, stop.set).start()
    assert cancelled_s(lambda: thread.call(deaf, stop.is_set)) < 0.1 + LIMIT_S
    assert not ended.is_set()
    stop.clear()
    assert cancelled_s(lambda: thread.call(lambda stop: None, after(0.1))) < 0.1 + LIMIT_S
    assert thread.call(lambda stop: ended.is_set(), lambda: False)
    assert said == [True]


def test_an_idle_thread_holds_nothing(thread):
    class Model:
        def answer(self, stop):
            return 'said'

    model = Model()
    gone = weakref.ref(model)
    assert thread.call(model.answer, lambda: False) == 'said'
    del model
    end = time.monotonic() + 5.0
    while gone() is not None and time.monotonic() < end:
        time.sleep(0.01)
    assert gone() is None
