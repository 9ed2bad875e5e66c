"""Every way to fail, by code. The numbers are those of vla_r1_msgs (a test compares them)."""

from enum import IntEnum


class ReasonCode(IntEnum):
    """Failures of the reasoner: 100-199, as in vla_r1_msgs/Reasoning."""

    NONE = 0
    UNKNOWN = 100
    INVALID_INSTRUCTION = 101
    INVALID_TASK = 102
    NO_IMAGE = 103
    STALE_IMAGE = 104
    UNSUPPORTED_IMAGE = 105
    OBJECT_NOT_FOUND = 106
    MALFORMED_ANSWER = 107
    BACKEND_FAILED = 108
    MODEL_NOT_LOADED = 109
    CANCELED = 110
    PREEMPTED = 111
    TIMEOUT = 112
    UNSUPPORTED_INSTRUCTION = 113
    LOW_CONFIDENCE = 114
    QUEUE_FULL = 115
    CAMERA_MISMATCH = 116


class OutcomeCode(IntEnum):
    """Failures of the planner: 200-299, as in vla_r1_msgs/Outcome."""

    NONE = 0
    UNKNOWN = 200
    REASONER_UNAVAILABLE = 201
    NO_CAMERA_INFO = 202
    NO_DEPTH = 203
    STALE_DEPTH = 204
    UNSUPPORTED_DEPTH = 205
    DEPTH_SIZE_MISMATCH = 206
    NO_VALID_DEPTH = 207
    NO_OBJECT_POINTS = 208
    TF_MISSING = 209
    TF_STALE = 210
    OBJECT_TOO_WIDE = 211
    OUT_OF_WORKSPACE = 212
    MOVE_GROUP_UNAVAILABLE = 213
    GOAL_UNREACHABLE = 214
    GOAL_IN_COLLISION = 215
    START_IN_COLLISION = 216
    PLANNING_FAILED = 217
    CARTESIAN_INCOMPLETE = 218
    EXECUTION_FAILED = 219
    GRIPPER_FAILED = 220
    GRASP_EMPTY = 221
    CANCELED = 222
    PREEMPTED = 223
    NOT_APPROVED = 224
    JOINT_STATE_STALE = 225
    TRACE_INVALID = 226
    NO_ROOM = 227
    OBJECT_LOST = 228
    CAMERA_MISMATCH = 229
    STOPPED = 232
    JOINT_STATES_LOST = 233
    CAMERA_LOST = 234
    DEVIATION = 235
    SCENE_TOO_OLD = 236
    START_MOVED = 237
    CONTACT = 238


class VlaR1Error(Exception):
    """A failure with a code and a sentence that says what happened and what to do.

    Attributes:
        code: a ReasonCode or an OutcomeCode; nodes copy it into `error_code`.
    """

    def __init__(self, code: ReasonCode | OutcomeCode, message: str) -> None:
        super().__init__(message)
        self.code = code


class ReasoningError(VlaR1Error):
    """The reasoner cannot answer; `code` is a ReasonCode."""


class AnswerError(ReasoningError):
    """The model's text breaks the grammar; always ReasonCode.MALFORMED_ANSWER."""

    def __init__(self, message: str) -> None:
        super().__init__(ReasonCode.MALFORMED_ANSWER, message)


class GroundingError(VlaR1Error):
    """Pixels cannot be turned into a place in space; `code` is an OutcomeCode."""


class MotionError(VlaR1Error):
    """The motion cannot be planned or carried out; `code` is an OutcomeCode."""
