"""Ask the model, read its text, and turn every way to fail into a code."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
import time

import numpy as np
from numpy.typing import NDArray
from vla_r1_core.consensus import elect
from vla_r1_core.errors import AnswerError, ReasonCode, ReasoningError
from vla_r1_core.prompt import check_instruction, infer_task, Intent
from vla_r1_core.types import Answer, ParsedAnswer, Task

from vla_r1_perception.conversation import Exchange
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
        context: what the model was reminded of.
    """

    task: Task
    answer: Answer | None = None
    parsed: ParsedAnswer | None = None
    latency_s: float = 0.0
    error: ReasoningError | None = None
    context: tuple[Exchange, ...] = ()


def choose_task(request: Request, max_chars: int, otherwise: Intent = Intent.PICK) -> Task:
    """Check the instruction and return the task that is meant.

    Args:
        request: with the instruction.
        max_chars: longest instruction.
        otherwise: what an instruction without a verb asks for.

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
    return infer_task(request.instruction, otherwise) if task is Task.AUTO else task


def ask(
    reasoner: Reasoner,
    image: NDArray[np.uint8],
    request: Request,
    task: Task,
    *,
    seed: int,
    min_score: float = 0.0,
    context: Sequence[Exchange] = (),
) -> Reply:
    """Run the model on one request. Never raises: what fails is in the reply.

    Args:
        reasoner: that answers.
        image: (H, W, 3) uint8, RGB.
        request: with the instruction.
        task: AFFORDANCE or TRAJECTORY.
        seed: of the sampler.
        min_score: an answer with a lower score ends as LOW_CONFIDENCE.
        context: what has been said before, oldest first.
    """
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
            context=context,
        )
        request.raise_if_stopped()
        request.tell()  # also what cannot be read
        answer, parsed = _elected(reasoner, answer, task, image)
        request.text = answer.text
        request.tell()
        error = _unsure(answer, min_score) or (_absent(answer) if parsed.absent else None)
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
    return Reply(task, answer, parsed, latency, error, tuple(context))


def exchange_of(request: Request, reply: Reply) -> Exchange | None:
    """Return what may be referred to later; None when the model said nothing of use."""
    unclear = reply.error and reply.error.code == ReasonCode.UNSUPPORTED_INSTRUCTION
    if not reply.parsed and not unclear:
        return None
    said = reply.answer or Answer(prompt='', text='')
    return Exchange(request.request_id, request.instruction, reply.task, said.prompt, said.text)


def _elected(
    reasoner: Reasoner, answer: Answer, task: Task, image: NDArray[np.uint8]
) -> tuple[Answer, ParsedAnswer]:
    """Return the answer whose text speaks for most of what was drawn, and what that says.

    Raises:
        AnswerError: no text can be read; what is wrong with the first one.
    """
    height, width = image.shape[:2]

    def read(text: str) -> ParsedAnswer:
        return reasoner.profile.read(text, task, width, height, seen=answer.seen_size)

    def read_if_possible(text: str) -> ParsedAnswer | None:
        try:
            return read(text)
        except AnswerError:
            return None

    if not answer.others:
        return answer, read(answer.text)
    texts = (answer.text, *answer.others)
    said = [read_if_possible(text) for text in texts]
    chosen, share = elect(said)
    return replace(answer, text=texts[chosen], score=share), said[chosen] or read(texts[0])


def _unsure(answer: Answer, min_score: float) -> ReasoningError | None:
    if answer.score >= min_score:
        return None
    return ReasoningError(
        ReasonCode.LOW_CONFIDENCE,
        f'the score of the answer is {answer.score:.2f}, needed is {min_score:.2f} (min_score); '
        'say it in other words, look at the scene from nearer, or lower min_score',
    )


def _absent(answer: Answer) -> ReasoningError:
    return ReasoningError(
        ReasonCode.OBJECT_NOT_FOUND,
        f'the model sees no {answer.label or "such object"}; '
        'check the overlay, or name something that is there',
    )
