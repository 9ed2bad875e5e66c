"""Borrow signals from the process while an event loop runs."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
import signal


@contextmanager
def handling_signals(
    loop: asyncio.AbstractEventLoop, handlers: dict[signal.Signals, Callable[[], None]]
) -> Iterator[None]:
    """Call handlers in the loop; give the signals back to who had them before."""
    previous = {number: signal.getsignal(number) for number in handlers}
    for number, handler in handlers.items():
        loop.add_signal_handler(number, handler)
    try:
        yield
    finally:
        for number, handler in previous.items():
            loop.remove_signal_handler(number)
            if handler is not None:  # None: not set by Python, cannot be set back
                signal.signal(number, handler)
