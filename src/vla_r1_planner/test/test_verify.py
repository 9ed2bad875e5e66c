"""Looking again tells a change from none, and says so when it cannot tell."""

from dataclasses import replace

import numpy as np
import pytest
from vla_r1_planner.footprint import Footprint
from vla_r1_planner.motion import Change, Verdict
from vla_r1_planner.neighbours import Cylinder
from vla_r1_planner.sight import look, Sight
from vla_r1_planner.verify import verify

EMPTY_M = 0.004
NOISE = 0.001
SIZE = (0.04, 0.06, 0.05)
PLACE = (0.5, 0.0)
GOAL = np.array([0.45, 0.16, 0.0])
CUBOID = Footprint(np.array(PLACE), 0.0, SIZE[0], SIZE[1], 0.0, SIZE[2])
PICK = Change(before=CUBOID, held=True)
MOVE = Change(before=CUBOID, goal=GOAL)


def judge(change, before, after, *, opening_m=0.04, robot=(), seed=1):
    (old, _), (new, _) = before.render(NOISE, 0), after.render(NOISE, seed)
    return verify(change, old, new, opening_m=opening_m, empty_m=EMPTY_M, robot=robot)


def test_an_object_that_is_gone_and_held_is_verified(scene):
    found = judge(PICK, scene.box(PLACE, SIZE), scene)
    assert found.verdict is Verdict.VERIFIED
    assert '40 mm' in found.reason


def test_an_object_that_still_stands_there_refutes_a_pick(scene):
    standing = scene.box(PLACE, SIZE)
    assert judge(PICK, standing, standing).verdict is Verdict.REFUTED


@pytest.mark.parametrize('height', [0.008, 0.02, 0.08])
def test_low_and_high_objects_are_told_from_their_empty_place(scene, height):
    cuboid = replace(CUBOID, top=height)
    view, _ = scene.box(PLACE, (*SIZE[:2], height)).render(NOISE, 2)
    assert look(view, cuboid) is Sight.FILLED
    view, _ = scene.render(NOISE, 2)
    assert look(view, cuboid) is Sight.EMPTY


def test_a_ball_fills_its_cuboid(scene):
    view, _ = scene.ball(PLACE, 0.025).render(NOISE, 2)
    cuboid = Footprint(np.array(PLACE), 0.3, 0.05, 0.05, 0.0, 0.05)
    assert look(view, cuboid) is Sight.FILLED


def test_a_closed_gripper_refutes_a_pick_even_when_the_object_is_gone(scene):
    found = judge(PICK, scene.box(PLACE, SIZE), scene, opening_m=0.001)
    assert found.verdict is Verdict.REFUTED
    assert 'closed' in found.reason


def test_a_place_behind_something_gives_no_verdict(scene):
    hidden = scene.box((0.62, 0.0), (0.04, 0.3, 0.2))
    assert judge(PICK, scene.box(PLACE, SIZE), hidden).verdict is Verdict.UNKNOWN


def test_a_place_without_depth_gives_no_verdict(scene):
    view, _ = scene.render()
    assert look(replace(view, depth=np.full_like(view.depth, np.nan)), CUBOID) is Sight.UNCLEAR


def test_a_place_outside_the_image_gives_no_verdict(scene):
    view, _ = scene.render()
    assert look(view, replace(CUBOID, centre=np.array([0.5, 3.0]))) is Sight.UNCLEAR


def test_the_arm_at_the_place_is_not_the_object(scene):
    arm = Cylinder(np.array([*PLACE, 0.0]), np.array([*PLACE, 0.3]), 0.1)
    standing = scene.box(PLACE, SIZE)
    found = judge(PICK, standing, standing, robot=[arm])
    assert found.verdict is Verdict.UNKNOWN


def test_an_object_that_appears_at_its_goal_is_verified(scene):
    after = scene.box(GOAL[:2], SIZE, yaw=0.4)
    assert judge(MOVE, scene.box(PLACE, SIZE), after).verdict is Verdict.VERIFIED


@pytest.mark.parametrize('where', [PLACE, (0.6, -0.1), (0.45, 0.28)])
def test_an_object_that_is_elsewhere_refutes_a_move(scene, where):
    found = judge(MOVE, scene.box(PLACE, SIZE), scene.box(where, SIZE))
    assert found.verdict is Verdict.REFUTED


def test_what_stood_at_the_goal_before_is_not_the_object(scene):
    neighbour = scene.box(GOAL[:2], SIZE)
    found = judge(MOVE, neighbour.box(PLACE, SIZE), neighbour)
    assert found.verdict is Verdict.REFUTED


def test_an_object_on_top_of_another_is_verified(scene):
    tray = scene.box(GOAL[:2], (0.13, 0.17, 0.015))
    goal = GOAL + np.array([0.0, 0.0, 0.015])
    on_tray = replace(tray, table=0.015).box(GOAL[:2], SIZE)
    after = replace(on_tray, table=0.0)
    found = judge(replace(MOVE, goal=goal), tray.box(PLACE, SIZE), after)
    assert found.verdict is Verdict.VERIFIED


def test_a_short_push_away_from_the_camera_is_verified(scene):
    goal = np.array([PLACE[0] - 0.05, PLACE[1], 0.0])
    found = judge(replace(MOVE, goal=goal), scene.box(PLACE, SIZE), scene.box(goal[:2], SIZE))
    assert found.verdict is Verdict.VERIFIED


def test_a_hidden_goal_gives_no_verdict(scene):
    wall = scene.box((GOAL[0] + 0.12, GOAL[1]), (0.04, 0.3, 0.2))
    found = judge(MOVE, scene.box(PLACE, SIZE), wall.box(GOAL[:2], SIZE))
    assert found.verdict is Verdict.UNKNOWN


def test_where_nothing_was_to_move_there_is_no_verdict(scene):
    assert judge(Change(), scene, scene).verdict is Verdict.UNKNOWN


def bowl(scene, xy, side=0.12, wall=0.005, height=0.05):
    """A box without a lid around a place."""
    half = (side + wall) / 2
    for dx, dy in ((half, 0.0), (-half, 0.0), (0.0, half), (0.0, -half)):
        size = (wall, side + 2 * wall, height) if dx else (side, wall, height)
        scene = scene.box((xy[0] + dx, xy[1] + dy), size)
    return scene


@pytest.mark.parametrize('seed', range(2))
def test_walls_that_a_moved_camera_sees_from_elsewhere_are_not_new(scene, seed):
    camera = replace(scene, eye=(0.45, 0.01, 0.55), target=(0.46, 0.0, 0.0))  # as on a wrist
    before = bowl(camera, GOAL[:2]).box(PLACE, (0.04, 0.04, 0.04))
    after = replace(bowl(camera, GOAL[:2]), eye=(0.5, 0.2, 0.33), target=(0.51, 0.19, 0.0))
    moved = Change(before=replace(CUBOID, short=0.04, long=0.04, top=0.04), goal=GOAL)
    inside = after.box(GOAL[:2], (0.04, 0.04, 0.04))
    assert judge(moved, before, inside, seed=seed).verdict is Verdict.VERIFIED
    assert judge(moved, before, after, seed=seed).verdict is not Verdict.VERIFIED


@pytest.mark.parametrize('stands', [True, False])
def test_a_place_that_the_picture_shows_in_part_gives_no_verdict(scene, stands):
    half_width = 0.5 / 0.95 * 0.5  # [m] of the surface that a camera 0.5 m above it sees
    aside = PLACE[1] + half_width
    camera = replace(scene, eye=(0.499, aside, 0.5), target=(0.5, aside, 0.0))
    view, _ = (camera.box(PLACE, SIZE) if stands else camera).render(NOISE, 3)
    assert look(view, CUBOID) is Sight.UNCLEAR
