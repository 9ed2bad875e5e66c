"""Stops reach what is in progress, and only the newest request runs."""

import pytest
from vla_r1_core.errors import MotionError, OutcomeCode
from vla_r1_planner.requests import Stop, Turnstile


class Task:
    def __init__(self):
        self.stop = Stop()
        self.started = False

    def start(self):
        self.started = True


def code_of(stop):
    with pytest.raises(MotionError) as error:
        stop.check()
    return error.value.code


def test_nothing_is_raised_until_a_stop_is_requested():
    stop = Stop()
    stop.check()
    stop.request(OutcomeCode.CANCELED, 'enough')
    assert code_of(stop) == OutcomeCode.CANCELED


def test_the_first_reason_to_stop_counts():
    stop = Stop()
    stop.request(OutcomeCode.PREEMPTED, 'first')
    stop.request(OutcomeCode.CANCELED, 'second')
    assert code_of(stop) == OutcomeCode.PREEMPTED


def test_hooks_are_called_once_at_the_stop_or_at_once_after_it():
    stop, calls = Stop(), []
    stop.add_hook(lambda: calls.append('early'))
    stop.request(OutcomeCode.CANCELED, '')
    stop.request(OutcomeCode.CANCELED, '')
    stop.add_hook(lambda: calls.append('late'))
    assert calls == ['early', 'late']


def test_a_removed_hook_stays_silent():
    stop, calls = Stop(), []

    def hook():
        calls.append(1)

    stop.add_hook(hook)
    stop.remove_hook(hook)
    stop.request(OutcomeCode.CANCELED, '')
    assert calls == []


def test_a_newer_request_stops_the_older_and_starts_after_it_left():
    turnstile, old, new = Turnstile(), Task(), Task()
    turnstile.enter(old)
    assert old.started
    turnstile.enter(new)
    assert code_of(old.stop) == OutcomeCode.PREEMPTED
    assert not new.started
    turnstile.leave(old)
    assert new.started
    new.stop.check()


def test_every_request_gets_its_turn_to_end_and_the_newest_is_not_stopped():
    turnstile, tasks = Turnstile(), [Task() for _ in range(5)]
    for task in tasks:
        turnstile.enter(task)
    for task in tasks:
        assert task.started and turnstile.busy
        turnstile.leave(task)
    assert not turnstile.busy
    assert [code_of(t.stop) for t in tasks[:-1]] == [OutcomeCode.PREEMPTED] * 4
    tasks[-1].stop.check()


def test_stop_all_reaches_those_that_wait():
    turnstile, running, waiting = Turnstile(), Task(), Task()
    turnstile.enter(running)
    turnstile.enter(waiting)
    turnstile.stop_all(OutcomeCode.CANCELED, 'down')
    assert code_of(waiting.stop) == OutcomeCode.CANCELED
