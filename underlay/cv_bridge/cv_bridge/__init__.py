"""Stand-in for the Python `cv_bridge`: the names users import, and nothing else."""

from cv_bridge.core import CvBridge
from cv_bridge.errors import CvBridgeError

__all__ = ['CvBridge', 'CvBridgeError']
