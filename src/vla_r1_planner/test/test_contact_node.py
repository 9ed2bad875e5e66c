"""An arm that runs into what nobody saw is stopped at once, and works on afterwards."""

import time

from planner_cell import assert_next_instruction_works, other_planner
import pytest
from vla_r1_core.errors import OutcomeCode

DESCRIPTION = 'robot_description'  # with the limits of the efforts


def stays_at_rest(cell):
    """Whether nothing moves any more, a second after a request has ended."""
    since = time.monotonic()
    cell.spin(lambda: time.monotonic() > since + 2.5)
    return cell.last_moved < since + 1.0


@pytest.mark.injects
def test_an_arm_that_runs_into_glass_is_stopped_by_what_its_joints_feel(cell):
    cell.reset(fault='glass_pane')
    outcome, _ = cell.ask()
    assert outcome.error_code == OutcomeCode.CONTACT, outcome.error_msg
    assert '_joint' in outcome.error_msg
    assert outcome.executed.poses
    assert stays_at_rest(cell)
    assert not cell.done()
    assert_next_instruction_works(cell)
    cell.reset()
    outcome, _ = cell.ask()
    assert outcome.error_code == OutcomeCode.NONE, outcome.error_msg
    assert cell.done()


@pytest.mark.injects
def test_an_arm_that_nobody_watches_is_aborted_by_its_controller(cell):
    cell.reset(fault='glass_pane')
    with other_planner(cell, DESCRIPTION, contact_effort=0.0, deviation_rad=1.0):
        outcome, _ = cell.ask(cell.other)
    assert outcome.error_code == OutcomeCode.EXECUTION_FAILED, outcome.error_msg
    assert stays_at_rest(cell)
