"""The way to a server that speaks OpenAI's protocol: URL, key, timeouts, bounds."""

from collections.abc import AsyncIterator
import os
import ssl
from typing import Any

from openai import AsyncOpenAI, DefaultAsyncHttpxClient

from vla_r1_perception.config import ReasonerConfig
from vla_r1_perception.model_folder import not_loaded

try:
    import httpx2 as httpx  # which openai 3 is made of
except ImportError:
    import httpx  # type: ignore[import-not-found, no-redef]

__all__ = ['Server', 'TooMuch', 'httpx']

_NO_KEY = 'none'  # which servers without a key accept
_PLAIN_CHARS = 300
_ERROR_BYTES = 1 << 16
_EVENT_BYTES = 1 << 16  # around the text of one event
_BYTES_PER_CHAR = 12  # of JSON, for a character outside Unicode's first plane


class TooMuch(Exception):  # noqa: N818 - no error of ours
    """The server sends more than it may without an event that can be read."""


class Server:
    """Where the server is and what may be said about it.

    Attributes:
        url, host: for messages.
        unread: bytes that came since the last event that was read; the reader sets it to 0.

    Raises:
        ReasoningError: MODEL_NOT_LOADED, the URL or the key cannot be used.
    """

    def __init__(self, config: ReasonerConfig) -> None:
        self.url = config.server_url
        self.config = config
        self.unread = 0
        self.host = _host(config.server_url)
        self._key = os.environ.get(config.key_variable, '').strip() or _NO_KEY
        if not (self._key.isascii() and self._key.isprintable()) or ' ' in self._key:
            raise not_loaded(f'the key in {config.key_variable} has characters that no key has')
        self._tls = ssl.create_default_context()  # takes 20 ms

    def client(self) -> AsyncOpenAI:
        """Return a client for one request, which sends nothing twice; to be closed."""
        # A connection of its own for each request: none that was kept can have died in between.
        return AsyncOpenAI(
            api_key=self._key,
            base_url=self.url,
            timeout=httpx.Timeout(
                self.config.silence_timeout_s, connect=self.config.connect_timeout_s
            ),
            max_retries=0,
            default_headers={'Accept-Encoding': 'identity'},  # bytes that can be counted
            http_client=DefaultAsyncHttpxClient(
                verify=self._tls, event_hooks={'response': [self._bound]}
            ),
        )

    def plain(self, text: object) -> str:
        """Return what a server or a library says on one line, in short, and without the key."""
        line = ' '.join(str(text).split())
        if self._key != _NO_KEY:
            line = line.replace(self._key, '***')
        return line if len(line) <= _PLAIN_CHARS else line[: _PLAIN_CHARS - 1] + '…'

    async def _bound(self, response: Any) -> None:
        self.unread = 0
        response.stream = _Bounded(response.stream, self, response.is_error)

    def _take(self, data: bytes) -> None:
        self.unread += len(data)
        if self.unread > _EVENT_BYTES + _BYTES_PER_CHAR * self.config.max_answer_chars:
            raise TooMuch


class _Bounded(httpx.AsyncByteStream):
    """A response's bytes as long as they are not too many: the library sets no bound.

    Args:
        is_error: the body is only a message, whose beginning will do.
    """

    def __init__(self, stream: Any, server: Server, is_error: bool) -> None:
        self._stream = stream
        self._server = server
        self._is_error = is_error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for data in self._stream:
            self._server._take(data)
            yield data
            if self._is_error and self._server.unread > _ERROR_BYTES:
                return

    async def aclose(self) -> None:
        await self._stream.aclose()


def _host(url: str) -> str:
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL:
        parts = httpx.URL('')
    if '@' in url or '?' in url:
        raise not_loaded('no key in server_url, please: put it in the variable of key_variable')
    if parts.scheme not in ('http', 'https') or not parts.host:
        raise not_loaded(f'server_url is {url!r}; give http://HOST:PORT/v1')
    return str(parts.host)
