"""The steps of a pick and of a traced motion, against an arm that only takes notes."""

from noting_arm import NotingArm
import numpy as np
import pytest
from vla_r1_core.errors import MotionError, OutcomeCode
from vla_r1_planner.footprint import Footprint
from vla_r1_planner.grasp import GraspCandidate, pointing_down
from vla_r1_planner.motion import Verdict
from vla_r1_planner.pick import PickSettings, plan_pick, run_pick
from vla_r1_planner.reach import plan_reach, run_reach

SETTINGS = PickSettings(approach_height_m=0.1, lift_height_m=0.15, empty_m=0.004)
CUBE = Footprint(np.array([0.5, 0.0]), 0.0, 0.04, 0.04, 0.0, 0.04)


def grasp(width=0.04):
    pose = pointing_down(np.array([0.5, 0.0, 0.02]), 0.0)
    return GraspCandidate(pose, width + 0.024, width, 1.0)


def quiet(stage, text):
    pass


def planned(arm, count=1):
    return plan_pick(arm, [grasp() for _ in range(count)], CUBE, SETTINGS, quiet)


def test_a_pick_is_planned_to_its_end_before_anything_moves():
    arm = NotingArm()
    planned(arm)
    assert arm.calls == ['plan_pose', 'plan_line', 'plan_line']


def test_a_pick_opens_approaches_descends_closes_and_lifts():
    arm = NotingArm()
    plan = planned(arm)
    arm.calls.clear()
    assert run_pick(arm, plan, SETTINGS, quiet) is Verdict.VERIFIED
    assert arm.calls == ['open 0.064', 'let go', 'approach', 'descent', 'close', 'hold', 'lift']


def test_the_segments_join_above_the_grasp_and_end_at_lift_height():
    plan = planned(NotingArm())
    heights = [pose[2, 3] for segment in plan.segments for pose in segment.tool_poses]
    np.testing.assert_allclose(heights, [0.12, 0.12, 0.02, 0.02, 0.17])


@pytest.mark.parametrize('failing_call', [1, 2, 3])
def test_the_next_candidate_is_tried_when_any_segment_cannot_be_planned(failing_call):
    arm = NotingArm(fail={failing_call: OutcomeCode.CARTESIAN_INCOMPLETE})
    planned(arm, count=2)
    assert arm.calls[failing_call:] == ['plan_pose', 'plan_line', 'plan_line']


def test_when_no_candidate_can_be_planned_the_best_ones_reason_is_given():
    arm = NotingArm(fail={1: OutcomeCode.GOAL_IN_COLLISION, 2: OutcomeCode.GOAL_UNREACHABLE})
    with pytest.raises(MotionError, match='none of 2 grasps') as error:
        planned(arm, count=2)
    assert error.value.code == OutcomeCode.GOAL_IN_COLLISION


@pytest.mark.parametrize(
    'code',
    [OutcomeCode.CANCELED, OutcomeCode.MOVE_GROUP_UNAVAILABLE, OutcomeCode.START_IN_COLLISION],
)
def test_what_another_grasp_cannot_mend_ends_planning_at_once(code):
    arm = NotingArm(fail={1: code})
    with pytest.raises(MotionError) as error:
        planned(arm, count=4)
    assert error.value.code == code
    assert arm.calls == ['plan_pose']


def test_an_empty_grasp_opens_withdraws_and_says_so():
    arm = NotingArm(caught_m=0.001)
    plan = planned(arm)
    arm.calls.clear()
    with pytest.raises(MotionError) as error:
        run_pick(arm, plan, SETTINGS, quiet)
    assert error.value.code == OutcomeCode.GRASP_EMPTY
    closed = arm.calls.index('close')
    assert arm.calls[closed + 1 :] == ['open 0.064', 'lift']


def test_an_object_lost_during_the_lift_refutes_the_pick():
    arm = NotingArm(after_lift_m=0.0)
    assert run_pick(arm, planned(arm), SETTINGS, quiet) is Verdict.REFUTED


def test_without_a_gripper_reading_nothing_is_claimed():
    arm = NotingArm()
    arm.gripper_opening = lambda: None
    assert run_pick(arm, planned(arm), SETTINGS, quiet) is Verdict.UNKNOWN


@pytest.mark.parametrize('step', range(1, 8))
def test_nothing_happens_after_a_step_that_fails(step):
    arm = NotingArm()
    plan = planned(arm)
    arm.calls.clear()
    arm.fail = {step: OutcomeCode.CANCELED}
    with pytest.raises(MotionError):
        run_pick(arm, plan, SETTINGS, quiet)
    assert len(arm.calls) == step


def test_a_trace_is_approached_and_followed_in_the_first_way_that_can_be_planned():
    ways = [
        np.array([pointing_down(np.array([0.4 + x, 0.0, 0.1]), yaw) for x in (0.0, 0.1, 0.2)])
        for yaw in (0.0, 1.57)
    ]
    arm = NotingArm(fail={2: OutcomeCode.CARTESIAN_INCOMPLETE})
    plan = plan_reach(arm, ways, quiet)
    np.testing.assert_array_equal(plan.follow.tool_poses, ways[1])
    arm.calls.clear()
    arm.fail.clear()
    run_reach(arm, plan, quiet)
    assert arm.calls == ['approach', 'follow']


def test_the_stages_are_reported_in_order():
    stages = []
    arm = NotingArm()
    plan = plan_pick(arm, [grasp()], CUBE, SETTINGS, lambda stage, _: stages.append(stage))
    run_pick(arm, plan, SETTINGS, lambda stage, _: stages.append(stage))
    assert list(dict.fromkeys(stages)) == ['plan', 'approach', 'grasp', 'lift']
