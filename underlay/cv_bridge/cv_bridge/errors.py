"""The one error of this package."""


class CvBridgeError(TypeError):
    """An image cannot be converted; the message says why."""
