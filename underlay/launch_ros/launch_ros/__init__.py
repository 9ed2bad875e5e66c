"""Launch ROS nodes: names, parameters, remappings, lifecycle.

The part of launch_ros that Python launch files use, with the names and the behaviour of the
original. Composable nodes are not supported.
"""

from . import actions, descriptions, event_handlers, events, ros_adapters, substitutions

__all__ = [
    'actions',
    'descriptions',
    'event_handlers',
    'events',
    'ros_adapters',
    'substitutions',
]
