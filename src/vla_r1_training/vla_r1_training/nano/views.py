"""Pictures in a few views each, which are looked at once: for a vision encoder that stays."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
import torch

from vla_r1_training.scenes.augment import draw_window, relight
from vla_r1_training.scenes.examples import Asked, Scenes

Encode = Callable[[NDArray[np.uint8]], Sequence[torch.Tensor]]
"""Returns the visual tokens of each of (B, height, width, 3) pictures."""


class Views:
    """Keeps the visual tokens of each picture's views, 70 KB; looking takes a third of a step.

    Args:
        scenes: that are learned from.
        count: views of each picture.
        seed: of where they look, and in which light.
        encode: the vision encoder.
    """

    def __init__(self, scenes: Scenes, count: int, seed: int, encode: Encode) -> None:
        self._scenes, self._count, self._seed, self._encode = scenes, count, seed, encode
        self._kept: dict[tuple[int, int], torch.Tensor] = {}

    def see(
        self, rng: np.random.Generator, chosen: Sequence[int], asked: Sequence[Asked]
    ) -> tuple[list[Asked], list[torch.Tensor]]:
        """Draw a view of each picture.

        Args:
            rng: draws which.
            chosen: B places of pictures.
            asked: a question about each.

        Returns:
            The questions with their truth in these views, and the tokens of each. Nothing that is
            in a picture leaves it, and no trace of any question about it.
        """
        keys = list(zip(chosen, rng.integers(self._count, size=len(chosen)).tolist(), strict=True))
        questions, new = [], {}
        for (picture, view), question in zip(keys, asked, strict=True):
            drawn = np.random.default_rng((self._seed, picture, view))
            window = draw_window(drawn, self._scenes.questions[picture])
            questions.append(window.question(question))
            if (picture, view) not in self._kept:
                part = window.picture(self._scenes.pictures[picture])
                new[picture, view] = relight(drawn, part[None])[0]
        if new:
            self._kept.update(zip(new, self._encode(np.stack(list(new.values()))), strict=True))
        return questions, [self._kept[key] for key in keys]
