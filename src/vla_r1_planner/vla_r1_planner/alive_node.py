"""The planner's sign of life, kept up by the middleware's own thread and not by Python.

Nothing is ever published on the topic: DDS asserts the liveliness of its writer, however busy the
interpreter is, until the process is gone.
"""

from rclpy.duration import Duration
from rclpy.qos import LivelinessPolicy, QoSProfile

ALIVE_TOPIC = 'planner/alive'
LEASE_S = 0.1  # after the last assertion the planner counts as dead


def alive_qos() -> QoSProfile:
    """Return the QoS that writer and reader share."""
    return QoSProfile(
        depth=1,
        liveliness=LivelinessPolicy.AUTOMATIC,
        liveliness_lease_duration=Duration(seconds=LEASE_S),
    )
