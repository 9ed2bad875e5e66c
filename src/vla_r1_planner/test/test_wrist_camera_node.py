"""With the camera on the gripper, a picture is placed by where the arm was when it was taken."""

import time

from builtin_interfaces.msg import Duration
from control_msgs.action import FollowJointTrajectory
from planner_cell import CUBE, other_planner, running_cell
import pytest
from rclpy.action import ActionClient
from sensor_msgs.msg import JointState
from tf2_msgs.msg import TFMessage
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint
from vla_r1_core.errors import OutcomeCode

from vla_r1_msgs.action import Reason
from vla_r1_msgs.msg import Affordance, Outcome, Reasoning

ARM = 'arm_controller/follow_joint_trajectory'
TF_CACHE_S = 10.0  # tf2's own default


@pytest.fixture(scope='module')
def cell(tmp_path_factory):
    with running_cell(tmp_path_factory.mktemp('cell'), camera='wrist') as cell:
        yield cell


def wait_s(cell, seconds):
    until = time.monotonic() + seconds
    cell.spin(lambda: time.monotonic() > until)


def says(cell, text):
    return [said for _, said in cell.stages if text in said]


def things(said):
    return int(said.split(',')[-1].split()[0])


def call(cell, kind, name, goal):
    client = ActionClient(cell.node, kind, name)
    assert client.wait_for_server(timeout_sec=20.0)
    handle = cell.wait(client.send_goal_async(goal))
    result = cell.wait(handle.get_result_async()).result
    client.destroy()
    return result


def drive(cell, offsets, seconds=2):
    """Move the arm's six joints by offsets [rad]."""
    states = []
    subscription = cell.node.create_subscription(JointState, 'joint_states', states.append, 1)
    cell.spin(lambda: states)
    cell.node.destroy_subscription(subscription)
    names, here = states[-1].name[:6], states[-1].position[:6]
    there = [q + offset for q, offset in zip(here, offsets, strict=True)]
    end = JointTrajectoryPoint(positions=there, time_from_start=Duration(sec=seconds))
    way = JointTrajectory(joint_names=names, points=[end])
    result = call(cell, FollowJointTrajectory, ARM, FollowJointTrajectory.Goal(trajectory=way))
    assert result.error_code == FollowJointTrajectory.Result.SUCCESSFUL, result.error_string


def test_the_named_object_is_lifted_in_physics(cell):
    cell.reset()
    outcome, _ = cell.ask()
    assert outcome.error_code == OutcomeCode.NONE, outcome.error_msg
    assert cell.done()
    # What it holds may hide the place below it; then nothing is said of it.
    assert outcome.verified != Outcome.REFUTED


def test_what_was_put_into_the_bowl_is_seen_there_from_where_the_arm_is_now(cell):
    instruction = 'put the red cube in the bowl'
    cell.reset(instruction=instruction)
    outcome, _ = cell.ask(instruction=instruction)
    assert outcome.error_code == OutcomeCode.NONE, outcome.error_msg
    assert cell.done()
    assert outcome.verified == Outcome.VERIFIED


def test_an_answer_about_an_earlier_picture_is_placed_by_where_the_arm_was_then(cell):
    cell.reset()
    to_other = cell.node.create_publisher(Affordance, 'other/affordance', 1)
    with other_planner(cell, depth_buffer=500):
        goal = Reason.Goal(instruction=CUBE, task=Reasoning.AFFORDANCE, request_id='earlier')
        [answer] = call(cell, Reason, 'reason', goal).affordances
        drive(cell, [0.25, 0.0, 0.0, 0.1, 0.0, 0.3])
        age_s = 0.0
        while age_s < TF_CACHE_S + 1.0:
            cell.pictures(1)
            age_s = cell.stamp(cell.infos[-1]) - cell.stamp(answer)
        cell.outcomes.clear()
        to_other.publish(answer)
        cell.spin(lambda: cell.outcomes)
    outcome = cell.outcomes[-1]
    assert outcome.error_code == OutcomeCode.NONE, outcome.error_msg
    assert outcome.header == answer.header
    assert cell.done()


def test_the_own_fingers_around_an_object_are_nothing_to_keep_clear_of(cell):
    cell.reset()
    finished = cell.send()
    cell.spin(lambda: says(cell, 'descending'))
    [before] = says(cell, 'things around it')
    wait_s(cell, 0.8)
    cell.wait(cell.stop.call_async(cell.stop.srv_type.Request()))
    assert cell.wait(finished).result.outcome.error_code == OutcomeCode.STOPPED
    cell.pictures(2)
    outcome, _ = cell.ask()
    assert outcome.error_code == OutcomeCode.NONE, outcome.error_msg
    [again] = says(cell, 'things around it')
    assert things(again) <= things(before)  # from so near it sees less
    assert cell.done()


@pytest.mark.injects
def test_transforms_that_stopped_before_the_picture_was_taken_are_stale(cell):
    cell.reset()
    heard = []
    publisher = cell.node.create_publisher(TFMessage, 'other/nothing', 10)
    subscription = cell.node.create_subscription(TFMessage, '/tf', heard.append, 10)
    with other_planner(cell, without='/tf'):
        for _ in range(20):
            cell.spin(lambda: heard)
            publisher.publish(heard.pop())
            wait_s(cell, 0.05)
        cell.node.destroy_subscription(subscription)
        cell.pictures(2)
        outcome, _ = cell.ask(cell.other)
    assert outcome.error_code == OutcomeCode.TF_STALE, outcome.error_msg
    assert 'does not reach the image stamp' in outcome.error_msg
    assert not outcome.executed.poses
