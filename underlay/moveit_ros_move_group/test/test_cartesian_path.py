from move_group_client import box, pose
from moveit_msgs.msg import AttachedCollisionObject
from moveit_msgs.msg import MoveItErrorCodes as E
from moveit_msgs.srv import GetCartesianPath
import numpy as np
import pytest
from robot_model import HOME, JOINTS

IDENTITY = (0, 0, 0, 1)


def request(*waypoints, frame='tcp'):
    r = GetCartesianPath.Request(group_name='arm', link_name='tcp', max_step=0.01)
    r.header.frame_id = frame
    r.waypoints = list(waypoints)
    r.avoid_collisions = True
    return r


def back(distance):
    """A straight retreat along the tool's axis."""
    return pose(0.0, 0.0, -distance, IDENTITY)


def duration(response):
    t = response.solution.joint_trajectory.points[-1].time_from_start
    return t.sec + t.nanosec * 1e-9


def test_a_free_line_is_followed_to_its_end_and_executes(at_home):
    response = at_home.call(at_home.cartesian, request(back(0.1)))
    assert response.error_code.val == E.SUCCESS
    assert response.fraction == 1.0
    points = response.solution.joint_trajectory.points
    np.testing.assert_allclose(points[0].positions, HOME, atol=1e-3)
    assert at_home.execute(response.solution).error_code.val == E.SUCCESS
    at_home.spin_until(lambda: at_home.at(points[-1].positions))


def test_the_line_ends_before_an_obstacle_and_says_which(at_home):
    ahead = box('shelf', pose(0, 0, 0.12, IDENTITY), (0.3, 0.3, 0.02), frame='tcp')
    assert at_home.change_scene(objects=[ahead])
    r = request(back(-0.15))
    response = at_home.call(at_home.cartesian, r)
    assert response.error_code.val == E.SUCCESS
    assert 0.0 < response.fraction < 1.0
    assert 'shelf' in response.error_code.message
    r.avoid_collisions = False
    assert at_home.call(at_home.cartesian, r).fraction == 1.0


def test_what_the_start_state_holds_keeps_clear_too_and_stays_out_of_the_scene(at_home):
    ahead = box('shelf', pose(0, 0, 0.22, IDENTITY), (0.3, 0.3, 0.02), frame='tcp')
    assert at_home.change_scene(objects=[ahead])
    r = request(back(-0.1))
    assert at_home.call(at_home.cartesian, r).fraction == 1.0
    rod = box('rod', pose(0, 0, 0.05, IDENTITY), (0.02, 0.02, 0.2), frame='tcp')
    held = AttachedCollisionObject(
        link_name='tcp', object=rod, touch_links=['palm', 'left_finger', 'right_finger']
    )
    r.start_state.is_diff = True
    r.start_state.attached_collision_objects = [held]
    response = at_home.call(at_home.cartesian, r)
    assert 0.0 < response.fraction < 1.0
    assert not at_home.scene().robot_state.attached_collision_objects


def test_the_line_ends_where_the_arm_does(at_home):
    response = at_home.call(at_home.cartesian, request(pose(3.0, 0, 0.3), frame='base_link'))
    assert response.error_code.val == E.SUCCESS
    assert 0.0 < response.fraction < 0.5


def test_a_line_without_waypoints_is_followed_by_nothing(at_home):
    response = at_home.call(at_home.cartesian, request())
    assert response.error_code.val == E.SUCCESS
    assert response.fraction == 0.0
    assert at_home.call(at_home.cartesian, request(back(0.1))).fraction == 1.0


def test_scaling_and_cartesian_speed_slow_the_line(at_home):
    r = request(back(0.1))
    free = duration(at_home.call(at_home.cartesian, r))
    r.max_velocity_scaling_factor = r.max_acceleration_scaling_factor = 0.1
    assert duration(at_home.call(at_home.cartesian, r)) > 2 * free
    r = request(back(0.1))
    r.cartesian_speed_limited_link, r.max_cartesian_speed = 'tcp', 0.02
    assert duration(at_home.call(at_home.cartesian, r)) >= 0.1 / 0.02


def test_a_line_may_start_from_a_given_state(at_home):
    r = request(back(0.05))
    r.start_state.joint_state.name = list(JOINTS)
    r.start_state.joint_state.position = [*HOME[:5], 0.0]
    response = at_home.call(at_home.cartesian, r)
    assert response.fraction == 1.0
    assert response.solution.joint_trajectory.points[0].positions[5] == pytest.approx(0.0)


@pytest.mark.parametrize(
    ('field', 'value', 'code'),
    [
        ('group_name', 'leg', E.INVALID_GROUP_NAME),
        ('link_name', 'toe', E.INVALID_LINK_NAME),
        ('max_step', 0.0, E.FAILURE),
        ('frame', 'moon', E.FRAME_TRANSFORM_FAILURE),
    ],
)
def test_a_bad_request_has_its_own_code(at_home, field, value, code):
    r = request(back(0.1))
    if field == 'frame':
        r.header.frame_id = value
    else:
        setattr(r, field, value)
    assert at_home.call(at_home.cartesian, r).error_code.val == code
