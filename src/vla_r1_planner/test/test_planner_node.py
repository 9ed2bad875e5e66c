"""The planner among real processes does what is asked, or says why not."""

import time

from action_msgs.msg import GoalStatus
from planner_cell import (
    ANSWERS,
    assert_next_instruction_works,
    assert_refused,
    CUBE,
    other_planner,
)
import pytest
from rclpy.action import ActionClient, ActionServer
from rclpy.task import Future
from std_msgs.msg import String
from std_srvs.srv import Trigger
from vla_r1_core.errors import OutcomeCode, ReasonCode

from vla_r1_msgs.action import ExecuteInstruction, Reason
from vla_r1_msgs.msg import Outcome, Reasoning


def test_the_named_object_is_lifted_in_physics(cell):
    cell.reset()
    outcome, status = cell.ask()
    assert outcome.error_code == OutcomeCode.NONE, outcome.error_msg
    assert cell.done()
    assert status == GoalStatus.STATUS_SUCCEEDED
    assert outcome.verified == Outcome.VERIFIED
    assert outcome.task == Reasoning.AFFORDANCE
    assert outcome.header.frame_id == 'camera_color_optical_frame'
    assert outcome.planning_time > 0.0
    assert outcome.execution_time > 1.0
    heights = [pose.pose.position.z for pose in outcome.executed.poses]
    assert len(heights) > 20
    assert min(heights) < 0.05
    assert heights[-1] > 0.12
    order = list(dict.fromkeys(stage for stage, _ in cell.stages))
    assert order == ['reason', 'ground', 'plan', 'approach', 'grasp', 'lift', 'verify']


def test_the_outcome_is_published_as_well(cell):
    cell.outcomes.clear()
    outcome, _ = cell.ask(plan_only=True)
    cell.spin(lambda: cell.outcomes)
    assert cell.outcomes[-1].request_id == outcome.request_id


def test_a_plan_only_goal_plans_and_never_moves(cell):
    cell.reset()
    before = time.monotonic()
    outcome, _ = cell.ask(plan_only=True)
    assert outcome.error_code == OutcomeCode.NONE, outcome.error_msg
    assert outcome.planned.poses
    assert not outcome.executed.poses
    assert cell.last_moved < before


def test_a_trace_is_followed_above_the_table(cell):
    cell.reset()
    outcome, _ = cell.ask(instruction='move to the red cube', task=Reasoning.TRAJECTORY)
    assert outcome.error_code == OutcomeCode.NONE, outcome.error_msg
    assert outcome.task == Reasoning.TRAJECTORY
    end, planned = outcome.executed.poses[-1].pose, outcome.planned.poses[-1].pose
    assert end.position.x == pytest.approx(planned.position.x, abs=0.01)
    assert end.position.y == pytest.approx(planned.position.y, abs=0.01)


@pytest.mark.parametrize(
    'instruction',
    [
        'reach the red cube',
        'push the red cube to the left',
        'put the red cube in the bowl',
        'put the red cube on the tray',
    ],
)
def test_every_task_is_done_in_physics(cell, instruction):
    cell.reset(instruction=instruction)
    outcome, _ = cell.ask(instruction=instruction)
    assert outcome.error_code == OutcomeCode.NONE, outcome.error_msg
    assert cell.done()


def test_a_correction_without_a_verb_goes_on_with_what_was_asked(cell):
    instruction = 'put the red cube in the bowl'
    cell.reset(instruction=instruction)
    outcome, _ = cell.ask(instruction=instruction, plan_only=True)
    assert outcome.error_code == OutcomeCode.NONE, outcome.error_msg
    outcome, _ = cell.ask(instruction='yes, the red one')
    assert outcome.error_code == OutcomeCode.NONE, outcome.error_msg
    assert cell.done()


def test_the_goal_of_an_instruction_by_topic_is_asked_for(cell):
    instruction = 'put the red cube in the bowl'
    cell.reset(instruction=instruction)
    with other_planner(cell, *ANSWERS):
        cell.outcomes.clear()
        cell.instruction.publish(String(data=instruction))
        cell.spin(lambda: cell.outcomes)
        time.sleep(1.0)
        cell.spin(lambda: True)
    assert [outcome.error_code for outcome in cell.outcomes] == [OutcomeCode.NONE]
    assert cell.outcomes[0].task == Reasoning.AFFORDANCE
    assert cell.done()


def test_an_instruction_by_topic_is_carried_out(cell):
    cell.reset()
    with other_planner(cell, *ANSWERS):
        cell.outcomes.clear()
        cell.instruction.publish(String(data=CUBE))
        cell.spin(lambda: cell.outcomes)
    outcome = cell.outcomes[-1]
    assert outcome.error_code == OutcomeCode.NONE, outcome.error_msg
    assert outcome.instruction == CUBE
    assert cell.done()


@pytest.mark.injects
@pytest.mark.parametrize(
    'text',
    [
        'asking the reasoner',
        'planning grasp',
        'moving above',
        'descending',
        'closing the gripper',
        'lifting',
    ],
)
def test_a_cancel_stops_the_arm_in_every_stage(cell, text):
    cell.reset()
    sent = cell.planner.send_goal_async(
        ExecuteInstruction.Goal(instruction=CUBE),
        feedback_callback=lambda m: cell.stages.append((m.feedback.stage, m.feedback.text)),
    )
    cell.stages = []
    handle = cell.wait(sent)
    finished = handle.get_result_async()
    cell.spin(lambda: any(text in said for _, said in cell.stages))
    handle.cancel_goal_async()
    response = cell.wait(finished)
    ended = time.monotonic()
    assert response.status == GoalStatus.STATUS_CANCELED
    assert response.result.outcome.error_code == OutcomeCode.CANCELED
    # How fast is bench_cancel's to measure; a busy machine tells late of a standstill.
    cell.spin(lambda: time.monotonic() > ended + 2.5)
    assert cell.last_moved < ended + 1.0
    assert_next_instruction_works(cell)


@pytest.mark.injects
def test_a_newer_instruction_stops_the_older_and_is_carried_out(cell):
    cell.reset()
    older = cell.send()
    cell.spin(lambda: any('moving above' in said for _, said in cell.stages))
    newer = cell.send()
    assert cell.wait(older).result.outcome.error_code == OutcomeCode.PREEMPTED
    assert cell.wait(newer).result.outcome.error_code == OutcomeCode.NONE
    assert cell.done()


@pytest.mark.injects
@pytest.mark.parametrize(
    ('fault', 'code'),
    [
        ('depth_nan', OutcomeCode.NO_VALID_DEPTH),
        ('depth_wrong_size', OutcomeCode.DEPTH_SIZE_MISMATCH),
        ('depth_wrong_encoding', OutcomeCode.UNSUPPORTED_DEPTH),
        ('depth_missing', OutcomeCode.STALE_DEPTH),
        ('joint_states_missing', OutcomeCode.JOINT_STATE_STALE),
    ],
)
def test_a_broken_sensor_is_named_and_the_next_instruction_works(cell, fault, code):
    cell.reset()
    cell.sim(fault=fault)
    cell.pictures(8)
    outcome, status = cell.ask()
    assert_refused(outcome, code)
    assert status == GoalStatus.STATUS_ABORTED
    cell.reset()
    assert_next_instruction_works(cell)


@pytest.mark.injects
def test_an_absent_object_passes_the_reasoners_code_on_without_motion(cell):
    cell.reset(instruction='pick up the red ball')
    before = time.monotonic()
    outcome, _ = cell.ask(instruction='pick up the purple ball')
    assert_refused(outcome, ReasonCode.OBJECT_NOT_FOUND)
    assert cell.last_moved < before


@pytest.mark.injects
@pytest.mark.parametrize(
    ('without', 'parameters', 'code'),
    [
        ('reason', {}, OutcomeCode.REASONER_UNAVAILABLE),
        ('camera_info', {}, OutcomeCode.NO_CAMERA_INFO),
        ('depth', {}, OutcomeCode.NO_DEPTH),
        ('joint_states', {}, OutcomeCode.JOINT_STATE_STALE),
        ('/tf_static', {}, OutcomeCode.TF_MISSING),
        ('/tf', {}, OutcomeCode.TF_MISSING),
        ('apply_planning_scene', {}, OutcomeCode.MOVE_GROUP_UNAVAILABLE),
        ('move_action', {}, OutcomeCode.MOVE_GROUP_UNAVAILABLE),
        ('', {'image_max_age_s': 0.01}, OutcomeCode.STALE_DEPTH),
        ('', {'gripper_max_opening_m': 0.03}, OutcomeCode.OBJECT_TOO_WIDE),
        ('', {'workspace_max_x': 0.2}, OutcomeCode.OUT_OF_WORKSPACE),
        ('', {'approach_height_m': 2.0}, OutcomeCode.GOAL_UNREACHABLE),
        ('', {'lift_height_m': 1.5}, OutcomeCode.CARTESIAN_INCOMPLETE),
        ('', {'execute': 'confirm', 'approve_timeout_s': 0.5}, OutcomeCode.NOT_APPROVED),
    ],
    ids=lambda value: value.name if isinstance(value, OutcomeCode) else '',
)
def test_every_reason_not_to_move_has_its_code(cell, without, parameters, code):
    cell.reset()
    with other_planner(cell, without=without, **parameters):
        outcome, _ = cell.ask(cell.other)
    assert_refused(outcome, code)


def test_the_depth_of_a_picture_is_kept_while_the_model_thinks(cell):
    cell.reset()
    quick = ActionClient(cell.node, Reason, 'reason')
    assert quick.wait_for_server(timeout_sec=20.0)
    thought_over = Future()

    async def reason(goal):
        asked = await quick.send_goal_async(goal.request)
        answer = await asked.get_result_async()
        await thought_over
        goal.succeed()
        return answer.result

    slow = ActionServer(cell.node, Reason, 'other/reason', reason)
    with other_planner(cell, without='reason', depth_buffer=2):
        finished = cell.send(cell.other, plan_only=True)
        cell.pictures(5)
        thought_over.set_result(None)
        outcome = cell.wait(finished).result.outcome
    slow.destroy()
    quick.destroy()
    assert outcome.error_code == OutcomeCode.NONE, outcome.error_msg


@pytest.mark.injects
def test_a_missing_gripper_is_named(cell):
    cell.reset()
    with other_planner(cell, without='gripper_controller/gripper_cmd'):
        outcome, _ = cell.ask(cell.other)
    assert outcome.error_code == OutcomeCode.GRIPPER_FAILED


@pytest.mark.injects
def test_a_gripper_that_closes_on_nothing_withdraws_and_says_so(cell):
    cell.reset()
    with other_planner(cell, tip_beyond_tcp_m=0.15):  # believes that its fingers are much longer
        outcome, _ = cell.ask(cell.other)
    assert outcome.error_code == OutcomeCode.GRASP_EMPTY, outcome.error_msg
    assert outcome.executed.poses
    assert not cell.done()
    assert_next_instruction_works(cell)


def test_an_approved_plan_moves(cell):
    cell.reset()
    approve = cell.node.create_client(Trigger, 'other/approve')
    with other_planner(cell, execute='confirm'):
        finished = cell.send(cell.other)
        cell.spin(lambda: any(stage == 'confirm' for stage, _ in cell.stages))
        assert cell.wait(approve.call_async(Trigger.Request())).success
        assert cell.wait(finished).result.outcome.error_code == OutcomeCode.NONE
    assert cell.done()
