"""A node that never comes up: here the launch ends well; the original fails on its own client."""

from launch import LaunchDescription, LaunchService
from launch.actions import EmitEvent, Shutdown, TimerAction
from launch.events import matches_action
from launch_ros.actions import LifecycleNode
from launch_ros.events.lifecycle import ChangeState
from lifecycle_msgs.msg import Transition


def test_a_launch_can_be_shut_down_while_it_waits_for_a_node():
    node = LifecycleNode(executable='sh', arguments=['-c', 'sleep 60'], name='eye', namespace='')
    configure = ChangeState(
        lifecycle_node_matcher=matches_action(node), transition_id=Transition.TRANSITION_CONFIGURE
    )
    service = LaunchService(noninteractive=True)
    service.include_launch_description(
        LaunchDescription(
            [node, EmitEvent(event=configure), TimerAction(period=0.5, actions=[Shutdown()])]
        )
    )
    assert service.run() == 0
