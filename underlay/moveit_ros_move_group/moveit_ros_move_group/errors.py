"""The error codes of moveit_msgs/MoveItErrorCodes, and the exception that carries one."""

from enum import IntEnum


class Code(IntEnum):
    """The subset of moveit_msgs/MoveItErrorCodes that this package answers with."""

    SUCCESS = 1
    PLANNING_FAILED = -1
    CONTROL_FAILED = -4
    TIMED_OUT = -6
    PREEMPTED = -7
    START_STATE_IN_COLLISION = -10
    GOAL_IN_COLLISION = -12
    INVALID_GROUP_NAME = -15
    INVALID_GOAL_CONSTRAINTS = -16
    INVALID_ROBOT_STATE = -17
    INVALID_LINK_NAME = -18
    INVALID_OBJECT_NAME = -19
    FRAME_TRANSFORM_FAILURE = -21
    ROBOT_STATE_STALE = -23
    START_STATE_INVALID = -26
    NO_IK_SOLUTION = -31
    FAILURE = 99999


class MoveItError(Exception):
    """A request that cannot be fulfilled: a code, and a sentence that says what to do."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
