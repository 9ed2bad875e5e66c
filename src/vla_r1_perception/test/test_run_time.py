"""What can be changed, mended and cancelled in a reasoner that runs, over DDS."""

import time

from action_msgs.msg import GoalStatus
from diagnostic_msgs.msg import DiagnosticStatus
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from monitor import Monitor
import pytest
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from vla_r1_core.errors import ReasonCode
from vla_r1_perception.convert import rgb_to_image

from vla_r1_msgs.srv import LoadModel

CONFIGURE = Transition.TRANSITION_CONFIGURE
ACTIVATE = Transition.TRANSITION_ACTIVATE


def change(client, transition):
    request = ChangeState.Request(transition=Transition(id=transition))
    return client.call(ChangeState, 'reasoner/change_state', request).success


def refusal(client, **values):
    """Set parameters; return why the first is refused, '' if none is."""
    parameters = [
        Parameter(name, value=value).to_parameter_msg() for name, value in values.items()
    ]
    request = SetParameters.Request(parameters=parameters)
    results = client.call(SetParameters, 'reasoner/set_parameters', request).results
    assert all(result.successful == (result.reason == '') for result in results)
    return next((result.reason for result in results if result.reason), '')


@pytest.fixture
def client(running, picture):
    running.spin(0.2)
    running.forget()
    running.show(picture.rgb)
    return running


def test_a_change_holds_from_the_next_request_on(client):
    assert refusal(client, max_instruction_chars=5, seed=7) == ''
    reasoning = client.instruct('pick up the red cube')
    assert reasoning.error_code == ReasonCode.INVALID_INSTRUCTION
    assert 'at most 5' in reasoning.error_msg and reasoning.seed == 7
    assert refusal(client, max_instruction_chars=1000, answer_timeout_s=0.5) == ''
    assert client.instruct('slow').error_code == ReasonCode.TIMEOUT
    assert refusal(client, answer_timeout_s=120.0, overlay=False) == ''
    client.forget()
    assert client.instruct('pick up the red cube').error_code == ReasonCode.NONE
    client.spin(0.5)
    assert not client.got['overlay']
    assert refusal(client, overlay=True) == ''
    client.instruct('pick up the red cube')
    client.wait(lambda: client.got['overlay'])


def test_a_change_does_not_touch_the_request_that_runs(client):
    assert refusal(client, seed=1) == ''
    handle = client.send(instruction='slow')
    client.wait(lambda: client.got['reasoning/partial'])
    assert refusal(client, seed=2) == ''
    client.wait(handle.cancel_goal_async().done)
    assert client.result(handle)[1].reasoning.seed == 1


@pytest.mark.parametrize(
    ('values', 'says'),
    [
        ({'when_busy': 'sometimes'}, 'choose one of latest, queue'),
        ({'temperature': 3.0}, 'Max: 2.0'),
        ({'answer_timeout_s': 0.0}, 'Min: 0.001'),
        ({'answer_timeout_s': float('nan')}, 'Min: 0.001'),
        ({'seed': 'five'}, 'type'),
        ({'model': 'other'}, 'ros2 lifecycle set /t'),
        ({'autostart': False}, 'read-only'),
        ({'camera': 'wrist/left'}, 'letters, digits and _, a letter first'),
        ({'camera': '2nd'}, 'letters, digits and _, a letter first'),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(client, values, says):
    assert says in refusal(client, **values)
    assert client.instruct('pick up the red cube').error_code == ReasonCode.NONE


def test_of_two_cameras_the_chosen_one_is_answered_about(start_real, draw):
    client = start_real('backend:=scripted')
    client.show(draw().add('red cube', (70, 120), 26).rgb)
    on_the_right = draw().add('red cube', (250, 120), 26).rgb
    wrist = client.node.create_publisher(Image, 'wrist/image', 5)

    def look():
        stamp = client.node.get_clock().now().to_msg()
        wrist.publish(rgb_to_image(on_the_right, Header(frame_id='wrist', stamp=stamp)))

    client.node.create_timer(0.1, look)

    def where():
        """Ask; return in which frame the cube is, and how far right [px]."""
        client.forget()
        reasoning = client.instruct('pick up the red cube')
        assert reasoning.error_code == ReasonCode.NONE, reasoning.error_msg
        [affordance] = client.wait(lambda: client.got['affordance'])
        assert affordance.header == reasoning.header
        return affordance.header.frame_id, affordance.bbox.center.position.x

    table = ('camera_color_optical_frame', pytest.approx(70, abs=10))
    assert where() == table
    assert refusal(client, camera='wrist') == ''
    assert where() == ('wrist', pytest.approx(250, abs=10))
    client.wait(lambda: not client.images.get_subscription_count())
    assert refusal(client, camera='rear') == ''  # and the last image of the wrist is still young
    reasoning = client.instruct('pick up the red cube')
    assert reasoning.error_code == ReasonCode.NO_IMAGE
    assert '/rear/image' in reasoning.error_msg
    assert refusal(client, camera='') == ''
    assert where() == table


def test_who_watches_sees_why_it_does_not_start_and_a_new_model_mends_it(start, picture):
    client = start('model:=broken')  # which configures itself, and fails
    client.show(picture.rgb)
    monitor = Monitor(client)
    status, values = monitor.until(lambda status, values: True)
    assert status.level == DiagnosticStatus.ERROR and 'broken is not a model' in status.message
    assert values['state'] == 'unconfigured'
    assert values['last error'].startswith(f'{ReasonCode.MODEL_NOT_LOADED.value} ')
    assert not change(client, CONFIGURE)
    assert refusal(client, model='ab') == ''
    assert change(client, CONFIGURE) and change(client, ACTIVATE)
    reasoning = client.instruct('pick up the red cube')
    assert (reasoning.error_code, reasoning.model) == (ReasonCode.NONE, 'moody:ab')
    status, _ = monitor.until(lambda status, values: values['state'] == 'active')
    assert status.level == DiagnosticStatus.OK


def test_a_bug_in_a_transition_goes_back_to_unconfigured_and_is_told(start, picture):
    client = start('model:=bug', 'autostart:=false')
    client.show(picture.rgb)
    assert not change(client, CONFIGURE)
    monitor = Monitor(client)
    status, values = monitor.until(lambda status, values: True)
    assert status.level == DiagnosticStatus.ERROR and 'ZeroDivisionError' in status.message
    assert values['state'] == 'unconfigured'
    assert refusal(client, model='ab') == ''
    assert change(client, CONFIGURE) and change(client, ACTIVATE)
    assert client.instruct('pick up the red cube').error_code == ReasonCode.NONE
    bad = client.call(LoadModel, 'load_model', LoadModel.Request(model='bug'))
    assert not bad.success and 'ZeroDivisionError' in bad.message
    assert client.instruct('pick up the red cube').model == 'moody:ab'


def test_a_server_that_is_not_there_is_replaced_by_another_backend(start_real, picture):
    client = start_real('backend:=openai', 'server_url:=http://localhost:9/v1', 'retries:=0')
    client.show(picture.rgb)
    assert client.instruct('pick up the red cube').error_code == ReasonCode.MODEL_NOT_LOADED
    assert refusal(client, backend='scripted') == ''
    assert change(client, CONFIGURE) and change(client, ACTIVATE)
    assert client.instruct('pick up the red cube').error_code == ReasonCode.NONE


def test_a_model_that_does_not_listen_holds_up_no_cancel(client):
    handle = client.send(instruction='deaf')
    client.wait(lambda: client.got['reasoning/partial'])
    begin = time.monotonic()
    client.wait(handle.cancel_goal_async().done)
    status, result = client.result(handle)
    seconds = time.monotonic() - begin
    print(f'cancelled in {seconds:.3f} s')
    assert seconds < 1.0  # of the 2 s that it is deaf for; test_model_thread.py measures
    assert status == GoalStatus.STATUS_CANCELED
    assert result.reasoning.error_code == ReasonCode.CANCELED
    assert result.reasoning.text == '<think>so far'
    reasoning = client.instruct('pick up the red cube')  # waits until the model is free
    assert reasoning.error_code == ReasonCode.NONE
    assert time.monotonic() - begin > 1.5
    assert 'too late' not in client.got['reasoning/partial'][-1].data
