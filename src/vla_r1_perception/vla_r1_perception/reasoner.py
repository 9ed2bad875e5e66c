"""The seam between the node and the models: one method."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from vla_r1_core.profile import Profile
from vla_r1_core.types import Answer, Task

from vla_r1_perception.config import ReasonerConfig
from vla_r1_perception.conversation import Exchange

OnToken = Callable[[str, int], None]
ShouldStop = Callable[[], bool]


class Reasoner(Protocol):
    """A loaded model. One call at a time; the node calls from one worker thread.

    Attributes:
        name: backend and model, such as 'scripted' or 'transformers:nano'.
        weights_sha256: hash of the weights, empty when there are none.
        profile: reads what it says.
        config: settings of the next answer; what decides which model is loaded is read once.
    """

    name: str
    weights_sha256: str
    profile: Profile
    config: ReasonerConfig

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
        """Answer one instruction about one image. The text may be malformed: the caller reads it.

        Args:
            image: (H, W, 3) uint8, RGB; not to be written to.
            instruction: checked by `vla_r1_core.prompt.check_instruction`.
            task: AFFORDANCE or TRAJECTORY.
            seed: of the sampler; the same arguments give the same text.
            on_token: called with all text so far and the number of tokens in it.
            should_stop: polled at least once a token.
            context: what has been said before, oldest first.

        Raises:
            ReasoningError: CANCELED when `should_stop` said so, or UNSUPPORTED_INSTRUCTION.
        """
        ...
