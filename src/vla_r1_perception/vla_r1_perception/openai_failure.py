"""What went wrong with a server, in words, and whether the same request may be sent again."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
import math
import socket
import ssl
from typing import Any

import openai

from vla_r1_perception.openai_server import httpx, Server, TooMuch

_HINTS = {
    401: 'check the key in {key_variable}',
    403: 'check the key in {key_variable}',
    404: 'check model and server_url, which mostly ends in /v1',
    413: 'send smaller pictures (image_encoding)',
    429: 'it is busy; ask later',
}

# The first that is among an error's causes: what to say, and whether to try again. Every one of
# them means that the server has not begun to answer, unless it has handed out text.
_CAUSES: tuple[tuple[type[Exception], str, bool], ...] = (
    (
        ssl.SSLCertVerificationError,
        "the certificate of {url} is not trusted ({why}); name its CA's file in SSL_CERT_FILE",
        False,
    ),
    (
        socket.gaierror,
        '{host} cannot be resolved ({why}); check server_url and the network',
        False,
    ),
    (
        httpx.ConnectTimeout,
        '{url} cannot be reached within {connect_timeout_s:g} s (connect_timeout_s); '
        'check server_url and the network',
        False,
    ),
    (
        httpx.TimeoutException,
        '{url} hangs: nothing came for {silence_timeout_s:g} s (silence_timeout_s); see its log',
        False,
    ),
    (
        ConnectionRefusedError,
        '{url} refuses the connection; start the server there, or correct server_url',
        True,
    ),
    (httpx.ConnectError, '{url} cannot be reached ({why}); check server_url', True),
    (
        httpx.TransportError,
        '{url} closed the connection in the middle of it ({why}); see its log',
        True,
    ),
    (
        TooMuch,
        '{url} sends more than {max_answer_chars} characters need (max_answer_chars)',
        False,
    ),
    (openai.APIError, '{url} broke off ({why}); see its log', False),
    (Exception, '{url} sends what cannot be read ({why}); {is_it}', False),
)
_IS_IT = 'is this an OpenAI-compatible server?'


class Failure(Exception):  # noqa: N818 - becomes a ReasoningError
    """Why there is no answer.

    Attributes:
        again: the same request may be sent again as long as nothing has been handed out.
        pause_s: [s] that the server asks to wait before.
    """

    def __init__(self, message: str, *, again: bool = False, pause_s: float = 0.0) -> None:
        super().__init__(message)
        self.again = again
        self.pause_s = pause_s


@contextmanager
def explained(server: Server) -> Iterator[None]:
    """Turn every error that a server can cause into a Failure; around nothing but its bytes."""
    try:
        yield
    except openai.APIStatusError as error:
        raise _status(error, server) from None
    except (openai.APIError, httpx.HTTPError, TooMuch, ValueError) as error:
        raise _failure(error, server) from None


def _failure(error: Exception, server: Server) -> Failure:
    causes = list(_causes(error))
    kind, words, again = next(
        row for row in _CAUSES if any(isinstance(cause, row[0]) for cause in causes)
    )
    found = next(cause for cause in causes if isinstance(cause, kind))
    why = getattr(found, 'verify_message', '') or _message(getattr(found, 'body', None))
    why = server.plain(why or (found if isinstance(found, ValueError) else _deepest(causes)))
    config = vars(server.config)
    return Failure(
        words.format(url=server.url, host=server.host, why=why, is_it=_IS_IT, **config),
        again=again,
    )


def _status(error: openai.APIStatusError, server: Server) -> Failure:
    status = error.status_code
    hint = _HINTS.get(status, 'see its log' if status >= 500 else 'see what it says')
    said = server.plain(_message(error.body)) or 'and says nothing'
    return Failure(
        f'{server.url} answers HTTP {status} ({said}); {hint.format(**vars(server.config))}',
        again=status in (429, 502, 503, 504),
        pause_s=_retry_after_s(error.response.headers.get('retry-after', '')),
    )


def _message(body: Any) -> str:
    """Return the message in an error's body, wherever this server puts it."""
    for key in ('error', 'message', 'detail'):
        if isinstance(body, dict) and body.get(key):
            body = body[key]
    return str(body or '')


def _retry_after_s(value: str) -> float:
    """Return the [s] that a Retry-After header asks for, by number or date, else 0."""
    try:
        seconds = float(value)
    except ValueError:
        try:
            then = parsedate_to_datetime(value)
        except ValueError:
            return 0.0
        if then.tzinfo is None:
            then = then.replace(tzinfo=timezone.utc)
        seconds = (then - datetime.now(timezone.utc)).total_seconds()
    return max(seconds, 0.0) if math.isfinite(seconds) else 0.0


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Walk from an error to what caused it, each attempt of a group included."""
    while error is not None:
        yield error
        for one in getattr(error, 'exceptions', ()):
            yield from _causes(one)
        error = error.__cause__ or error.__context__  # which httpcore hides


def _deepest(causes: list[BaseException]) -> str:
    return next((str(cause) for cause in reversed(causes) if str(cause)), 'no reason given')
