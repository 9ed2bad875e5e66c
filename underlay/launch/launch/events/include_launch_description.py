"""A launch description is to be visited."""

from ..event import Event
from ..launch_description import LaunchDescription


class IncludeLaunchDescription(Event):
    """Asks for a visit of a launch description."""

    name = 'launch.events.IncludeLaunchDescription'

    def __init__(self, launch_description: LaunchDescription) -> None:
        self.launch_description = launch_description
