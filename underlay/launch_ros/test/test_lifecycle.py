"""A launch drives a node through its lifecycle."""

from pathlib import Path
import sys

from launch import LaunchDescription, LaunchService
from launch.actions import EmitEvent, OpaqueFunction, RegisterEventHandler, Shutdown, TimerAction
from launch.events import matches_action
from launch_ros.actions import LifecycleNode
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events import matches_node_name
from launch_ros.events.lifecycle import ChangeState
from lifecycle_msgs.msg import Transition
import pytest

NODE = str(Path(__file__).with_name('node.py'))


def make_node(**kwargs):
    return LifecycleNode(executable=sys.executable, arguments=[NODE], namespace='robot', **kwargs)


def launch(*entities):
    service = LaunchService(noninteractive=True)
    service.include_launch_description(
        LaunchDescription(
            [*entities, TimerAction(period=20.0, actions=[Shutdown(reason='too late')])]
        )
    )
    return service.run()


def change(matcher, transition):
    return EmitEvent(event=ChangeState(lifecycle_node_matcher=matcher, transition_id=transition))


def test_a_launch_configures_and_activates_a_node():
    node = make_node(name='eye')
    states = []

    def note(context):
        event = context.locals.event
        states.append((event.start_state, event.goal_state))

    activate = change(matches_node_name('robot/eye'), Transition.TRANSITION_ACTIVATE)
    assert (
        launch(
            RegisterEventHandler(OnStateTransition(entities=[OpaqueFunction(function=note)])),
            RegisterEventHandler(
                OnStateTransition(
                    target_lifecycle_node=node, goal_state='inactive', entities=[activate]
                )
            ),
            RegisterEventHandler(
                OnStateTransition(
                    target_lifecycle_node=node,
                    start_state='activating',
                    goal_state='active',
                    entities=[Shutdown()],
                )
            ),
            node,
            change(matches_action(node), Transition.TRANSITION_CONFIGURE),
        )
        == 0
    )
    assert states == [
        ('unconfigured', 'configuring'),
        ('configuring', 'inactive'),
        ('inactive', 'activating'),
        ('activating', 'active'),
    ]
    assert node.return_code == 0


def test_a_transition_for_another_node_changes_nothing():
    node = make_node(name='eye')
    changed = []
    assert (
        launch(
            RegisterEventHandler(
                OnStateTransition(entities=[OpaqueFunction(function=changed.append)])
            ),
            node,
            change(matches_node_name('/robot/ear'), Transition.TRANSITION_CONFIGURE),
            TimerAction(period=1.5, actions=[Shutdown()]),
        )
        == 0
    )
    assert changed == []


def test_a_lifecycle_node_needs_its_names():
    with pytest.raises(TypeError):
        LifecycleNode(executable='sleep', name='eye')
    with pytest.raises(TypeError):
        LifecycleNode(executable='sleep', namespace='')


def test_only_known_transitions_can_be_asked_for():
    with pytest.raises(ValueError, match='TRANSITION_CONFIGURE'):
        ChangeState(lifecycle_node_matcher=lambda node: True, transition_id=77)


def test_only_lifecycle_nodes_have_states():
    with pytest.raises(RuntimeError):
        OnStateTransition(entities=[], target_lifecycle_node='eye')
