"""The planner among real processes has one of several cameras, and acts on no other's pictures."""

from contextlib import contextmanager

from planner_cell import assert_refused, other_planner
import pytest
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, Image
from std_srvs.srv import Trigger
from vla_r1_core.errors import OutcomeCode

KINDS = {'depth': Image, 'camera_info': CameraInfo}


@contextmanager
def passed_on(cell, topic, name, frames=None):
    """Publish what comes on a topic under another name, too; in the last of `frames`, if any."""
    publisher = cell.node.create_publisher(KINDS[topic], name, 10)

    def pass_on(msg):
        msg.header.frame_id = frames[-1] if frames else msg.header.frame_id
        publisher.publish(msg)

    subscription = cell.node.create_subscription(
        KINDS[topic], topic, pass_on, qos_profile_sensor_data
    )
    yield
    cell.node.destroy_subscription(subscription)
    cell.node.destroy_publisher(publisher)


def refusal(cell, camera):
    """Choose the camera of `other`; return why it is refused, '' if it is not."""
    client = cell.node.create_client(SetParameters, 'other/planner/set_parameters')
    assert client.wait_for_service(timeout_sec=10.0)
    parameters = [Parameter('camera', value=camera).to_parameter_msg()]
    request = SetParameters.Request(parameters=parameters)
    [result] = cell.wait(client.call_async(request)).results
    assert result.successful == (result.reason == '')
    return result.reason


@pytest.mark.injects
@pytest.mark.parametrize('topic', KINDS)
def test_pictures_of_two_cameras_move_nothing_and_those_of_one_do(cell, topic):
    cell.reset()
    frames = ['wrist_optical_frame']
    with passed_on(cell, topic, f'other/{topic}', frames), other_planner(cell, without=topic):
        outcome, _ = cell.ask(cell.other)
        assert_refused(outcome, OutcomeCode.CAMERA_MISMATCH)
        assert f'{topic} in wrist_optical_frame' in outcome.error_msg
        assert f'image in {outcome.header.frame_id}' in outcome.error_msg
        frames.append('')
        cell.pictures(3)
        outcome, _ = cell.ask(cell.other)
    assert outcome.error_code == OutcomeCode.NONE, outcome.error_msg
    assert cell.done()


def test_the_camera_is_changed_between_instructions_but_not_during_one(cell):
    cell.reset()
    stop = cell.node.create_client(Trigger, 'other/stop')
    with other_planner(cell, execute='confirm'):
        assert 'letter first' in refusal(cell, 'wrist/left')
        finished = cell.send(cell.other)
        cell.spin(lambda: any(stage == 'confirm' for stage, _ in cell.stages))
        assert 'an instruction is being carried out' in refusal(cell, 'wrist')
        cell.wait(stop.call_async(Trigger.Request()))
        assert cell.wait(finished).result.outcome.error_code == OutcomeCode.STOPPED
        assert refusal(cell, 'wrist') == ''
        outcome, _ = cell.ask(cell.other, plan_only=True)
        assert_refused(outcome, OutcomeCode.NO_CAMERA_INFO)
        with (
            passed_on(cell, 'depth', 'other/wrist/depth'),
            passed_on(cell, 'camera_info', 'other/wrist/camera_info'),
        ):
            cell.pictures(5)
            outcome, _ = cell.ask(cell.other, plan_only=True)
            assert outcome.error_code == OutcomeCode.NONE, outcome.error_msg
        assert refusal(cell, '') == ''
        cell.pictures(5)
        outcome, _ = cell.ask(cell.other, plan_only=True)
    assert outcome.error_code == OutcomeCode.NONE, outcome.error_msg
