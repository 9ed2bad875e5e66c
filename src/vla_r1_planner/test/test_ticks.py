import threading
import time

import pytest
from vla_r1_planner.ticks import every


def test_it_works_again_and_again_and_not_after_the_end():
    calls = []
    with every(0.01, lambda: calls.append(time.monotonic()), pytest.fail):
        time.sleep(0.3)
    ended = len(calls)
    assert 5 <= ended <= 31
    time.sleep(0.05)
    assert len(calls) == ended


def test_who_asked_is_told_of_a_failure_and_goes_on():
    told, heard = [], threading.Event()

    def work():
        raise RuntimeError('broken')

    def failed(error):
        told.append(str(error))
        heard.set()

    with every(0.001, work, failed):
        assert heard.wait(30.0)
        time.sleep(0.05)
    assert told == ['broken']
