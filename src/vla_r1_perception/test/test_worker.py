"""Which request is served when, and that each is served once, whatever happens meanwhile."""

import threading
import time

import pytest
from vla_r1_core.errors import ReasonCode
from vla_r1_perception.request import Request
from vla_r1_perception.worker import Worker


class Asked(Request):
    """A request that holds the worker until it is let go."""

    def __init__(self, name):
        super().__init__(name, name, 0, 10.0, on_progress=lambda text, tokens: None)
        self.canceled = threading.Event()
        self.is_canceled = self.canceled.is_set
        self.may_end = threading.Event()
        self.began = threading.Event()


@pytest.fixture
def served():
    """Return the requests in the order in which their serving ended."""
    return []


@pytest.fixture
def worker(served):
    def serve(request):
        request.began.set()
        while not request.should_stop() and not request.may_end.wait(0.01):
            pass
        served.append(request)
        request.done.set()

    worker = Worker(serve)
    yield worker
    worker.close()


def names(requests):
    return [request.request_id for request in requests]


def code(request):
    assert request.done.wait(30.0)
    return request.stop_reason and request.stop_reason.code


def test_the_newest_takes_the_place_of_all_others(worker, served):
    asked = [Asked(name) for name in 'abcd']
    for request in asked:
        worker.submit_newest(request)
    asked[-1].may_end.set()
    assert [code(request) for request in asked] == [ReasonCode.PREEMPTED] * 3 + [None]
    assert sorted(names(served)) == list('abcd')


def test_in_a_queue_each_has_its_turn(worker, served):
    asked = [Asked(name) for name in 'abc']
    for request in asked:
        worker.submit_queued(request, 2)
    assert asked[0].began.wait(30.0)
    assert worker.waiting == 2 and not asked[1].began.is_set()
    for request in asked:
        request.may_end.set()
    assert [code(request) for request in asked] == [None] * 3
    assert names(served) == list('abc')


def test_one_too_many_is_refused_at_once(worker, served):
    asked = [Asked(name) for name in 'abcd']
    for request in asked:
        worker.submit_queued(request, 2)  # one more runs, or is about to
    assert code(asked[-1]) == ReasonCode.QUEUE_FULL
    assert 'instructions wait already' in str(asked[-1].stop_reason)
    assert names(served) == ['d']
    for request in asked[:-1]:
        request.may_end.set()
        assert code(request) is None
    late = Asked('e')
    late.may_end.set()
    worker.submit_queued(late, 2)
    assert code(late) is None


def test_a_cancelled_one_does_not_wait_for_its_turn(worker, served):
    first, second, third = (Asked(name) for name in 'abc')
    for request in (first, second, third):
        worker.submit_queued(request, 5)
    assert first.began.wait(30.0)
    second.canceled.set()
    begin = time.monotonic()
    assert code(second) == ReasonCode.CANCELED
    assert time.monotonic() - begin < 0.25
    assert names(served) == ['b'] and worker.waiting == 1
    for request in (first, third):
        request.may_end.set()
    assert code(third) is None and names(served) == list('bac')


def test_a_newest_one_empties_the_queue(worker):
    asked = [Asked(name) for name in 'abc']
    for request in asked:
        worker.submit_queued(request, 5)
    newest = Asked('d')
    newest.may_end.set()
    worker.submit_newest(newest)
    assert [code(request) for request in asked] == [ReasonCode.PREEMPTED] * 3
    assert code(newest) is None


def test_closing_serves_all_that_wait(worker, served):
    asked = [Asked(name) for name in 'abc']
    for request in asked:
        worker.submit_queued(request, 5)
    worker.close()
    assert [code(request) for request in asked] == [ReasonCode.CANCELED] * 3
    assert sorted(names(served)) == list('abc')
