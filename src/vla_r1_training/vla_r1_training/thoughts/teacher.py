"""A teacher behind a URL that speaks OpenAI's protocol: vLLM's, for instance."""

import asyncio
import logging
import os
from typing import Any
from urllib.parse import urlsplit

import openai
from openai import AsyncOpenAI
from vla_r1_core.output import format as format_answer
from vla_r1_core.types import ParsedAnswer

from vla_r1_training.thoughts.annotation import (
    AnnotateConfig,
    Annotation,
    Question,
    SIMULATOR,
    TeacherError,
)
from vla_r1_training.thoughts.check import check, Code, Fault, Limits
from vla_r1_training.thoughts.prompt import again, messages

_FINAL = (Code.TIMEOUT, Code.UNREACHABLE, Code.BUSY, Code.SERVER_FAILED, Code.REFUSED)
"""The same request has been sent again and again, or need not be."""
_LONGEST_PAUSE_S = 60.0
"""Between two tries of a request, as long as a server may ask for."""


class ServerTeacher:
    """A model on a server, which is asked until its thought agrees with the target.

    A request that gets no answer is sent again by the client library, after growing pauses or as
    long as the server asks for.

    Args:
        config: with the URL.

    Raises:
        TeacherError: the URL cannot be used.
    """

    def __init__(self, config: AnnotateConfig) -> None:
        url = urlsplit(config.teacher)
        if url.scheme not in ('http', 'https') or not url.hostname:
            raise TeacherError(
                f"teacher is {config.teacher!r}; give http://HOST:PORT/v1, or '{SIMULATOR}'"
            )
        if url.password or url.username:
            raise TeacherError(f'no key in the URL, please: put it in the variable {config.key}')
        self.name = config.model
        self._config = config
        self._key = os.environ.get(config.key) or 'none'  # which servers without a key accept
        self._limits = Limits(config.least_chars, config.most_chars, config.tolerance)
        for name in ('httpx', 'httpx2', 'openai'):  # a line for each request
            logging.getLogger(name).setLevel(logging.WARNING)
        self._client = AsyncOpenAI(
            api_key=self._key,
            base_url=config.teacher,
            timeout=config.timeout_s,
            max_retries=config.retries,
        )

    async def start(self) -> None:
        """See that the server is there, and which model it has.

        Raises:
            TeacherError: it is not, or does not say which of several models is meant.
        """
        names = [model.id for model in (await self._ask(self._client.models.list())).data]
        if not self.name:
            if len(names) != 1:
                raise TeacherError(f'name the model: the server has {", ".join(names) or "none"}')
            self.name = names[0]
        elif self.name not in names:
            raise TeacherError(f'the server has {", ".join(names)}, not {self.name}')

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()

    async def annotate(self, question: Question, target: ParsedAnswer) -> Annotation:
        """Ask for thoughts until one agrees; see `Teacher.annotate`."""
        asked = messages(question, target)
        refused: list[str] = []
        fault, tokens = Fault(Code.GARBAGE, 'nothing was asked'), 0
        for attempt in range(self._config.attempts):
            thought, found, used = await self._thought(asked, attempt)
            tokens += used
            if found is None:
                found = check(thought, question.row['instruction'], target, self._limits)
            if found is None:
                answer = format_answer(ParsedAnswer(target.task, thought, target.box,
                                                    target.trajectory))  # fmt: skip
                return Annotation(question.number, Code.ANNOTATED, '', answer,
                                  tuple(refused), tokens)  # fmt: skip
            fault = found
            refused.append(fault.code.value)
            if fault.code in _FINAL:
                break
            if thought:
                asked = [*messages(question, target), *again(thought, fault.reason)]
        return Annotation(
            question.number, fault.code, fault.reason, None, tuple(refused[:-1]), tokens
        )

    async def _thought(
        self, asked: list[dict[str, Any]], attempt: int
    ) -> tuple[str, Fault | None, int]:
        """Return a thought, or why there is none, and the tokens in it."""
        try:
            said = await self._ask(
                self._client.chat.completions.create(
                    model=self.name,
                    messages=asked,  # type: ignore[arg-type]
                    max_tokens=self._config.max_tokens,
                    temperature=self._config.temperature,
                    seed=self._config.seed + attempt,
                )
            )
            text = said.choices[0].message.content.strip()
            used = int(said.usage.completion_tokens) if said.usage else 0
            cut = said.choices[0].finish_reason == 'length'
        except _RequestError as error:
            return '', error.fault, 0
        except (AttributeError, IndexError, TypeError, ValueError):  # the library checks nothing
            return '', Fault(Code.GARBAGE, 'the server sent no completion'), 0
        if cut:
            limit = self._config.max_tokens
            return text, Fault(Code.TOO_LONG, f'it was cut off at {limit} tokens'), used
        return text, None, used

    async def _ask(self, request: Any) -> Any:
        """Send a request.

        Raises:
            TeacherError: no request will ever be answered.
            _RequestError: this one is not.
        """
        config = self._config
        # The library bounds each wait for data; who sends a byte now and then must end, too.
        patience_s = (config.retries + 1) * (config.timeout_s + _LONGEST_PAUSE_S)
        try:
            return await asyncio.wait_for(request, patience_s)
        except (
            openai.AuthenticationError,
            openai.PermissionDeniedError,
            openai.NotFoundError,
        ) as error:
            raise TeacherError(
                f'{config.teacher} refuses ({error.status_code}): {self._plain(error)}; look at '
                f'teacher, model and the key in {config.key}'
            ) from None
        except (openai.APITimeoutError, asyncio.TimeoutError):
            raise _RequestError(Code.TIMEOUT, f'no answer within {config.timeout_s:g} s') from None
        except openai.APIConnectionError as error:
            cause = error.__cause__ or error
            raise _RequestError(Code.UNREACHABLE, self._plain(cause) or 'no connection') from None
        except openai.RateLimitError as error:
            raise _RequestError(Code.BUSY, self._plain(error)) from None
        except openai.InternalServerError as error:
            raise _RequestError(Code.SERVER_FAILED, self._plain(error)) from None
        except openai.APIStatusError as error:
            raise _RequestError(Code.REFUSED, self._plain(error)) from None
        except ValueError as error:  # what should be JSON is none
            raise _RequestError(Code.GARBAGE, f'this is no JSON: {self._plain(error)}') from None

    def _plain(self, error: BaseException) -> str:
        """Return what an error says, in short; some servers tell the key, we do not."""
        text = ' '.join(str(error).split()).replace(self._key, '***')
        return text[:300]


class _RequestError(TeacherError):
    """A request got no answer that can be used."""

    def __init__(self, code: Code, reason: str) -> None:
        super().__init__(f'the teacher does not answer: {reason}')
        self.fault = Fault(code, reason)
