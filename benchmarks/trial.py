"""One instruction in one seeded scene, and what came of it."""

from dataclasses import asdict, dataclass

from cell import Cell, Plan
import numpy as np
from numpy.typing import NDArray
from vla_r1_core.errors import OutcomeCode, ReasonCode

from vla_r1_msgs.msg import Outcome

ABSENT = 'absent'  # the task in which what is named is not there

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Trial:
    """What is asked of which robot, in the scene of a seed."""

    robot: str
    task: str
    seed: int
    instruction: str

    def __str__(self) -> str:
        """Return it as people name it."""
        return f'{self.robot} {self.task} {self.seed}, {self.instruction!r}'


@dataclass(frozen=True)
class Result:
    """What came of a trial.

    Attributes:
        success: by the physics; of an absent object: that the robot said so and stood.
        code: of the outcome; with its message in `reason`.
        figures: what the physics says.
        others_moved: whether anything but the target has.
        verified: what the robot found when it looked again.
        model_s: [s] that the model took.
        first_motion_s: [s] from instruction to motion, without the model's; None: it stood.
        motion_s: [s] of the robot's time in motion.
        planning_s: [s] that was planned for it, as the outcome says.
        plans: all that were made.
        pictures: of a failure: the answer's overlay and the scene afterwards, (H, W, 3) RGB each.
    """

    trial: Trial
    success: bool
    code: int
    reason: str
    figures: str
    others_moved: bool
    verified: int
    model_s: float
    first_motion_s: float | None
    motion_s: float
    planning_s: float
    plans: tuple[Plan, ...]
    pictures: tuple[Picture | None, ...] = ()

    @property
    def verified_rightly(self) -> bool | None:
        """Whether the physics agrees with what the robot says; None when it says nothing."""
        if self.verified == Outcome.VERIFICATION_UNKNOWN:
            return None
        return (self.verified == Outcome.VERIFIED) == self.success

    @property
    def why(self) -> str:
        """What happened, for people to read."""
        return f'{code_name(self.code)} {self.reason}; {self.figures}'.replace(' ;', ';')

    def record(self) -> dict[str, object]:
        """Return everything but the pictures, for JSON."""
        figures = asdict(self)
        del figures['pictures']
        trial = figures.pop('trial')
        return trial | figures


def carry_out(cell: Cell, trial: Trial) -> Result:
    """Lay out a trial's scene, give its instruction, and let the physics judge."""
    cell.reset(trial.seed, trial.instruction, absent=trial.task == ABSENT)
    outcome = cell.ask(trial.instruction)
    success, figures = cell.verdict()
    if trial.task == ABSENT:
        success = outcome.error_code == ReasonCode.OBJECT_NOT_FOUND and not cell.moved()
        others = figures.rpartition('others moved')[2]
        figures = f'the robot {"moved" if cell.moved() else "stood"}; others moved{others}'
    first = cell.first_motion_s
    return Result(
        trial,
        success,
        outcome.error_code,
        outcome.error_msg,
        figures,
        others_moved=not figures.endswith('others moved: none'),
        verified=outcome.verified,
        model_s=cell.model_s,
        first_motion_s=None if first is None else first - cell.model_s,
        motion_s=outcome.execution_time,
        planning_s=outcome.planning_time,
        plans=tuple(cell.plans),
        pictures=() if success else _pictures(cell),
    )


def code_name(code: int) -> str:
    """Return an error code with its name."""
    if code == Outcome.NONE:
        return 'NONE'
    known = ReasonCode if code in set(ReasonCode) else OutcomeCode
    return f'{code} {known(code).name}'


def _pictures(cell: Cell) -> tuple[Picture | None, ...]:
    now = cell.picture()  # first: over ROS the overlay may come meanwhile
    return cell.overlay, now
