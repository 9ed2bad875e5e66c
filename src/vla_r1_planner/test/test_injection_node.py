"""Failures that come from the world around the planner, and its answers to them."""

from contextlib import contextmanager

from geometry_msgs.msg import Point, Pose, Quaternion
from moveit_msgs.msg import CollisionObject, PlanningScene
from moveit_msgs.srv import ApplyPlanningScene
from planner_cell import assert_next_instruction_works, assert_refused, other_planner
import pytest
from shape_msgs.msg import SolidPrimitive
from std_msgs.msg import Header
from vla_r1_core.errors import OutcomeCode

from vla_r1_msgs.msg import Affordance

CUBE = (0.436, -0.256)  # the red cube of seed 0 [m]
HAND = (0.292, 0.007, 0.48)  # the gripper at home [m]
# Around the hand, with a hole in the lid that the wrist fits through and the hand does not.
CAGE = [
    ((0.0, 0.0, -0.115), (0.13, 0.19, 0.01)),
    *(((x, 0.0, -0.035), (0.01, 0.19, 0.17)) for x in (-0.06, 0.06)),
    *(((0.0, y, -0.035), (0.13, 0.01, 0.17)) for y in (-0.09, 0.09)),
    *(((x, 0.0, 0.05), (0.02, 0.19, 0.01)) for x in (-0.055, 0.055)),
    *(((0.0, y, 0.05), (0.13, 0.05, 0.01)) for y in (-0.07, 0.07)),
]


def apply(cell, body):
    client = cell.node.create_client(ApplyPlanningScene, 'apply_planning_scene')
    assert client.wait_for_service(timeout_sec=10.0)
    scene = PlanningScene(is_diff=True)
    scene.robot_state.is_diff = True
    scene.world.collision_objects = [body]
    assert cell.wait(client.call_async(ApplyPlanningScene.Request(scene=scene))).success
    cell.node.destroy_client(client)


@contextmanager
def in_the_way(cell, centre, *boxes):
    """Boxes ((3,) offset from a centre, (3,) size) [m] that move_group knows of, as a cell's own.

    The planner leaves alone what it has not put there itself.
    """
    body = CollisionObject(
        header=Header(frame_id='base_link'),
        id='of_the_cell',
        pose=Pose(orientation=Quaternion(w=1.0)),
        operation=CollisionObject.ADD,
    )
    for offset, size in boxes:
        place = [float(c + o) for c, o in zip(centre, offset, strict=True)]
        point = Point(x=place[0], y=place[1], z=place[2])
        body.primitives.append(SolidPrimitive(type=SolidPrimitive.BOX, dimensions=size))
        body.primitive_poses.append(Pose(position=point, orientation=Quaternion(w=1.0)))
    apply(cell, body)
    try:
        yield
    finally:
        gone = CollisionObject(header=body.header, id=body.id, operation=CollisionObject.REMOVE)
        apply(cell, gone)


@pytest.mark.injects
@pytest.mark.parametrize(
    ('centre', 'code'),
    [
        ((*CUBE, 0.25), OutcomeCode.GOAL_IN_COLLISION),
        (HAND, OutcomeCode.START_IN_COLLISION),
    ],
)
def test_what_stands_where_the_hand_shall_be_or_is_has_its_code(cell, centre, code):
    cell.reset()
    with in_the_way(cell, centre, ((0.0, 0.0, 0.0), (0.3, 0.3, 0.1))):
        outcome, _ = cell.ask()
    assert_refused(outcome, code)
    assert_next_instruction_works(cell)


@pytest.mark.injects
def test_a_way_that_is_not_found_in_time_has_its_code(cell):
    cell.reset()
    with other_planner(cell, planning_time_s=0.2), in_the_way(cell, HAND, *CAGE):
        outcome, _ = cell.ask(cell.other)
    assert_refused(outcome, OutcomeCode.PLANNING_FAILED)


@pytest.mark.injects
def test_what_moveit_says_in_a_way_of_its_own_is_passed_on(cell):
    cell.reset()
    with other_planner(cell, arm_group='no_such_group'):
        outcome, _ = cell.ask(cell.other)
    assert_refused(outcome, OutcomeCode.UNKNOWN)
    assert 'no_such_group' in outcome.error_msg


@pytest.mark.injects
def test_an_answer_around_nothing_is_refused(cell):
    cell.reset()
    with other_planner(cell):
        answer = Affordance(label='cube', image_width=320, image_height=240)
        answer.bbox.center.position.x, answer.bbox.center.position.y = 80.0, 185.0
        answer.bbox.size_x = answer.bbox.size_y = 12.0
        publisher = cell.node.create_publisher(Affordance, 'other/affordance', 1)
        cell.spin(publisher.get_subscription_count)
        for _ in range(3):  # a busy machine loses a depth image now and then
            cell.outcomes.clear()
            answer.header = cell.infos[-1].header
            publisher.publish(answer)
            cell.spin(lambda: cell.outcomes)
            if cell.outcomes[-1].error_code != OutcomeCode.STALE_DEPTH:
                break
            cell.pictures(2)
    cell.node.destroy_publisher(publisher)
    assert_refused(cell.outcomes[-1], OutcomeCode.NO_OBJECT_POINTS)
