"""Ask the model, read its text, and turn every way to fail into a code."""

from dataclasses import dataclass
import time

import numpy as np
from numpy.typing import NDArray
from vla_r1_core.errors import ReasonCode, ReasoningError
from vla_r1_core.output import parse
from vla_r1_core.prompt import check_instruction, infer_task
from vla_r1_core.types import Answer, ParsedAnswer, Task

from vla_r1_perception.reasoner import Reasoner
from vla_r1_perception.request import Request


@dataclass(frozen=True)
class Reply:
    """What became of one request.

    Attributes:
        task: AFFORDANCE or TRAJECTORY; AUTO when it was never decided.
        answer: the model's; None when it gave none.
        parsed: None when there is no answer or when it is malformed.
        latency_s: [s] from the call of the model to its whole answer.
        error: None when the answer can be used.
    """

    task: Task
    answer: Answer | None = None
    parsed: ParsedAnswer | None = None
    latency_s: float = 0.0
    error: ReasoningError | None = None


def choose_task(request: Request, max_chars: int) -> Task:
    """Check the instruction and return the task that is meant.

    Raises:
        ReasoningError: INVALID_INSTRUCTION or INVALID_TASK.
    """
    if request.task not in list(Task):
        raise ReasoningError(
            ReasonCode.INVALID_TASK,
            f'task {request.task}; choose {", ".join(f"{t.value} ({t.name})" for t in Task)}',
        )
    check_instruction(request.instruction, max_chars)
    task = Task(request.task)
    return infer_task(request.instruction) if task is Task.AUTO else task


def ask(
    reasoner: Reasoner, image: NDArray[np.uint8], request: Request, task: Task, seed: int
) -> Reply:
    """Run the model on one request. Never raises: what fails is in the reply."""
    answer = parsed = None
    request.start()
    begin = time.monotonic()
    try:
        answer = reasoner.answer(
            image,
            request.instruction,
            task,
            seed=seed,
            on_token=request.on_token,
            should_stop=request.should_stop,
        )
        request.raise_if_stopped()
        request.tell()
        parsed = parse(answer.text, task)
        error = _absent(answer) if parsed.absent else None
    except ReasoningError as exception:
        error = exception
    except Exception as exception:  # noqa: BLE001 - a model may raise anything
        error = ReasoningError(
            ReasonCode.BACKEND_FAILED, f'{type(exception).__name__}: {exception}; see the log'
        )
        error.__cause__ = exception
    latency = time.monotonic() - begin
    if error and error.code == ReasonCode.CANCELED:
        error = request.stop_reason or error
    return Reply(task, answer, parsed, latency, error)


def _absent(answer: Answer) -> ReasoningError:
    return ReasoningError(
        ReasonCode.OBJECT_NOT_FOUND,
        f'the model sees no {answer.label or "such object"}; '
        'check the overlay, or name something that is there',
    )
