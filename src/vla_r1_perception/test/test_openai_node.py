"""The reasoner as it is shipped, with its model behind a server that comes and goes."""

from action_msgs.msg import GoalStatus
import pytest
from vla_r1_core.errors import ReasonCode

KEY = 'sk-very-secret'
ANSWER = (
    '<think>The red cube is at the left.</think>'
    '<output>{"x": 0.25, "y": 0.5, "width": 0.1, "height": 0.2}</output>'
)


@pytest.fixture
def client(serving, start_real, picture, monkeypatch):
    """Return the client of a reasoner that asks the server, and sees the picture."""
    monkeypatch.setenv('OPENAI_API_KEY', KEY)
    monkeypatch.setenv('NO_PROXY', '127.0.0.1')
    serving.start()
    client = start_real('backend:=openai', f'server_url:={serving.url}', 'retries:=0')
    client.show(picture.rgb)
    return client


def assert_it_answers(client, serving):
    client.forget()
    serving.moods(f'say:{ANSWER}')
    reasoning = client.instruct('pick up the red cube')
    assert (reasoning.error_code, reasoning.text) == (ReasonCode.NONE, ANSWER)
    assert reasoning.model == 'openai:tiny' and reasoning.completion_tokens == len(ANSWER)
    center = client.wait(lambda: client.got['affordance'])[0].bbox.center.position
    assert (center.x, center.y) == (80.0, 120.0)
    assert len(client.got['reasoning/partial']) > 1


@pytest.mark.injects
def test_a_server_that_dies_fails_one_request_and_is_used_again_when_it_is_back(
    client, serving, capfd
):
    assert_it_answers(client, serving)

    serving.moods('slow')
    client.forget()
    client.say('pick up the red cube')
    client.wait(lambda: client.got['reasoning/partial'])
    serving.kill()
    killed = client.wait(lambda: client.got['reasoning'])[0]
    assert killed.error_code == ReasonCode.BACKEND_FAILED
    assert 'closed the connection' in killed.error_msg

    down = client.instruct('pick up the red cube')
    assert down.error_code == ReasonCode.BACKEND_FAILED
    assert 'refuses the connection; start the server' in down.error_msg

    serving.start()
    assert_it_answers(client, serving)
    said = ''.join(capfd.readouterr()) + killed.error_msg + down.error_msg
    assert KEY not in said


@pytest.mark.injects
def test_a_cancelled_goal_ends_at_once_and_so_does_the_server(client, serving):
    serving.moods('slow')
    handle = client.send(instruction='pick up the red cube')
    client.wait(lambda: client.got['reasoning/partial'])
    client.wait(handle.cancel_goal_async().done)
    status, result = client.result(handle)
    assert status == GoalStatus.STATUS_CANCELED
    assert result.reasoning.error_code == ReasonCode.CANCELED
    serving.wait(lambda seen: not seen['running'], 1.0)
    assert_it_answers(client, serving)
