"""Instructions that wait for their turn, over DDS."""

import time

from action_msgs.msg import GoalStatus
import pytest
from vla_r1_core.errors import ReasonCode


@pytest.fixture
def client(start, picture):
    client = start('when_busy:=queue', 'queue_size:=6')
    client.show(picture.rgb)
    return client


def cancel(client, handle):
    """Cancel, and return how long the result took [s], and its code."""
    begin = time.monotonic()
    client.wait(handle.cancel_goal_async().done)
    status, result = client.result(handle)
    assert status == GoalStatus.STATUS_CANCELED
    return time.monotonic() - begin, result.reasoning.error_code


@pytest.mark.injects
def test_each_is_answered_in_its_turn_and_one_too_many_is_refused(client):
    # More than the executor has threads: whoever waits must not hold one.
    slow = client.send(instruction='slow', request_id='slow')
    client.wait(lambda: client.got['reasoning/partial'])
    handles = [
        client.send(instruction='pick up the red cube', request_id=str(i)) for i in range(6)
    ]
    refused = client.send(instruction='pick up the red cube', request_id='refused')
    status, result = client.result(refused)
    assert status == GoalStatus.STATUS_ABORTED
    assert result.reasoning.error_code == ReasonCode.QUEUE_FULL
    assert '6 instructions wait' in result.reasoning.error_msg
    assert handles[0].status in (GoalStatus.STATUS_UNKNOWN, GoalStatus.STATUS_ACCEPTED)

    seconds, code = cancel(client, handles[3])  # one that waits
    assert code == ReasonCode.CANCELED and seconds < 0.5
    seconds, code = cancel(client, slow)
    assert code == ReasonCode.CANCELED
    for handle in handles[:3] + handles[4:]:
        status, result = client.result(handle)
        assert status == GoalStatus.STATUS_SUCCEEDED
        assert result.reasoning.error_code == ReasonCode.NONE
    client.wait(lambda: client.got['reasoning'][7:])  # the topic may be slower than the action
    ids = [reasoning.request_id for reasoning in client.got['reasoning']]
    assert ids == ['refused', '3', 'slow', '0', '1', '2', '4', '5']


def test_an_instruction_on_the_topic_waits_too(client):
    slow = client.send(instruction='slow')
    client.wait(lambda: client.got['reasoning/partial'])
    client.say('pick up the red cube')
    client.spin(0.5)
    assert not client.got['reasoning']
    cancel(client, slow)
    reasonings = client.wait(lambda: client.got['reasoning'][1:])
    assert reasonings[0].error_code == ReasonCode.NONE
