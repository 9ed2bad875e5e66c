"""The reasoner as a process, asked over DDS: topics, action, lifecycle, and every way to fail."""

from action_msgs.msg import GoalStatus
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
import numpy as np
import pytest
from vla_r1_core.errors import ReasonCode
from vla_r1_core.geometry import box_iou
from vla_r1_core.types import Box, Task

from vla_r1_msgs.srv import LoadModel


@pytest.fixture
def client(running, picture):
    """Return the client of a running reasoner that sees the picture."""
    running.spin(0.2)  # what the test before left in the queues
    running.forget()
    running.show(picture.rgb)
    return running


def assert_the_next_works(client):
    reasoning = client.instruct('pick up the red cube')
    assert reasoning.error_code == ReasonCode.NONE, reasoning.error_msg


def test_all_outputs_of_an_instruction_share_header_and_request_id(client, picture):
    reasoning = client.instruct('pick up the red cube')
    affordance = client.wait(lambda: client.got['affordance'])[0]
    detections = client.wait(lambda: client.got['detections'])[0]
    overlay = client.wait(lambda: client.got['overlay'])[0]
    assert reasoning.error_code == ReasonCode.NONE and reasoning.error_msg == ''
    assert reasoning.header.frame_id == 'camera_color_optical_frame'
    assert reasoning.header == affordance.header == detections.header == overlay.header
    assert reasoning.request_id == affordance.request_id == detections.detections[0].id != ''
    assert reasoning.well_formed and reasoning.task == Task.AFFORDANCE
    assert reasoning.thought in reasoning.text and reasoning.prompt.endswith('<image>')
    partial = client.got['reasoning/partial']
    assert client.wait(lambda: partial[-1].data == reasoning.text)
    assert len(partial) > 1 and reasoning.text.startswith(partial[0].data)
    assert affordance.label == 'red cube'
    assert (affordance.image_width, affordance.image_height) == (320, 240)
    center, bbox = affordance.bbox.center.position, affordance.bbox
    box = Box(center.x / 320, center.y / 240, bbox.size_x / 320, bbox.size_y / 240)
    assert box_iou(box, Box.from_corners(*picture.corners['red cube'])) > 0.8
    assert not client.got['trajectory']


def test_the_header_is_that_of_an_image_that_was_published(client):
    stamps = set()
    for _ in range(5):
        reasoning = client.instruct('pick up the red cube')
        stamps.add((reasoning.header.stamp.sec, reasoning.header.stamp.nanosec))
        client.spin(0.15)
    assert len(stamps) == 5


def test_a_push_gives_a_trajectory_in_pixels(client):
    reasoning = client.instruct('push the red cube to the right')
    trajectory = client.wait(lambda: client.got['trajectory'])[0]
    assert trajectory.header == reasoning.header
    assert trajectory.request_id == reasoning.request_id
    xs = [point.x for point in trajectory.waypoints]
    assert xs == sorted(xs) and len(xs) == 4 and 1.0 < xs[0] < xs[-1] < 320.0
    assert not client.got['affordance']


def test_the_action_streams_the_text_and_returns_the_answer(client):
    feedback = []
    handle = client.send(
        lambda message: feedback.append(message.feedback),
        instruction='reach the yellow ball', task=int(Task.AFFORDANCE), request_id='mine',
    )  # fmt: skip
    status, result = client.result(handle)
    assert status == GoalStatus.STATUS_SUCCEEDED
    assert result.reasoning.request_id == result.affordances[0].request_id == 'mine'
    assert result.reasoning.task == Task.AFFORDANCE and not result.trajectories
    tokens = [message.tokens for message in feedback]
    assert len(tokens) > 1 and tokens == sorted(tokens)
    assert client.wait(lambda: client.got['reasoning'])[0] == result.reasoning


@pytest.mark.injects
def test_a_cancelled_goal_ends_as_canceled_and_the_next_works(client):
    handle = client.send(instruction='slow')
    client.wait(lambda: client.got['reasoning/partial'])
    client.wait(handle.cancel_goal_async().done)
    status, result = client.result(handle)
    assert status == GoalStatus.STATUS_CANCELED
    assert result.reasoning.error_code == ReasonCode.CANCELED
    assert result.reasoning.text.startswith('tick')
    assert_the_next_works(client)


@pytest.mark.injects
def test_a_newer_instruction_takes_the_place_of_all_older_ones(client):
    handles = [client.send(instruction='slow', request_id=str(i)) for i in range(4)]
    last = client.send(instruction='pick up the red cube', request_id='last')
    assert client.result(last)[1].reasoning.error_code == ReasonCode.NONE
    for handle in handles:
        status, result = client.result(handle)
        assert status == GoalStatus.STATUS_ABORTED
        assert result.reasoning.error_code == ReasonCode.PREEMPTED
    # The topic may be slower than the action.
    reasonings = client.wait(lambda: client.got['reasoning'][4:] and client.got['reasoning'])
    assert sorted(r.request_id for r in reasonings) == ['0', '1', '2', '3', 'last']


def test_an_instruction_on_the_topic_preempts_a_goal(client):
    handle = client.send(instruction='slow')
    client.wait(lambda: client.got['reasoning/partial'])
    client.say('pick up the red cube')
    assert client.result(handle)[1].reasoning.error_code == ReasonCode.PREEMPTED
    client.wait(lambda: client.got['affordance'])


@pytest.mark.injects
@pytest.mark.parametrize(
    ('instruction', 'code', 'says'),
    [
        ('', ReasonCode.INVALID_INSTRUCTION, 'empty'),
        ('x' * 10_000, ReasonCode.INVALID_INSTRUCTION, 'at most 1000'),
        ('🙂', ReasonCode.UNSUPPORTED_INSTRUCTION, 'red, orange'),
        ('nimm den roten Würfel', ReasonCode.UNSUPPORTED_INSTRUCTION, 'cube, cylinder'),
        ('pick up the banana', ReasonCode.UNSUPPORTED_INSTRUCTION, 'pick up the red cube'),
        ('pick up the purple cylinder', ReasonCode.OBJECT_NOT_FOUND, 'purple cylinder'),
        ('pick up the ball', ReasonCode.UNSUPPORTED_INSTRUCTION, '2 objects fit'),
        ('garbage', ReasonCode.MALFORMED_ANSWER, 'NaN'),
        ('raise', ReasonCode.BACKEND_FAILED, 'ZeroDivisionError: in the middle'),
    ],
)
def test_a_bad_instruction_has_its_own_code_and_the_next_works(client, instruction, code, says):
    reasoning = client.instruct(instruction)
    assert reasoning.error_code == code
    assert says in reasoning.error_msg
    assert_the_next_works(client)
    client.wait(lambda: client.got['affordance'])
    assert len(client.got['affordance']) == 1 and len(client.got['reasoning']) == 2


@pytest.mark.injects
def test_a_bug_in_the_reasoner_is_told_and_the_next_works(client):
    _, result = client.result(client.send(instruction='bug'))
    assert result.reasoning.error_code == ReasonCode.UNKNOWN
    assert 'log' in result.reasoning.error_msg
    assert_the_next_works(client)


def test_what_was_said_before_a_failure_is_kept(client):
    assert client.instruct('raise').text == '<think>so far'
    garbage = client.instruct('garbage')
    assert 'NaN' in garbage.text and not garbage.well_formed


@pytest.mark.injects
def test_an_unknown_task_is_refused(client):
    _, result = client.result(client.send(instruction='pick up the red cube', task=9))
    assert result.reasoning.error_code == ReasonCode.INVALID_TASK
    assert_the_next_works(client)


@pytest.mark.injects
def test_an_answer_that_takes_too_long_is_given_up(start, picture):
    client = start('answer_timeout_s:=2.0')
    client.show(picture.rgb)
    assert client.instruct('slow').error_code == ReasonCode.TIMEOUT
    assert_the_next_works(client)


@pytest.mark.injects
def test_without_an_image_it_says_so_and_works_once_there_is_one(start, picture):
    client = start()
    reasoning = client.instruct('pick up the red cube')
    assert reasoning.error_code == ReasonCode.NO_IMAGE and '/image' in reasoning.error_msg
    client.show(picture.rgb)
    assert_the_next_works(client)


@pytest.mark.injects
def test_an_old_image_is_refused_until_the_camera_is_back(start, picture):
    client = start('max_image_age_s:=0.4')
    client.show(picture.rgb)
    client.image = None
    client.spin(0.6)
    assert client.instruct('pick up the red cube').error_code == ReasonCode.STALE_IMAGE
    client.show(picture.rgb)
    assert_the_next_works(client)


@pytest.mark.injects
@pytest.mark.parametrize(
    ('encoding', 'bytes_per_pixel'), [('32FC1', 4), ('16UC1', 2), ('yuv9000', 2), ('rgb8', 1)]
)
def test_an_unreadable_image_is_refused_with_its_header(
    client, picture, encoding, bytes_per_pixel
):
    client.image.encoding = encoding
    client.image.step = 320 * bytes_per_pixel
    client.image.data = bytes(240 * 320 * bytes_per_pixel)
    client.spin(0.4)
    reasoning = client.instruct('pick up the red cube')
    assert reasoning.error_code == ReasonCode.UNSUPPORTED_IMAGE
    assert reasoning.header.frame_id == 'camera_color_optical_frame'
    client.show(picture.rgb)
    assert_the_next_works(client)


def test_a_bgr_image_is_read_as_well(client, picture):
    client.image.encoding = 'bgr8'
    client.image.data = np.ascontiguousarray(picture.rgb[..., ::-1]).tobytes()
    client.spin(0.4)
    assert_the_next_works(client)


def change(client, transition):
    request = ChangeState.Request(transition=Transition(id=transition))
    return client.call(ChangeState, 'reasoner/change_state', request).success


@pytest.mark.injects
def test_it_answers_only_while_active(start, picture):
    client = start('autostart:=false')
    client.show(picture.rgb)
    assert client.instruct('pick up the red cube').error_code == ReasonCode.MODEL_NOT_LOADED
    assert change(client, Transition.TRANSITION_CONFIGURE)
    assert client.instruct('pick up the red cube').error_code == ReasonCode.MODEL_NOT_LOADED
    assert change(client, Transition.TRANSITION_ACTIVATE)
    assert_the_next_works(client)
    handle = client.send(instruction='slow')
    client.wait(lambda: client.got['reasoning/partial'][-1].data.startswith('tick'))
    assert change(client, Transition.TRANSITION_DEACTIVATE)
    assert client.result(handle)[1].reasoning.error_code == ReasonCode.CANCELED
    assert change(client, Transition.TRANSITION_CLEANUP)
    assert change(client, Transition.TRANSITION_CONFIGURE)
    assert change(client, Transition.TRANSITION_ACTIVATE)
    assert_the_next_works(client)


def test_who_asks_while_the_model_is_loaded_waits_for_it(start, picture):
    client = start('autostart:=false', 'model:=heavy')
    client.show(picture.rgb)
    configure = ChangeState.Request(transition=Transition(id=Transition.TRANSITION_CONFIGURE))
    service = client.node.create_client(ChangeState, 'reasoner/change_state')
    assert service.wait_for_service(10.0)
    configured = service.call_async(configure)
    client.spin(0.5)
    client.say('pick up the red cube')
    client.wait(configured.done)
    assert not client.got['reasoning']
    client.spin(0.5)
    assert change(client, Transition.TRANSITION_ACTIVATE)
    client.wait(lambda: client.got['reasoning'])
    assert client.got['reasoning'][0].error_code == ReasonCode.NONE


def test_a_model_that_does_not_load_fails_to_configure(start):
    client = start('autostart:=false', 'model:=broken')
    assert not change(client, Transition.TRANSITION_CONFIGURE)


def test_load_model_swaps_the_model_and_a_failure_keeps_the_old_one(client):
    good = client.call(LoadModel, 'load_model', LoadModel.Request(model='ab'))
    assert good.success and good.weights_sha256 == 'abab'
    assert client.instruct('pick up the red cube').model == 'moody:ab'
    bad = client.call(LoadModel, 'load_model', LoadModel.Request(model='broken'))
    assert not bad.success and 'not a model' in bad.message and bad.weights_sha256 == 'abab'
    assert client.instruct('pick up the red cube').model == 'moody:ab'


def test_sigterm_ends_the_process_while_a_goal_runs(start, picture):
    client = start()
    client.show(picture.rgb)
    client.send(instruction='slow')
    client.wait(lambda: client.got['reasoning/partial'])
    client.process.terminate()
    assert client.process.wait(10.0) == 0
