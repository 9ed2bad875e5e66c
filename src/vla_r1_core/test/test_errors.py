"""The error codes in Python are those of the messages."""

import pytest
from vla_r1_core.errors import OutcomeCode, ReasonCode
from vla_r1_core.types import Task

from vla_r1_msgs.msg import Outcome, Reasoning

# `_TYPE__constants` differs between ROS releases, the class's own capitals do not.
TASKS = {'AUTO', 'AFFORDANCE', 'TRAJECTORY'}
VERIFICATION = {'VERIFICATION_UNKNOWN', 'VERIFIED', 'REFUTED'}


def constants(message, without):
    names = [name for name in dir(type(message)) if name.isupper() and not name.startswith('_')]
    return {name: getattr(message, name) for name in names if name not in without}


@pytest.mark.parametrize(
    ('message', 'codes', 'without'),
    [(Reasoning, ReasonCode, TASKS), (Outcome, OutcomeCode, VERIFICATION)],
)
def test_every_code_is_the_constant_of_the_same_name(message, codes, without):
    assert constants(message, without) == {code.name: code.value for code in codes}


def test_the_tasks_are_the_constants_of_the_same_name():
    assert {name: getattr(Reasoning, name) for name in TASKS} == {t.name: t.value for t in Task}


def test_the_two_nodes_share_no_code_but_none():
    assert {int(c) for c in ReasonCode} & {int(c) for c in OutcomeCode} == {0}
