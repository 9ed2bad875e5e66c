"""The events of a streamed chat completion, checked: the client library checks nothing."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

from vla_r1_perception.openai_failure import explained, Failure
from vla_r1_perception.openai_server import Server

_KIND = 'text/event-stream'
_BROKEN = ('abort', 'error', 'content_filter')


@dataclass(frozen=True)
class Piece:
    """What one event adds to the answer.

    Attributes:
        thought: what a server with a reasoning parser sets apart, without its tags.
        finish: why the answer ends here, None while it goes on.
        prompt_tokens, completion_tokens: [tokens] of the whole request; 0 when it does not say.
        index: which of several answers it belongs to.
    """

    text: str = ''
    thought: str = ''
    finish: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    index: int = 0


async def pieces(stream: Any, server: Server) -> AsyncGenerator[Piece, None]:
    """Yield what an `openai.AsyncStream` of a chat completion brings, as it comes.

    Raises:
        Failure: the server stopped before the end, or sends something else.
    """
    kind = stream.response.headers.get('content-type', 'nothing')
    if not kind.startswith(_KIND):
        raise Failure(
            f'{server.url} sends {server.plain(kind)} instead of {_KIND}; check server_url, and '
            'that the server can stream chat completions'
        )
    finishes: dict[int, str | None] = {}
    with explained(server):
        async for chunk in stream:
            server.unread = 0
            piece = _read(chunk)
            finishes[piece.index] = piece.finish or finishes.get(piece.index)
            yield piece
    for finish in finishes.values() or [None]:
        if finish is not None and finish not in _BROKEN:
            continue
        why = f': {server.plain(finish)}' if finish else ''
        raise Failure(f'{server.url} ended the answer before it was whole{why}; see its log')


def _read(chunk: Any) -> Piece:
    """Raises ValueError when this is no event of a chat completion."""
    try:
        return _piece(chunk)
    except (AttributeError, IndexError, TypeError):
        raise ValueError('no event of a chat completion') from None


def _piece(chunk: Any) -> Piece:
    usage = chunk.usage
    counts = (usage.prompt_tokens, usage.completion_tokens) if usage else (0, 0)
    if not chunk.choices:
        return Piece('', '', None, *counts)
    choice = chunk.choices[0]
    delta = choice.delta
    # The two names that vLLM has given to it.
    thought = getattr(delta, 'reasoning', None) or getattr(delta, 'reasoning_content', None)
    strings = (delta.content or '', thought or '', choice.finish_reason or '')
    if not all(isinstance(one, str) for one in strings):
        raise TypeError
    if not all(isinstance(count, int) for count in (*counts, choice.index)):
        raise TypeError
    text, thought, finish = strings
    return Piece(text, thought, finish or None, counts[0], counts[1], choice.index)
