"""The thread that the model runs in: it can be left there, in the middle of what nobody can stop.

A model reads picture and prompt in one go, which may take longer than a cancelled request may wait
for its end. So the request ends at once, and the next one waits until the model is free.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
import threading
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from vla_r1_core.errors import ReasonCode, ReasoningError
from vla_r1_core.profile import Profile
from vla_r1_core.types import Answer, Task

from vla_r1_perception.config import ReasonerConfig
from vla_r1_perception.conversation import Exchange
from vla_r1_perception.reasoner import OnToken, Reasoner, ShouldStop

T = TypeVar('T')

_POLL_S = 0.02
_GRACE_S = 0.1  # to stop by itself, as backends do between two tokens


class ModelThread:
    """One thread, one call at a time."""

    def __init__(self) -> None:
        self._free = threading.Lock()
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        threading.Thread(target=self._work, name='model', daemon=True).start()

    def call(self, work: Callable[[ShouldStop], T], should_stop: ShouldStop) -> T:
        """Return what `work` returns, or raise what it raises.

        Args:
            work: is given what tells it to stop, which goes on doing so when it has been left.
            should_stop: polled every 20 ms.

        Raises:
            ReasoningError: CANCELED; `work` may still go on.
        """
        while not self._free.acquire(timeout=_POLL_S):
            if should_stop():
                raise ReasoningError(ReasonCode.CANCELED, 'stopped before the model was free')
        left = threading.Event()
        future: Future[T] = Future()
        self._calls.put((future, partial(work, lambda: left.is_set() or should_stop())))
        while not wait({future}, _POLL_S).done:
            if should_stop() and not wait({future}, _GRACE_S).done:
                left.set()
                raise ReasoningError(ReasonCode.CANCELED, 'stopped while the model was at work')
        return future.result()

    def _work(self) -> None:
        while True:
            future, work = self._calls.get()
            try:
                future.set_result(work())
            except BaseException as error:  # noqa: BLE001 - it is the caller's
                future.set_exception(error)
            del future, work  # they hold a model, which may be freed before the next call
            self._free.release()


@dataclass(frozen=True)
class InThread:
    """A reasoner with the settings of one answer, which can be left; see `Reasoner`."""

    reasoner: Reasoner
    config: ReasonerConfig
    thread: ModelThread

    @property
    def name(self) -> str:
        """Return backend and model."""
        return self.reasoner.name

    @property
    def weights_sha256(self) -> str:
        """Return the hash of the weights."""
        return self.reasoner.weights_sha256

    @property
    def profile(self) -> Profile:
        """Return what reads what it says."""
        return self.reasoner.profile

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
        """Answer one instruction about one image; see `Reasoner.answer`."""

        def work(stop: ShouldStop) -> Answer:
            def tell(text: str, tokens: int) -> None:
                if not stop():  # a request that has ended has nothing more to say
                    on_token(text, tokens)

            self.reasoner.config = self.config
            return self.reasoner.answer(
                image,
                instruction,
                task,
                seed=seed,
                on_token=tell,
                should_stop=stop,
                context=context,
            )

        return self.thread.call(work, should_stop)
