"""Something that happened, or that somebody asks for, while launching."""


class Event:
    """Base class of all events; `name` is what logs call it."""

    name = 'launch.Event'
