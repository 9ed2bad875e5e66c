"""Many questions answered at once, greedily."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
import torch
from vla_r1_perception.decoder import greedily

from vla_r1_training.nano.batches import Batcher
from vla_r1_training.scenes.examples import Asked

MOST_TOKENS = 160
"""Of an answer: six objects and a trace with many turns."""


@torch.inference_mode()
def answer_all(
    model: Any,
    tokenizer: Any,
    batcher: Batcher,
    asked: list[Asked],
    pictures: NDArray[np.uint8],
    *,
    batch_size: int = 50,
) -> list[str]:
    """Return the model's whole text for each question.

    Args:
        model: a Qwen2.5-VL.
        tokenizer: its own.
        batcher: makes its inputs.
        asked: N questions.
        pictures: (M, height, width, 3) uint8; the questions say which is theirs.
        batch_size: questions at a time.
    """
    training = model.training
    model.eval()
    say = greedily(model)
    texts: list[str] = []
    for first in range(0, len(asked), batch_size):
        some = asked[first : first + batch_size]
        shown = pictures[[a.picture for a in some]]
        inputs = batcher.batch(some, [''] * len(some), shown).inputs
        inputs = {name: value.to(model.device) for name, value in inputs.items()}
        said = say(inputs, MOST_TOKENS)
        texts += tokenizer.batch_decode(said, skip_special_tokens=True)
    model.train(training)
    return texts
