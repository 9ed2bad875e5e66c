import time

from move_group_client import joint_goal, pose, pose_goal
from moveit_msgs.msg import MoveItErrorCodes as E
import numpy as np
import pytest
from robot_model import HOME, JOINTS


def arrived(client, joints):
    return all(abs(client.joints[n] - q) < 2e-3 for n, q in zip(JOINTS, joints, strict=True))


@pytest.fixture
def at_home(client):
    result = client.move(client.goal(joint_goal(JOINTS, HOME), plan_only=False))
    assert result.error_code.val == E.SUCCESS, result.error_code
    client.spin_until(lambda: arrived(client, HOME))
    return client


def test_planning_alone_times_the_motion_and_moves_nothing(at_home):
    result = at_home.move(at_home.goal(pose_goal(pose(0.4, 0.1, 0.3))))
    assert result.error_code.val == E.SUCCESS
    trajectory = result.planned_trajectory.joint_trajectory
    times = [p.time_from_start.sec + p.time_from_start.nanosec * 1e-9 for p in trajectory.points]
    assert times[0] == 0.0 and (np.diff(times) > 0).all()
    assert list(trajectory.joint_names) == list(JOINTS)
    np.testing.assert_allclose(trajectory.points[0].positions, HOME, atol=1e-3)
    assert arrived(at_home, HOME)


def test_plan_and_execute_ends_where_the_plan_ends(at_home):
    result = at_home.move(at_home.goal(pose_goal(pose(0.4, 0.1, 0.3)), plan_only=False))
    assert result.error_code.val == E.SUCCESS
    end = result.planned_trajectory.joint_trajectory.points[-1].positions
    at_home.spin_until(lambda: arrived(at_home, end))


def test_cancel_stops_the_controller_and_answers_preempted(at_home):
    goal = at_home.goal(pose_goal(pose(0.1, 0.6, 0.4)), plan_only=False)
    goal.request.max_velocity_scaling_factor = 0.05
    handle = at_home.send(at_home.move_action, goal)
    at_home.spin_until(lambda: not arrived(at_home, HOME))
    at_home.cancel_arrived.clear()
    asked = time.time()
    at_home.wait(handle.cancel_goal_async())
    assert at_home.result(handle).error_code.val == E.PREEMPTED
    at_home.spin_until(lambda: bool(at_home.cancel_arrived))
    print('cancel ms', (at_home.cancel_arrived[0] - asked) * 1e3)
