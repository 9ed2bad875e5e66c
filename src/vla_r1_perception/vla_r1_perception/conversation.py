"""What has been said before, so that "no, the left one" can be understood."""

from collections import deque
from dataclasses import dataclass, field

from vla_r1_core.prompt import infer_intent, Intent
from vla_r1_core.types import Task

MOST_TURNS = 10


@dataclass(frozen=True)
class Exchange:
    """A question and its answer.

    Attributes:
        request_id: of the question.
        instruction: as given.
        task: AFFORDANCE or TRAJECTORY.
        prompt: as sent to the model.
        text: the model's whole answer; empty where it could not tell what was meant.
    """

    request_id: str
    instruction: str
    task: Task
    prompt: str
    text: str


@dataclass(frozen=True)
class Turn:
    """An instruction and what was asked because of it: at most one question of each task."""

    instruction: str
    intent: Intent
    exchanges: list[Exchange] = field(default_factory=list)

    def exchange(self, task: Task) -> Exchange:
        """Return the one of this task, or else the last one."""
        return next((e for e in self.exchanges if e.task == task), self.exchanges[-1])

    def goes_on(self, instruction: str, task: int) -> bool:
        """Whether this question is a further one because of the same instruction."""
        asked = {Task.AUTO, *(exchange.task for exchange in self.exchanges)}
        return instruction == self.instruction and task not in asked


class Conversation:
    """The last turns, oldest first."""

    def __init__(self) -> None:
        self._turns: deque[Turn] = deque(maxlen=MOST_TURNS)

    def before(self, instruction: str, task: int, count: int) -> list[Turn]:
        """Return so many turns before the one that a question belongs to, oldest first."""
        turns = list(self._turns)
        if turns and turns[-1].goes_on(instruction, task):
            turns.pop()
        return turns[-count:] if count else []

    def note(self, exchange: Exchange | None) -> None:
        """Remember an exchange, the newest one, if there was one."""
        if exchange is None:
            return
        if self._turns and self._turns[-1].goes_on(exchange.instruction, exchange.task):
            self._turns[-1].exchanges.append(exchange)
            return
        intent = infer_intent(exchange.instruction, intent_of(list(self._turns)))
        self._turns.append(Turn(exchange.instruction, intent, [exchange]))

    def clear(self) -> None:
        """Forget everything."""
        self._turns.clear()


def intent_of(turns: list[Turn]) -> Intent:
    """Return what an instruction without a verb asks for: what the last one did."""
    return turns[-1].intent if turns else Intent.PICK
