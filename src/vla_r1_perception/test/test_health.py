"""What is counted, and when it is said to be bad."""

from dataclasses import replace
import sys

import pytest
from vla_r1_core.errors import ReasonCode, ReasoningError
from vla_r1_core.types import Answer, Task
from vla_r1_perception.health import Health, Level, Now
from vla_r1_perception.reply import Reply

FINE = Now(
    state='active', backend='scripted', model='m', weights_sha256='abc', waiting=0,
    thinking_s=None, image_age_s=0.1, camera_fault=None,
)  # fmt: skip
STALE = ReasoningError(ReasonCode.STALE_IMAGE, 'old')
GOOD = Reply(Task.AFFORDANCE, Answer(prompt='p', text='t', completion_tokens=30), latency_s=1.5)


def failure(code, answer=None):
    return Reply(Task.AFFORDANCE, answer, error=ReasoningError(code, 'why'))


@pytest.fixture
def health():
    return Health()


def values(health, now=FINE):
    return dict(health.report(now).values)


@pytest.mark.parametrize(
    ('changes', 'level', 'says'),
    [
        ({}, Level.OK, 'waits'),
        ({'thinking_s': 3.0}, Level.OK, 'thinks'),
        ({'state': 'inactive'}, Level.WARN, 'inactive'),
        ({'camera_fault': STALE}, Level.WARN, '104 STALE_IMAGE: old'),
        ({'camera_fault': STALE, 'state': 'inactive'}, Level.WARN, 'inactive'),
    ],
)
def test_what_is_so_now_decides_the_level(health, changes, level, says):
    report = health.report(replace(FINE, **changes))
    assert report.level == level and says in report.message


def test_every_end_of_a_request_is_counted_once(health):
    health.ended(GOOD, 0.2)
    for code in (ReasonCode.PREEMPTED, ReasonCode.CANCELED, ReasonCode.TIMEOUT):
        health.ended(failure(code), None)
    for _ in range(2):
        health.ended(failure(ReasonCode.UNSUPPORTED_IMAGE), None)
    told = values(health)
    assert told['requests answered'] == '1' and told['requests failed'] == '3'
    assert told['requests preempted'] == told['requests cancelled'] == '1'
    assert told['images refused'] == '2'
    assert told['failures by code'] == ('UNSUPPORTED_IMAGE 2, CANCELED 1, PREEMPTED 1, TIMEOUT 1')
    assert told['last error'] == '105 UNSUPPORTED_IMAGE: why'


def test_speed_is_that_of_the_last_answer(health):
    assert values(health)['tokens per second, last answer'] == ''
    health.ended(GOOD, 0.2)
    told = values(health)
    assert told['tokens per second, last answer'] == '20.00'
    assert told['time to first token, last answer [s]'] == '0.20'
    health.ended(failure(ReasonCode.NO_IMAGE), None)
    assert values(health)['tokens per second, last answer'] == '20.00'


@pytest.mark.parametrize('code', [ReasonCode.BACKEND_FAILED, ReasonCode.UNKNOWN])
def test_a_broken_backend_is_an_error_until_the_model_says_something(health, code):
    health.ended(failure(code), None)
    health.ended(failure(ReasonCode.INVALID_INSTRUCTION), None)
    report = health.report(FINE)
    assert report.level == Level.ERROR and code.name in report.message
    health.ended(failure(ReasonCode.OBJECT_NOT_FOUND, GOOD.answer), None)
    assert health.report(FINE).level == Level.OK


def test_a_model_that_does_not_load_is_an_error_until_one_does(health):
    unconfigured = replace(FINE, state='unconfigured')
    health.not_loaded(ReasoningError(ReasonCode.MODEL_NOT_LOADED, 'no folder'))
    health.ended(failure(ReasonCode.MODEL_NOT_LOADED), None)
    report = health.report(unconfigured)
    assert report.level == Level.ERROR and 'no folder' in report.message
    assert dict(report.values)['requests failed'] == '1'  # loading was not asked for by anybody
    health.loaded()
    assert health.report(unconfigured).level == Level.WARN


def test_lost_images_are_a_warning_once(health):
    for _ in range(3):
        health.image_came()
    health.images_lost(2)
    report = health.report(FINE)
    assert report.level == Level.WARN and report.message.startswith('2 images')
    told = values(health)
    assert (told['images received'], told['images lost']) == ('3', '2')
    assert health.report(FINE).level == Level.OK


def test_memory_is_told_without_loading_torch(health):
    loaded = 'torch' in sys.modules
    assert float(values(health)['memory [MB]']) > 10
    assert ('torch' in sys.modules) == loaded
