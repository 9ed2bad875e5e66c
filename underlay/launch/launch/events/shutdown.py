"""The launched system is to be shut down."""

from ..event import Event


class Shutdown(Event):
    """Asks everything that runs to end."""

    name = 'launch.events.Shutdown'

    def __init__(self, *, reason: str = 'reason not given', due_to_sigint: bool = False) -> None:
        self.reason = reason
        self.due_to_sigint = due_to_sigint
