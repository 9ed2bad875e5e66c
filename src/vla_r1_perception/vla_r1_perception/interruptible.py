"""Wait for something slow in this thread, and leave it at once when told to stop."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from vla_r1_core.errors import ReasonCode, ReasoningError

from vla_r1_perception.reasoner import ShouldStop

T = TypeVar('T')

_POLL_S = 0.02
_CLEAN_UP_S = 0.1  # to close a connection


def run_interruptibly(coroutine: Coroutine[Any, Any, T], should_stop: ShouldStop) -> T:
    """Return what the coroutine returns; it is cancelled when `should_stop` says so.

    Args:
        coroutine: must not block; its callbacks run in this thread.
        should_stop: polled every 20 ms, and before the coroutine begins.

    Raises:
        ReasoningError: CANCELED.
    """
    # Not asyncio.run: it would wait for threads, such as a name server's that does not answer.
    loop = asyncio.new_event_loop()
    try:
        try:
            return loop.run_until_complete(_watch(coroutine, should_stop))
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()


async def _watch(coroutine: Coroutine[Any, Any, T], should_stop: ShouldStop) -> T:
    task = asyncio.ensure_future(coroutine)
    try:
        while not task.done():
            if should_stop():
                raise ReasoningError(ReasonCode.CANCELED, 'the answer was stopped')
            await asyncio.wait({task}, timeout=_POLL_S)
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=_CLEAN_UP_S)
