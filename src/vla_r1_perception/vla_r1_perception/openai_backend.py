"""A model behind a URL that speaks OpenAI's protocol: vLLM's, or any other server's.

How pictures are scaled and, but for the temperature, how tokens are drawn is the server's own
business. Each request has a connection of its own, which is closed when the request is stopped,
so that the server stops computing.
"""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
import logging
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from openai import AsyncOpenAI
from vla_r1_core.errors import ReasonCode, ReasoningError
from vla_r1_core.types import Answer, Task

from vla_r1_perception.config import ReasonerConfig
from vla_r1_perception.conversation import Exchange
from vla_r1_perception.interruptible import run_interruptibly
from vla_r1_perception.model_folder import not_loaded
from vla_r1_perception.openai_failure import explained, Failure
from vla_r1_perception.openai_server import Server
from vla_r1_perception.openai_stream import Piece, pieces
from vla_r1_perception.profile import chosen_profile, messages, shown
from vla_r1_perception.reasoner import OnToken, ShouldStop

T = TypeVar('T')

_FIRST_PAUSE_S = 0.5  # before the second try; doubles with each
_LONGEST_PAUSE_S = 30.0  # that a server may ask for


class OpenAIReasoner:
    """Asks a model on a server.

    Args:
        model: its name there; empty: the only one that the server has.
        config: with the server's URL.

    Raises:
        ReasoningError: MODEL_NOT_LOADED, with what to do about it.
    """

    def __init__(self, model: str, config: ReasonerConfig) -> None:
        for name in ('httpx', 'httpx2', 'openai'):  # a line for each request
            logging.getLogger(name).setLevel(logging.WARNING)
        self.config = config
        self.profile = chosen_profile(config)
        self._server = Server(config)
        try:
            names = run_interruptibly(self._persist(self._names, lambda: False), lambda: False)
        except Failure as failure:
            raise not_loaded(str(failure)) from None
        self._model = self._choose(model, names)
        self.name = f'openai:{self._model}'
        self.weights_sha256 = ''  # no server tells

    def answer(
        self,
        image: NDArray[np.uint8],
        instruction: str,
        task: Task,
        *,
        seed: int,
        on_token: OnToken,
        should_stop: ShouldStop,
        context: Sequence[Exchange] = (),
    ) -> Answer:
        """Answer one instruction about one image; see `Reasoner.answer`.

        Raises:
            ReasoningError: CANCELED, or BACKEND_FAILED with what the server did and what to do.
        """
        self._server.config = self.config
        prompt = self.profile.prompt(instruction, task)
        longest, count = self.config.max_answer_chars, self.config.samples
        first = _Follower(longest, on_token, should_stop)
        others = [_Follower(longest, _unheard, should_stop) for _ in range(count - 1)]
        followers = [first, *others]

        async def ask() -> None:
            # In another thread, because a large picture takes longer than a stop may.
            picture = shown(image, self.profile)
            url = await asyncio.to_thread(_data_url, picture, self.config)
            part = {'type': 'image_url', 'image_url': {'url': url}}
            chat = messages(self.profile, prompt, part, context)
            await self._persist(
                lambda client: self._follow(client, chat, seed, followers),
                lambda: any(follower.tokens for follower in followers),
            )

        try:
            run_interruptibly(ask(), should_stop)
        except Failure as failure:  # without its cause, which may show the key
            raise ReasoningError(ReasonCode.BACKEND_FAILED, str(failure)) from None
        return Answer(
            prompt=prompt,
            text=first.text,
            prompt_tokens=first.usage[0],
            completion_tokens=first.usage[1],
            others=tuple(other.text for other in others if other.tokens),  # some servers give one
        )

    async def _follow(
        self, client: AsyncOpenAI, chat: list[Any], seed: int, followers: list['_Follower']
    ) -> None:
        """Ask once, and hand out the answers as they come."""
        with explained(self._server):
            stream = await client.chat.completions.create(
                model=self._model,
                messages=chat,
                max_tokens=self.config.max_new_tokens,
                temperature=self.config.drawn_at,
                n=len(followers),
                seed=seed,
                stream=True,
                stream_options={'include_usage': True},
            )
        async with stream, aclosing(pieces(stream, self._server)) as said:
            async for piece in said:
                if not 0 <= piece.index < len(followers):
                    raise Failure(
                        f'{self._server.url} sends more answers than the {len(followers)} that '
                        'were asked for'
                    )
                followers[piece.index].take(piece)

    async def _persist(
        self, ask: Callable[[AsyncOpenAI], Awaitable[T]], begun: Callable[[], bool]
    ) -> T:
        """Ask, and ask again after failures that pass, unless the answer has begun."""
        tries = 0
        while True:
            tries += 1
            try:
                async with self._server.client() as client:
                    return await ask(client)
            except Failure as error:
                failure = error
            pause_s = max(failure.pause_s, _FIRST_PAUSE_S * 2 ** (tries - 1))
            if not failure.again or begun():
                raise failure
            if tries > self.config.retries or pause_s > _LONGEST_PAUSE_S:
                tried = f'; tried {tries} times' if tries > 1 else ''
                asked = f'; it asks to wait {failure.pause_s:.0f} s' if failure.pause_s else ''
                raise Failure(f'{failure}{tried}{asked}')
            await asyncio.sleep(pause_s)

    async def _names(self, client: AsyncOpenAI) -> list[str]:
        """Return the names of the models on the server."""
        limit_s = self.config.connect_timeout_s
        try:
            with explained(self._server):
                return await asyncio.wait_for(_model_names(client, limit_s), 2 * limit_s)
        except asyncio.TimeoutError:  # it sends a byte now and then
            raise Failure(
                f'{self._server.url} does not tell its models within {2 * limit_s:g} s '
                '(twice connect_timeout_s); see its log'
            ) from None

    def _choose(self, model: str, names: list[str]) -> str:
        """Return the name of the model that is meant."""
        there = self._server.plain(', '.join(names)) or 'no model'
        if not model and len(names) != 1:
            raise not_loaded(f'{self._server.url} has {there}; name one by the parameter model')
        if model and model not in names:
            raise not_loaded(
                f'{self._server.url} has {there}, but no {model!r}; correct the parameter model, '
                'or start the server with --served-model-name'
            )
        return model or names[0]


async def _model_names(client: AsyncOpenAI, limit_s: float) -> list[str]:
    try:
        return [str(model.id) for model in (await client.models.list(timeout=limit_s)).data]
    except (AttributeError, TypeError):  # the library checks no types
        raise ValueError('no list of models') from None


class _Follower:
    """Puts the answer together, hands it out, and stops when told."""

    def __init__(self, max_chars: int, on_token: OnToken, should_stop: ShouldStop) -> None:
        self._max_chars = max_chars
        self._on_token = on_token
        self._should_stop = should_stop
        self._thinks = False
        self.text = ''
        self.tokens = 0  # pieces of text; some servers put several tokens into one
        self.usage = (0, 0)

    def take(self, piece: Piece) -> None:
        """Take over one piece.

        Raises:
            Failure: the answer is too long.
            ReasoningError: CANCELED.
        """
        if piece.prompt_tokens:
            self.usage = (piece.prompt_tokens, piece.completion_tokens)
        new = self._join(piece)
        if new:
            self.text += new
            self.tokens += 1
            if len(self.text) > self._max_chars:
                raise Failure(
                    f'the answer is longer than {self._max_chars} characters (max_answer_chars); '
                    'does the model repeat itself?'
                )
            self._on_token(self.text, max(self.tokens, piece.completion_tokens))
        if self._should_stop():
            raise ReasoningError(ReasonCode.CANCELED, 'the answer was stopped')

    def _join(self, piece: Piece) -> str:
        """Return the text as the model said it, thought and tags included."""
        new = ''
        if piece.thought:
            new = piece.thought if self._thinks else f'<think>{piece.thought}'
            self._thinks = True
        if piece.text and self._thinks:
            self._thinks = False
            new += '</think>'
        return new + piece.text


def _unheard(text: str, tokens: int) -> None:
    """Of several answers the first is followed."""


def _data_url(image: NDArray[np.uint8], config: ReasonerConfig) -> str:
    """Return an (H, W, 3) uint8 RGB picture as a data URL."""
    options = {
        'png': [cv2.IMWRITE_PNG_COMPRESSION, 1],  # more takes longer than it saves
        'jpeg': [cv2.IMWRITE_JPEG_QUALITY, config.jpeg_quality],
    }
    kind = config.image_encoding
    _, data = cv2.imencode(f'.{kind}', cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options[kind])
    return f'data:image/{kind};base64,{base64.b64encode(data.tobytes()).decode()}'
