"""A child process in the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
import signal


class ChildProcess(asyncio.SubprocessProtocol):
    """Tells when the child has started, what it writes, and when it has ended."""

    def __init__(
        self, on_start: Callable[[int], None], on_output: Callable[[int, bytes], None]
    ) -> None:
        self.__on_start = on_start
        self.__on_output = on_output
        self.__transport: asyncio.SubprocessTransport | None = None
        self.__exited: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.__closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @staticmethod
    async def start(
        cmd: list[str],
        *,
        shell: bool,
        cwd: str | None,
        env: dict[str, str],
        on_start: Callable[[int], None],
        on_output: Callable[[int, bytes], None],
    ) -> ChildProcess:
        """Start a child.

        Args:
            cmd: program and arguments; with `shell`, words of one line for the shell.
            shell: let a shell read the line.
            cwd: the folder to start in, None for ours.
            env: the environment.
            on_start: called with the process id, before any output.
            on_output: called with the file descriptor (1 or 2) and bytes.

        Raises:
            OSError: the program cannot be started.
        """
        loop = asyncio.get_running_loop()

        def make() -> ChildProcess:
            return ChildProcess(on_start, on_output)

        started: tuple[asyncio.SubprocessTransport, ChildProcess]
        if shell:
            started = await loop.subprocess_shell(make, ' '.join(cmd), cwd=cwd, env=env)
        else:
            started = await loop.subprocess_exec(make, *cmd, cwd=cwd, env=env)
        return started[1]

    @property
    def returncode(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        return self.__transport.get_returncode()

    async def wait(self) -> int:
        """Wait until the child has ended and what it has written is read.

        A grandchild may keep the pipes open for ever, so they are given a second only. Whoever
        stops to wait takes the child with him.
        """
        try:
            await self.__exited
            await asyncio.wait([self.__closed], timeout=1.0)
            return self.returncode
        finally:
            self.__transport.close()  # kills what still runs

    async def exits_within(self, timeout: float) -> bool:
        """Wait for at most `timeout` [s]; say whether the child has ended."""
        await asyncio.wait([self.__exited], timeout=timeout)
        return self.__exited.done()

    def send_signal(self, number: int | signal.Signals) -> None:
        """Send a signal, if the child still runs."""
        if self.returncode is None:
            self.__transport.send_signal(number)

    # asyncio.SubprocessProtocol

    def connection_made(self, transport: asyncio.SubprocessTransport) -> None:
        self.__transport = transport
        self.__on_start(transport.get_pid())

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self.__on_output(fd, data)

    def process_exited(self) -> None:
        self.__exited.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self.__closed.set_result(None)
