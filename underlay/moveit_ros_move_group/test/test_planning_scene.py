from move_group_client import box, joint_goal, pose, pose_goal
from moveit_msgs.msg import (
    AllowedCollisionEntry,
    AttachedCollisionObject,
    CollisionObject,
)
from moveit_msgs.msg import (
    MoveItErrorCodes as E,
)
from moveit_msgs.msg import (
    PlanningSceneComponents as Components,
)
import pytest
from robot_model import HOME, JOINTS
from shape_msgs.msg import Mesh, Plane, SolidPrimitive

TARGET = (0.4, 0.1, 0.3)
UPRIGHT = (0, 0, 0, 1)


def reach(client):
    """Plan to TARGET and return the code."""
    return client.move(client.goal(pose_goal(pose(*TARGET)))).error_code.val


def allow(client, name, other=None):
    """Let `name` touch `other`, or everything, as MoveIt's clients do: get, change, apply."""
    matrix = client.scene(Components.ALLOWED_COLLISION_MATRIX).allowed_collision_matrix
    if other is None:
        matrix.default_entry_names = [*matrix.default_entry_names, name]
        matrix.default_entry_values = [*matrix.default_entry_values, True]
    else:
        for new in (name, other):
            if new not in matrix.entry_names:
                matrix.entry_names = [*matrix.entry_names, new]
                for row in matrix.entry_values:
                    row.enabled = [*row.enabled, False]
                size = len(matrix.entry_names)
                matrix.entry_values = [
                    *matrix.entry_values,
                    AllowedCollisionEntry(enabled=[False] * size),
                ]
        i, j = (list(matrix.entry_names).index(n) for n in (name, other))
        matrix.entry_values[i].enabled[j] = matrix.entry_values[j].enabled[i] = True
    return client.change_scene(matrix=matrix)


@pytest.mark.parametrize(
    ('kind', 'dimensions'),
    [
        (SolidPrimitive.BOX, [0.1, 0.1, 0.1]),
        (SolidPrimitive.SPHERE, [0.05]),
        (SolidPrimitive.CYLINDER, [0.1, 0.05]),
    ],
)
def test_every_kind_of_primitive_is_an_obstacle_until_it_is_removed(client, kind, dimensions):
    item = box('thing', pose(*TARGET), (1, 1, 1))
    item.primitives = [SolidPrimitive(type=kind, dimensions=dimensions)]
    assert client.change_scene(objects=[item])
    assert reach(client) == E.GOAL_IN_COLLISION
    item = CollisionObject(id='thing', operation=CollisionObject.REMOVE)
    assert client.change_scene(objects=[item])
    assert reach(client) == E.SUCCESS


def test_a_moved_object_is_where_it_was_moved_to(client):
    assert client.change_scene(objects=[box('thing', pose(*TARGET), (0.1, 0.1, 0.1))])
    item = CollisionObject(id='thing', pose=pose(0.4, -0.5, 0.3), operation=CollisionObject.MOVE)
    item.header.frame_id = 'base_link'
    assert client.change_scene(objects=[item])
    assert reach(client) == E.SUCCESS
    assert client.scene().world.collision_objects[0].pose.position.y == pytest.approx(-0.5)


def test_an_appended_shape_joins_the_object_where_it_was_sent(client):
    assert client.change_scene(objects=[box('thing', pose(0.4, -0.5, 0.3), (0.1, 0.1, 0.1))])
    more = box('thing', pose(*TARGET), (0.1, 0.1, 0.1))
    more.operation = CollisionObject.APPEND
    assert client.change_scene(objects=[more])
    assert len(client.scene().world.collision_objects[0].primitives) == 2
    assert reach(client) == E.GOAL_IN_COLLISION


def test_an_object_given_in_a_link_frame_is_placed_by_that_link(at_home):
    here = box('thing', pose(0, 0, 0.2, UPRIGHT), (0.1, 0.1, 0.1), frame='tcp')
    assert at_home.change_scene(objects=[here])
    frame = at_home.scene().world.collision_objects[0].header.frame_id
    assert frame == 'base_link'
    inside = pose_goal(pose(0, 0, 0, UPRIGHT), frame='thing')
    assert at_home.move(at_home.goal(inside)).error_code.val == E.GOAL_IN_COLLISION


@pytest.mark.parametrize('spoil', ['mesh', 'plane', 'cone', 'nothing', 'link name', 'frame'])
def test_what_cannot_be_checked_is_refused_and_changes_nothing(client, spoil):
    item = box('thing', pose(*TARGET), (0.1, 0.1, 0.1))
    if spoil == 'mesh':
        item.meshes, item.mesh_poses = [Mesh()], [pose(0, 0, 0)]
    elif spoil == 'plane':
        item.planes, item.plane_poses = [Plane(coef=[0.0, 0.0, 1.0, 0.0])], [pose(0, 0, 0)]
    elif spoil == 'cone':
        item.primitives[0].type = SolidPrimitive.CONE
    elif spoil == 'nothing':
        item.primitives, item.primitive_poses = [], []
    elif spoil == 'link name':
        item.id = 'tcp'
    else:
        item.header.frame_id = 'moon'
    good = box('good', pose(0.4, -0.5, 0.3), (0.1, 0.1, 0.1))
    assert not client.change_scene(objects=[good, item])
    assert client.scene().world.collision_objects == []


def test_an_object_that_may_touch_everything_is_no_obstacle(client):
    assert client.change_scene(objects=[box('soft', pose(*TARGET), (0.1, 0.1, 0.1))])
    assert reach(client) == E.GOAL_IN_COLLISION
    assert allow(client, 'soft')
    assert reach(client) == E.SUCCESS


def test_only_the_links_that_may_touch_an_object_do(client):
    small = box('target', pose(*TARGET), (0.02, 0.02, 0.02))
    wide = box('target', pose(*TARGET), (0.1, 0.1, 0.1))
    wide.primitives[0].dimensions = [0.1, 0.02, 0.02]  # reaches through both fingers
    assert client.change_scene(objects=[small])
    assert reach(client) == E.SUCCESS  # it lies between the fingers
    assert client.change_scene(objects=[wide])
    assert reach(client) == E.GOAL_IN_COLLISION
    assert allow(client, 'target', 'left_finger')
    assert reach(client) == E.GOAL_IN_COLLISION
    assert allow(client, 'target', 'right_finger')
    assert reach(client) == E.SUCCESS


def test_a_matrix_of_the_wrong_size_is_refused(client):
    matrix = client.scene(Components.ALLOWED_COLLISION_MATRIX).allowed_collision_matrix
    matrix.entry_values = matrix.entry_values[:-1]
    assert not client.change_scene(matrix=matrix)


def test_the_pairs_of_the_srdf_are_in_the_matrix(client):
    matrix = client.scene(Components.ALLOWED_COLLISION_MATRIX).allowed_collision_matrix
    i, j = (list(matrix.entry_names).index(n) for n in ('palm', 'left_finger'))
    assert matrix.entry_values[i].enabled[j]
    assert matrix.entry_values[j].enabled[i]


def test_components_choose_what_is_returned(client):
    assert client.change_scene(objects=[box('thing', pose(0.4, -0.5, 0.3), (0.1, 0.1, 0.1))])
    names = client.scene(Components.WORLD_OBJECT_NAMES)
    assert [o.id for o in names.world.collision_objects] == ['thing']
    assert names.world.collision_objects[0].primitives == []
    assert names.robot_state.joint_state.name == []
    assert names.allowed_collision_matrix.entry_names == []
    state = client.scene(Components.ROBOT_STATE)
    assert set(JOINTS) <= set(state.robot_state.joint_state.name)
    assert state.world.collision_objects == []


def test_an_attached_object_moves_with_the_gripper_and_hits_the_world(at_home):
    rod = AttachedCollisionObject(link_name='tcp', touch_links=['left_finger', 'right_finger'])
    rod.object = box('rod', pose(0, 0, 0.15, UPRIGHT), (0.02, 0.02, 0.3), frame='tcp')
    wall = box('wall', pose(0.4, 0.4, 0.05), (0.2, 0.2, 0.1))
    above = at_home.goal(pose_goal(pose(0.4, 0.4, 0.3)))  # by 0.2 m, and the rod is 0.3 m long
    assert at_home.change_scene(objects=[wall])
    assert at_home.move(above).error_code.val == E.SUCCESS
    assert at_home.change_scene(attached=[rod])
    assert at_home.move(above).error_code.val == E.GOAL_IN_COLLISION
    held = at_home.scene(Components.ROBOT_STATE_ATTACHED_OBJECTS).robot_state
    assert [a.object.id for a in held.attached_collision_objects] == ['rod']
    assert held.attached_collision_objects[0].link_name == 'tcp'


def test_attaching_takes_an_object_out_of_the_world_and_detaching_leaves_it_there(at_home):
    ball = box('ball', pose(0, 0, 0, UPRIGHT), (0.02, 0.02, 0.02), frame='tcp')
    assert at_home.change_scene(objects=[ball])
    before = at_home.scene().world.collision_objects[0].pose.position
    attach = AttachedCollisionObject(link_name='tcp')
    attach.object = CollisionObject(id='ball', operation=CollisionObject.ADD)
    assert at_home.change_scene(attached=[attach])
    assert at_home.scene().world.collision_objects == []
    turned = [HOME[0] + 0.5, *HOME[1:]]
    goal = at_home.goal(joint_goal(JOINTS, turned), plan_only=False)
    assert at_home.move(goal).error_code.val == E.SUCCESS
    at_home.spin_until(lambda: at_home.at(turned))
    attach.object.operation = CollisionObject.REMOVE
    assert at_home.change_scene(attached=[attach])
    after = at_home.scene().world.collision_objects[0].pose.position
    radius = [(p.x**2 + p.y**2) ** 0.5 for p in (before, after)]
    assert radius[0] == pytest.approx(radius[1], abs=1e-3)
    assert abs(after.y - before.y) > 0.1
