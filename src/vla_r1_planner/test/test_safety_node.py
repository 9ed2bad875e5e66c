"""Motion stops, or does not begin, when something is not as it was planned."""

import time

from geometry_msgs.msg import Point
from planner_cell import (
    assert_next_instruction_works,
    assert_refused,
    CUBE,
    other_planner,
)
import pytest
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger
from visualization_msgs.msg import InteractiveMarkerFeedback, InteractiveMarkerUpdate
from visualization_msgs.srv import GetInteractiveMarkers
from vla_r1_core.errors import OutcomeCode

from vla_r1_msgs.msg import Outcome, Reasoning

TRACE = {'instruction': 'move to the red cube', 'task': Reasoning.TRAJECTORY}


def says(cell, text):
    return lambda: any(text in said for _, said in cell.stages)


def stays_at_rest(cell, since):
    """Whether nothing moves any more, a second after a request has ended."""
    cell.spin(lambda: time.monotonic() > since + 2.5)
    return cell.last_moved < since + 1.0


def call(cell, name):
    client = cell.node.create_client(Trigger, name)
    assert client.wait_for_service(timeout_sec=10.0)
    return cell.wait(client.call_async(Trigger.Request()))


class Relay:
    """Passes joint states on to `other`, as they are or changed."""

    def __init__(self, cell):
        self.node = cell.node
        self.change = lambda positions: positions
        self.publisher = cell.node.create_publisher(JointState, 'other/joint_states', 10)
        self.subscription = cell.node.create_subscription(
            JointState, 'joint_states', self.pass_on, 10
        )

    def pass_on(self, msg):
        positions = self.change(dict(zip(msg.name, msg.position, strict=True)))
        if positions is not None:
            msg.position = list(positions.values())
            self.publisher.publish(msg)

    def freeze(self):
        frozen = {}

        def change(positions):
            frozen.update({**positions, **frozen})
            return frozen

        self.change = change

    def shift(self, joint, angle):
        self.change = lambda positions: {**positions, joint: positions[joint] + angle}

    def cut(self):
        self.change = lambda _: None


@pytest.fixture
def relay(cell):
    relay = Relay(cell)
    yield relay
    cell.node.destroy_subscription(relay.subscription)
    cell.node.destroy_publisher(relay.publisher)


@pytest.mark.injects
@pytest.mark.parametrize('text', ['asking the reasoner', 'planning grasp', 'descending'])
def test_the_stop_service_ends_whatever_runs(cell, text):
    cell.reset()
    finished = cell.send()
    cell.spin(says(cell, text))
    answer = call(cell, 'stop')
    assert answer.success
    assert '1 instruction' in answer.message
    outcome = cell.wait(finished).result.outcome
    assert outcome.error_code == OutcomeCode.STOPPED, outcome.error_msg
    assert stays_at_rest(cell, time.monotonic())
    assert_next_instruction_works(cell)


def test_the_stop_service_answers_when_nothing_runs(cell):
    answer = call(cell, 'stop')
    assert answer.success
    assert answer.message == 'nothing was running'


def test_a_stop_while_lifting_does_not_drop_the_object(cell):
    cell.reset()
    finished = cell.send()
    cell.spin(says(cell, 'holding'))
    until = time.monotonic() + 0.5
    cell.spin(lambda: time.monotonic() > until)
    call(cell, 'stop')
    assert cell.wait(finished).result.outcome.error_code == OutcomeCode.STOPPED
    assert stays_at_rest(cell, time.monotonic())
    message = cell.wait(cell.judge.call_async(Trigger.Request())).message
    assert '2 of 2 fingers' in message


@pytest.mark.injects
def test_lost_joint_states_stop_the_arm(cell):
    cell.reset()
    finished = cell.send()
    cell.spin(says(cell, 'moving above'))
    cell.sim(fault='joint_states_missing')
    outcome = cell.wait(finished).result.outcome
    assert outcome.error_code == OutcomeCode.JOINT_STATES_LOST, outcome.error_msg
    cell.sim(fault='none')
    assert stays_at_rest(cell, time.monotonic())
    assert_next_instruction_works(cell)


@pytest.mark.injects
def test_a_lost_camera_stops_a_motion_along_a_trace(cell):
    cell.reset()
    with other_planner(cell, straight_scaling=0.05, camera_lost_s=0.5):
        finished = cell.send(cell.other, **TRACE)
        cell.spin(says(cell, 'moving above'))
        cell.sim(fault='depth_missing')
        outcome = cell.wait(finished).result.outcome
    cell.sim(fault='none')
    assert outcome.error_code == OutcomeCode.CAMERA_LOST, outcome.error_msg
    assert stays_at_rest(cell, time.monotonic())


@pytest.mark.injects
@pytest.mark.parametrize('trouble', ['stands still', 'leaves its path'])
def test_an_arm_that_is_not_where_it_should_be_is_stopped(cell, relay, trouble):
    cell.reset()
    with other_planner(cell, without='joint_states'):
        finished = cell.send(cell.other)
        cell.spin(says(cell, 'descending'))
        before = cell.last_moved
        cell.spin(lambda: cell.last_moved > before)
        if trouble == 'stands still':
            relay.freeze()
        else:
            relay.shift('elbow_joint', 0.1)
        outcome = cell.wait(finished).result.outcome
    assert outcome.error_code == OutcomeCode.DEVIATION, outcome.error_msg
    assert stays_at_rest(cell, time.monotonic())


def wait_for_leave(cell):
    asked = says(cell, 'approve')
    finished = cell.send(cell.other)
    cell.spin(lambda: asked() or finished.done())
    if not asked():  # a busy machine loses a depth image now and then
        assert finished.result().result.outcome.error_code == OutcomeCode.STALE_DEPTH
        finished = cell.send(cell.other)
        cell.spin(asked)
    return finished


@pytest.mark.injects
def test_an_arm_that_moved_since_the_plan_does_not_begin(cell, relay):
    cell.reset()
    with other_planner(cell, without='joint_states', execute='confirm'):
        finished = wait_for_leave(cell)
        relay.shift('wrist_1_joint', 0.05)
        until = time.monotonic() + 0.5
        cell.spin(lambda: time.monotonic() > until)
        call(cell, 'other/approve')
        outcome = cell.wait(finished).result.outcome
    assert_refused(outcome, OutcomeCode.START_MOVED)
    assert 'wrist_1_joint' in outcome.error_msg


@pytest.mark.injects
def test_a_plan_for_an_old_picture_does_not_begin(cell):
    cell.reset()
    with other_planner(cell, execute='confirm', scene_max_age_s=3.0):
        finished = wait_for_leave(cell)
        until = time.monotonic() + 4.0
        cell.spin(lambda: time.monotonic() > until)
        call(cell, 'other/approve')
        outcome = cell.wait(finished).result.outcome
    assert_refused(outcome, OutcomeCode.SCENE_TOO_OLD)


def test_a_click_in_rviz_approves(cell):
    cell.reset()
    updates = []
    cell.node.create_subscription(
        InteractiveMarkerUpdate, 'other/approval/update', updates.append, 100
    )
    clicks = cell.node.create_publisher(InteractiveMarkerFeedback, 'other/approval/feedback', 10)
    markers = cell.node.create_client(
        GetInteractiveMarkers, 'other/approval/get_interactive_markers'
    )
    with other_planner(cell, execute='confirm', approve_timeout_s=20.0):
        finished = wait_for_leave(cell)
        cell.spin(lambda: updates)
        shown = cell.wait(markers.call_async(GetInteractiveMarkers.Request()))
        assert shown.sequence_number == updates[-1].seq_num
        [marker] = shown.markers
        [control] = marker.controls
        click = InteractiveMarkerFeedback(
            client_id='rviz',
            marker_name=marker.name,
            control_name=control.name,
            event_type=InteractiveMarkerFeedback.BUTTON_CLICK,
            mouse_point=Point(),
        )
        hover = InteractiveMarkerFeedback(
            marker_name=marker.name, event_type=InteractiveMarkerFeedback.MOUSE_UP
        )
        clicks.publish(hover)
        until = time.monotonic() + 0.5
        cell.spin(lambda: time.monotonic() > until)
        assert not says(cell, 'opening the gripper')()
        clicks.publish(click)
        outcome = cell.wait(finished).result.outcome
        cell.spin(lambda: updates[-1].erases == [marker.name])
    assert outcome.error_code == OutcomeCode.NONE, outcome.error_msg
    assert cell.done()
    numbers = [update.seq_num for update in updates]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_a_pick_that_slips_out_is_refuted(cell):
    cell.reset()
    with other_planner(cell, gripper_effort=0.3):
        outcome, _ = cell.ask(cell.other)
    assert outcome.verified == Outcome.REFUTED, outcome.error_msg
    assert not cell.done()


def test_without_a_picture_after_the_motion_there_is_no_verdict(cell):
    cell.reset()
    finished = cell.send(instruction=CUBE)
    cell.spin(says(cell, 'holding'))
    cell.sim(fault='depth_missing')
    outcome = cell.wait(finished).result.outcome
    cell.sim(fault='none')
    assert outcome.error_code == OutcomeCode.NONE, outcome.error_msg
    assert outcome.verified == Outcome.VERIFICATION_UNKNOWN
    assert any('no picture' in said for stage, said in cell.stages if stage == 'verify')
