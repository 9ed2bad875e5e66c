"""`ros2 run vla_r1_planner instruct "pick up the red cube"`: ask, watch, and get an outcome."""

import argparse
import json
import sys
import time
from typing import TextIO

from action_msgs.msg import GoalStatus
import rclpy
from rclpy.action import ActionClient
from rclpy.node import Node
from rclpy.task import Future
from rclpy.utilities import remove_ros_args
from std_msgs.msg import String

from vla_r1_msgs.action import ExecuteInstruction
from vla_r1_msgs.msg import Outcome, Reasoning

TASKS = {
    'auto': Reasoning.AUTO,
    'affordance': Reasoning.AFFORDANCE,
    'trajectory': Reasoning.TRAJECTORY,
}
VERDICTS = {
    Outcome.VERIFICATION_UNKNOWN: 'not verified',
    Outcome.VERIFIED: 'verified',
    Outcome.REFUTED: 'refuted',
}

MEETING_S = 2.0


class InstructNode(Node):
    """Client of `execute_instruction` that shows the thought, the stages and the outcome."""

    def __init__(self, out: TextIO | None) -> None:
        super().__init__('instruct')
        self._out = out
        self._thought = ''
        self._client = ActionClient(self, ExecuteInstruction, 'execute_instruction')
        self._partial = self.create_subscription(String, 'reasoning/partial', self._on_partial, 10)

    def ask(self, goal: ExecuteInstruction.Goal, server_timeout_s: float) -> Outcome | None:
        """Send the goal and return its outcome, None when the planner does not answer."""
        self.say(f'Instruction  {goal.instruction}\n')
        if not self._client.wait_for_server(timeout_sec=1.0):
            self.say('Waiting for the planner (action execute_instruction) ...\n')
            if not self._client.wait_for_server(timeout_sec=server_timeout_s):
                return None
        self._meet_the_reasoner()
        sent = self._client.send_goal_async(goal, feedback_callback=self._on_feedback)
        self._spin(sent)
        handle = sent.result()
        if handle is None or not handle.accepted:
            return None
        finished = handle.get_result_async()
        try:
            self._spin(finished)
        except KeyboardInterrupt:
            self.say('\nCancelling ...\n')
            handle.cancel_goal_async()
            self._spin(finished)
        self._end_thought()
        if finished.result().status == GoalStatus.STATUS_UNKNOWN:
            return None
        return finished.result().result.outcome

    def say(self, text: str) -> None:
        """Show text to the person, if one looks."""
        if self._out is not None:
            self._out.write(text)
            self._out.flush()

    def _meet_the_reasoner(self) -> None:
        """Wait a moment for the publisher of the thought: what it says before is not heard."""
        end = time.monotonic() + MEETING_S
        while not self._partial.get_publisher_count() and time.monotonic() < end:
            time.sleep(0.01)

    def _spin(self, future: Future) -> None:
        while not future.done():
            rclpy.spin_once(self, timeout_sec=0.1)

    def _on_partial(self, msg: String) -> None:
        new = msg.data.removeprefix(self._thought)
        if not self._thought or new == msg.data:
            self._end_thought()
            self.say('Thought      ')
        self._thought = msg.data
        self.say(new.replace('\n', '\n             '))

    def _end_thought(self) -> None:
        if self._thought:
            self.say('\n')
        self._thought = ''

    def _on_feedback(self, msg: ExecuteInstruction.Impl.FeedbackMessage) -> None:
        self._end_thought()
        self.say(f'{msg.feedback.stage.capitalize():<12} {msg.feedback.text}\n')


def summary(outcome: Outcome) -> str:
    """Return the outcome in one line for a person."""
    if outcome.error_code != Outcome.NONE:
        return f'Failed       error {outcome.error_code}: {outcome.error_msg}\n'
    done = 'moved' if outcome.executed.poses else 'planned only'
    return (
        f'Done         {done}, {VERDICTS[outcome.verified]}; planning '
        f'{outcome.planning_time:.2f} s, motion {outcome.execution_time:.1f} s\n'
    )


def as_json(outcome: Outcome) -> str:
    """Return the outcome in one line for a machine."""
    return json.dumps(
        {
            'request_id': outcome.request_id,
            'instruction': outcome.instruction,
            'task': outcome.task,
            'error_code': outcome.error_code,
            'error_msg': outcome.error_msg,
            'verified': VERDICTS[outcome.verified],
            'planning_time_s': outcome.planning_time,
            'execution_time_s': outcome.execution_time,
            'moved': bool(outcome.executed.poses),
        }
    )


def parse(args: list[str]) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog='instruct', description=__doc__)
    parser.add_argument('instruction', help='what to do, such as "pick up the red cube"')
    parser.add_argument('--task', choices=tuple(TASKS), default='auto')
    parser.add_argument('--plan-only', action='store_true', help='plan, but never move')
    parser.add_argument('--json', action='store_true', help='print the outcome only, as JSON')
    parser.add_argument(
        '--wait', type=float, default=30.0, metavar='S', help='for the planner to come up [s]'
    )
    return parser.parse_args(args)


def main() -> int:
    """Ask, show, and return 0 only when everything asked for was done."""
    args = parse(remove_ros_args(sys.argv)[1:])
    rclpy.init()
    node = InstructNode(None if args.json else sys.stdout)
    goal = ExecuteInstruction.Goal(
        instruction=args.instruction, task=TASKS[args.task], plan_only=args.plan_only
    )
    try:
        outcome = node.ask(goal, args.wait)
    except KeyboardInterrupt:
        return 130
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
    if outcome is None:
        sys.stderr.write('The planner does not answer: is it running? (ros2 action list)\n')
        return 2
    sys.stdout.write(as_json(outcome) + '\n' if args.json else summary(outcome))
    return 0 if outcome.error_code == Outcome.NONE else 1
