"""What can go wrong with a transform; catch `TransformException` for all of it."""


class TransformException(Exception):
    """Base of every tf2 error."""


class ConnectivityException(TransformException):
    """Both frames exist, but no path joins them."""


class LookupException(TransformException):
    """A frame does not exist, or the frames form a loop."""


class ExtrapolationException(TransformException):
    """The requested time lies outside the data in the buffer."""


class InvalidArgumentException(TransformException):
    """A frame name that tf2 does not allow (empty, or with a leading slash)."""


class TimeoutException(TransformException):
    """Part of the tf2 error tree; the buffer itself reports *why* a wait failed instead."""
