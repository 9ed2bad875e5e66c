import time

from move_group_client import joint_goal, pose, pose_goal
from moveit_msgs.action import ExecuteTrajectory
from moveit_msgs.msg import MoveItErrorCodes as E
from moveit_msgs.msg import RobotTrajectory
import pytest
from robot_model import HOME, JOINTS


def plan(client, target=(0.1, 0.6, 0.4), speed=1.0):
    goal = client.goal(pose_goal(pose(*target)))
    goal.request.max_velocity_scaling_factor = speed
    result = client.move(goal)
    assert result.error_code.val == E.SUCCESS
    return result.planned_trajectory


def start(client, speed=0.05):
    """Send a slow trajectory for execution and wait until the robot moves."""
    goal = ExecuteTrajectory.Goal(trajectory=plan(client, speed=speed))
    handle = client.send(client.execute_action, goal)
    client.spin_until(lambda: not client.at(HOME))
    return handle


def test_a_planned_trajectory_is_executed_to_its_end(at_home):
    trajectory = plan(at_home)
    assert at_home.execute(trajectory).error_code.val == E.SUCCESS
    at_home.spin_until(lambda: at_home.at(trajectory.joint_trajectory.points[-1].positions))


@pytest.mark.parametrize('action', ['move', 'execute'])
def test_cancel_reaches_the_controller_at_once_and_is_answered_preempted(at_home, action):
    if action == 'execute':
        handle = start(at_home)
    else:
        goal = at_home.goal(pose_goal(pose(0.1, 0.6, 0.4)), plan_only=False)
        goal.request.max_velocity_scaling_factor = 0.05
        handle = at_home.send(at_home.move_action, goal)
        at_home.spin_until(lambda: not at_home.at(HOME))
    at_home.cancel_arrived.clear()
    asked = time.time()
    at_home.wait(handle.cancel_goal_async())
    assert at_home.result(handle).error_code.val == E.PREEMPTED
    at_home.spin_until(lambda: bool(at_home.cancel_arrived))
    # About 5 ms on a quiet machine; the bound leaves room for a loaded one.
    assert at_home.cancel_arrived[0] - asked < 0.15
    halted = dict(at_home.joints)
    at_home.spin_until(lambda: time.time() > asked + 0.5)
    assert at_home.joints == pytest.approx(halted, abs=5e-3)


def test_a_new_motion_preempts_the_one_under_way(at_home):
    first = start(at_home)
    goal = at_home.goal(joint_goal(JOINTS, HOME), plan_only=False)
    assert at_home.move(goal).error_code.val == E.SUCCESS
    assert at_home.result(first).error_code.val == E.PREEMPTED
    at_home.spin_until(lambda: at_home.at(HOME))


def test_planning_does_not_disturb_a_motion_under_way(at_home):
    handle = start(at_home, speed=0.5)
    plan(at_home, target=(0.4, 0.1, 0.3))
    assert at_home.result(handle).error_code.val == E.SUCCESS


def test_a_trajectory_from_elsewhere_is_not_executed(at_home):
    trajectory = plan(at_home)
    del trajectory.joint_trajectory.points[: len(trajectory.joint_trajectory.points) // 2]
    error = at_home.execute(trajectory).error_code
    assert error.val == E.CONTROL_FAILED
    assert 'allowed_start_tolerance' in error.message
    assert at_home.at(HOME)


def test_an_empty_trajectory_is_refused(at_home):
    assert at_home.execute(RobotTrajectory()).error_code.val == E.CONTROL_FAILED


@pytest.mark.parametrize(
    ('fault', 'code', 'word'),
    [
        ('refuse', E.CONTROL_FAILED, 'refused'),
        ('abort', E.CONTROL_FAILED, 'hit a wall'),
        ('freeze', E.TIMED_OUT, 'blocked'),
        ('silent', E.ROBOT_STATE_STALE, 'joint_states'),
    ],
)
def test_a_fault_of_the_robot_has_its_own_code_and_the_next_motion_works(
    at_home, fault, code, word
):
    at_home.set_fault(fault)
    if fault == 'silent':
        begun = time.time()
        at_home.spin_until(lambda: time.time() > begun + 1.5)
    goal = at_home.goal(pose_goal(pose(0.4, 0.1, 0.3)), plan_only=False)
    error = at_home.move(goal).error_code
    assert error.val == code, error
    assert word in error.message
    at_home.set_fault('')
    begun = time.time()
    at_home.spin_until(lambda: time.time() > begun + 0.2)
    again = at_home.move(at_home.goal(joint_goal(JOINTS, HOME), plan_only=False))
    assert again.error_code.val == E.SUCCESS
