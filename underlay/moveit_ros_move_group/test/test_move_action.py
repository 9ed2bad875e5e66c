from geometry_msgs.msg import TransformStamped, Vector3
from move_group_client import box, joint_goal, pose, pose_goal
from moveit_msgs.msg import CollisionObject, PlanningScene
from moveit_msgs.msg import MoveItErrorCodes as E
import numpy as np
import pytest
from robot_model import FINGER, HOME, JOINTS
from tf2_ros import StaticTransformBroadcaster


def times(trajectory):
    stamps = [p.time_from_start for p in trajectory.joint_trajectory.points]
    return np.array([t.sec + t.nanosec * 1e-9 for t in stamps])


def test_planning_alone_times_the_motion_and_moves_nothing(at_home):
    result = at_home.move(at_home.goal(pose_goal(pose(0.4, 0.1, 0.3))))
    assert result.error_code.val == E.SUCCESS
    trajectory = result.planned_trajectory.joint_trajectory
    stamps = times(result.planned_trajectory)
    assert stamps[0] == 0.0
    assert (np.diff(stamps) > 0).all()
    assert list(trajectory.joint_names) == list(JOINTS)
    np.testing.assert_allclose(trajectory.points[0].positions, HOME, atol=1e-3)
    assert at_home.at(HOME)
    assert result.planning_time > 0.0


def test_joint_limits_and_scaling_bound_the_speed(at_home):
    goal = at_home.goal(pose_goal(pose(0.1, 0.6, 0.4)))
    fast = at_home.move(goal).planned_trajectory
    goal.request.max_velocity_scaling_factor = 0.25
    slow = at_home.move(goal).planned_trajectory
    top = [np.abs([p.velocities for p in t.joint_trajectory.points]).max() for t in (fast, slow)]
    assert top[0] == pytest.approx(1.6, rel=0.05)
    assert top[1] == pytest.approx(0.4, rel=0.05)


def test_a_cartesian_speed_limit_slows_the_whole_motion(at_home):
    goal = at_home.goal(pose_goal(pose(0.1, 0.6, 0.4)))
    free = times(at_home.move(goal).planned_trajectory)[-1]
    goal.request.cartesian_speed_limited_link = 'tcp'
    goal.request.max_cartesian_speed = 0.1
    assert times(at_home.move(goal).planned_trajectory)[-1] > 2 * free


def test_plan_and_execute_ends_where_the_plan_ends(at_home):
    result = at_home.move(at_home.goal(pose_goal(pose(0.4, 0.1, 0.3)), plan_only=False))
    assert result.error_code.val == E.SUCCESS
    end = result.planned_trajectory.joint_trajectory.points[-1].positions
    at_home.spin_until(lambda: at_home.at(end))


def test_a_goal_already_reached_succeeds_without_motion(at_home):
    at_home.set_fault('refuse')  # whoever sent a trajectory would fail
    result = at_home.move(at_home.goal(joint_goal(JOINTS, HOME), plan_only=False))
    assert result.error_code.val == E.SUCCESS


def test_the_start_state_of_a_request_replaces_the_current_one(at_home):
    start = [*HOME[:5], 0.5]
    goal = at_home.goal(pose_goal(pose(0.4, 0.1, 0.3)))
    goal.request.start_state.joint_state.name = list(JOINTS)
    goal.request.start_state.joint_state.position = start
    points = at_home.move(goal).planned_trajectory.joint_trajectory.points
    np.testing.assert_allclose(points[0].positions, start, atol=1e-6)


def test_of_several_goals_a_reachable_one_is_taken(at_home):
    goals = pose_goal(pose(3.0, 0.0, 0.3)), joint_goal(JOINTS, [*HOME[:5], 0.0])
    result = at_home.move(at_home.goal(*goals))
    assert result.error_code.val == E.SUCCESS
    end = result.planned_trajectory.joint_trajectory.points[-1].positions
    assert end[5] == pytest.approx(0.0, abs=1e-3)


def test_the_offset_of_a_position_constraint_moves_the_point_that_reaches_the_target(at_home):
    far = pose_goal(pose(0.4, 0.1, 0.2))
    far.position_constraints[0].target_point_offset = Vector3(z=0.1)
    ends = [
        at_home.move(at_home.goal(goal)).planned_trajectory.joint_trajectory.points[-1].positions
        for goal in (far, pose_goal(pose(0.4, 0.1, 0.3)))
    ]
    np.testing.assert_allclose(*ends, atol=5e-3)


def test_a_goal_may_be_given_in_the_frame_of_a_link(at_home):
    goal = at_home.goal(pose_goal(pose(0.0, 0.0, 0.0, (0, 0, 0, 1)), frame='tcp'))
    trajectory = at_home.move(goal).planned_trajectory.joint_trajectory
    np.testing.assert_allclose(trajectory.points[-1].positions, HOME, atol=5e-3)


def test_a_goal_may_be_given_in_a_frame_that_only_tf_knows(at_home):
    broadcaster = StaticTransformBroadcaster(at_home)
    table = TransformStamped(child_frame_id='table')
    table.header.frame_id = 'base_link'
    table.transform.translation = Vector3(x=0.4, y=0.1)
    broadcaster.sendTransform(table)
    goals = pose_goal(pose(0.0, 0.0, 0.3), frame='table'), pose_goal(pose(0.4, 0.1, 0.3))

    def known():
        result = at_home.move(at_home.goal(goals[0]))
        return result.error_code.val != E.FRAME_TRANSFORM_FAILURE

    at_home.spin_until(known)  # the frame reaches move_group in its own time
    ends = [
        at_home.move(at_home.goal(goal)).planned_trajectory.joint_trajectory.points[-1].positions
        for goal in goals
    ]
    np.testing.assert_allclose(*ends, atol=5e-3)


def test_equal_seeds_give_equal_plans(at_home):
    wall = box('wall', pose(0.35, 0.25, 0.2, (0, 0, 0, 1)), (0.3, 0.02, 0.4))
    assert at_home.change_scene(objects=[wall])
    plans = [
        at_home.move(at_home.goal(pose_goal(pose(0.3, 0.45, 0.2)))).planned_trajectory
        for _ in range(2)
    ]
    assert plans[0] == plans[1]


def test_a_scene_diff_holds_for_its_own_request_only(at_home):
    goal = at_home.goal(pose_goal(pose(0.4, 0.1, 0.3)))
    block = box('block', pose(0.4, 0.1, 0.3), (0.1, 0.1, 0.1))
    goal.planning_options.planning_scene_diff = PlanningScene(is_diff=True)
    goal.planning_options.planning_scene_diff.world.collision_objects = [block]
    assert at_home.move(goal).error_code.val == E.GOAL_IN_COLLISION
    goal.planning_options.planning_scene_diff.world.collision_objects = []
    assert at_home.move(goal).error_code.val == E.SUCCESS


def unknown_group(goal):
    goal.request.group_name = 'leg'


def unknown_link(goal):
    goal.request.goal_constraints = [pose_goal(pose(0.4, 0.1, 0.3), link='toe')]


def unknown_frame(goal):
    goal.request.goal_constraints = [pose_goal(pose(0.4, 0.1, 0.3), frame='moon')]


def out_of_reach(goal):
    goal.request.goal_constraints = [pose_goal(pose(2.0, 0.0, 0.3))]


def no_goal(goal):
    goal.request.goal_constraints = []


def foreign_joint(goal):
    goal.request.goal_constraints = [joint_goal([FINGER], [0.01])]


def path_constraint(goal):
    goal.request.path_constraints = pose_goal(pose(0.4, 0.1, 0.3))


def start_beyond_limits(goal):
    goal.request.start_state.joint_state.name = ['pan']
    goal.request.start_state.joint_state.position = [4.0]


def names_without_positions(goal):
    goal.request.start_state.joint_state.name = ['pan']


def object_around_start(goal):
    item = box('shell', pose(0.0, 0.0, 0.6), (1.0, 1.0, 0.3))
    goal.planning_options.planning_scene_diff.world.collision_objects = [item]


def object_at_goal(goal):
    item = box('block', pose(0.4, 0.1, 0.3), (0.1, 0.1, 0.1))
    goal.planning_options.planning_scene_diff.world.collision_objects = [item]


def unknown_object(goal):
    item = CollisionObject(id='ghost', operation=CollisionObject.REMOVE)
    goal.planning_options.planning_scene_diff.world.collision_objects = [item]


@pytest.mark.parametrize(
    ('spoil', 'code', 'word'),
    [
        (unknown_group, E.INVALID_GROUP_NAME, 'arm'),
        (unknown_link, E.INVALID_LINK_NAME, 'tcp'),
        (unknown_frame, E.FRAME_TRANSFORM_FAILURE, 'moon'),
        (out_of_reach, E.NO_IK_SOLUTION, 'nearer'),
        (no_goal, E.INVALID_GOAL_CONSTRAINTS, 'at least one'),
        (foreign_joint, E.INVALID_GOAL_CONSTRAINTS, FINGER),
        (path_constraint, E.PLANNING_FAILED, 'Path constraints'),
        (start_beyond_limits, E.START_STATE_INVALID, 'pan'),
        (names_without_positions, E.INVALID_ROBOT_STATE, 'positions'),
        (object_around_start, E.START_STATE_IN_COLLISION, 'shell'),
        (object_at_goal, E.GOAL_IN_COLLISION, 'block'),
        (unknown_object, E.INVALID_OBJECT_NAME, 'ghost'),
    ],
)
def test_a_bad_request_has_its_own_code_and_says_what_is_wrong(at_home, spoil, code, word):
    goal = at_home.goal(pose_goal(pose(0.4, 0.1, 0.3)))
    spoil(goal)
    error = at_home.move(goal).error_code
    assert error.val == code, error
    assert word in error.message
    assert error.source == 'move_group'
