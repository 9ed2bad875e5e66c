"""`ros2 action send_goal`."""

import argparse

from action_msgs.msg import GoalStatus
import rclpy
from rclpy.action import ActionClient
from rclpy.signals import SignalHandlerOptions

from ros2cli.convert import message_to_yaml
from ros2cli.fields import parse_values, set_fields
from ros2cli.graph import NAME_PREFIX
from ros2cli.types import get_action

STATUS = {
    getattr(GoalStatus, f'STATUS_{name}'): name
    for name in ('ACCEPTED', 'EXECUTING', 'CANCELING', 'SUCCEEDED', 'CANCELED', 'ABORTED')
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument('action_name', help="Name of the action, e.g. '/fibonacci'")
    parser.add_argument('action_type', help="Its type, e.g. 'example_interfaces/action/Fibonacci'")
    parser.add_argument('goal', nargs='?', default='{}', help="Goal in YAML, e.g. '{order: 10}'")
    parser.add_argument('-f', '--feedback', action='store_true', help='Print the feedback')


def main(args: argparse.Namespace) -> None:
    """Send the goal and print its result; Ctrl-C cancels it."""
    action = get_action(args.action_type)
    goal = action.Goal()
    set_fields(goal, parse_values(args.goal))
    # Not rclpy's handlers: they would take away the context that canceling needs.
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    node = rclpy.create_node(f'{NAME_PREFIX}_send_goal_{args.action_type.replace("/", "_")}')
    client = ActionClient(node, action, args.action_name)
    try:
        print('Waiting for an action server to become available...')
        while not client.wait_for_server(timeout_sec=0.1):  # short, so that Ctrl-C is seen
            pass
        print(f'Sending goal:\n     {message_to_yaml(goal)}')
        _follow(node, client.send_goal_async(goal, _print_feedback if args.feedback else None))
    finally:
        client.destroy()
        node.destroy_node()
        rclpy.shutdown()


def _print_feedback(feedback) -> None:
    print(f'Feedback:\n    {message_to_yaml(feedback.feedback)}')


def _wait(node, future):
    """Return the future's result, seeing signals at least every 0.1 s."""
    while not future.done():
        rclpy.spin_once(node, timeout_sec=0.1)
    return future.result()


def _follow(node, sending) -> None:
    """Wait for the goal's result."""
    handle = None
    try:
        handle = _wait(node, sending)
        if not handle.accepted:
            print('Goal was rejected.')
            return
        print(f'Goal accepted with ID: {bytes(handle.goal_id.uuid).hex()}\n')
        result = _wait(node, handle.get_result_async())
    except KeyboardInterrupt:
        # The server may have taken a goal whose answer has not come yet.
        handle = handle or _wait(node, sending)
        if handle.accepted:
            _cancel(node, handle)
        raise
    print(f'Result:\n    {message_to_yaml(result.result)}')
    print(f'Goal finished with status: {STATUS.get(result.status, "UNKNOWN")}')


def _cancel(node, handle) -> None:
    print('Canceling goal...')
    response = _wait(node, handle.cancel_goal_async())
    if [info.goal_id for info in response.goals_canceling] != [handle.goal_id]:
        raise RuntimeError('Failed to cancel goal')
    print('Goal canceled.')
