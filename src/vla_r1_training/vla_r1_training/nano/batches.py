"""Batches for a Qwen2.5-VL model, as its own processor makes them, but many at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
import torch
from vla_r1_core.prompt import build_prompt, IMAGE_MARKER
from vla_r1_sim.vocabulary import COLORS, SHAPES

from vla_r1_training.scenes.examples import Asked

IGNORED = -100
"""The label of tokens that are given, not learned."""


@dataclass(frozen=True)
class Batch:
    """Inputs of the model and the tokens that it should say.

    Attributes:
        inputs: keyword arguments of the model.
        labels: (B, L), the token that should come next at each place, or `IGNORED`.
    """

    inputs: dict[str, torch.Tensor]
    labels: torch.Tensor

    def to(self, device: torch.device) -> 'Batch':
        """Return it on a device."""
        inputs = {name: value.to(device) for name, value in self.inputs.items()}
        return Batch(inputs, self.labels.to(device))


class Batcher:
    """Writes questions and pictures as token ids and patches.

    Args:
        processor: of the model.
    """

    def __init__(self, processor: Any) -> None:
        self._processor = processor
        self._tokenizer = processor.tokenizer
        images = processor.image_processor
        self._patch, self.merge = images.patch_size, images.merge_size
        self._mean = torch.tensor(images.image_mean)[:, None, None]
        self._std = torch.tensor(images.image_std)[:, None, None]
        self._names = [self._single(COLORS), self._single(SHAPES)]

    def prompt(self, asked: Asked, visual_tokens: int) -> list[int]:
        """Return the ids of a prompt, up to where the answer begins."""
        text = build_prompt(asked.instruction, asked.task).removesuffix(IMAGE_MARKER)
        content = [{'type': 'text', 'text': text}, {'type': 'image'}]
        chat = self._processor.apply_chat_template(
            [{'role': 'user', 'content': content}], add_generation_prompt=True, tokenize=False
        )
        image = self._processor.image_token
        chat = chat.replace(image, image * visual_tokens)
        ids: list[int] = self._tokenizer(chat)['input_ids']
        return ids

    def batch(
        self,
        asked: list[Asked],
        answers: list[str],
        pictures: NDArray[np.uint8],
        *,
        misnamed: float = 0.0,
        rng: np.random.Generator | None = None,
    ) -> Batch:
        """Put questions and their answers into a batch.

        Args:
            asked: B questions.
            answers: B answers; '' to be left to the model, for which padding is on the left.
            pictures: (B, height, width, 3), sides multiples of a visual token's.
            misnamed: share of the colours and shapes that the model believes to have said wrongly,
                while it shall say the right ones. So it learns each of the two words from the
                picture; otherwise it learns from the first which second ones go with it, and
                never says a pair that it was not taught.
            rng: draws which.
        """
        count, height, width, _ = pictures.shape
        grid = [1, height // self._patch, width // self._patch]
        visual_tokens = grid[1] * grid[2] // self.merge**2
        end = self._tokenizer.eos_token_id
        prompts = [self.prompt(a, visual_tokens) for a in asked]
        said = [[*self._tokenizer(a)['input_ids'], end] if a else [] for a in answers]
        length = max(len(p) + len(s) for p, s in zip(prompts, said, strict=True))
        ids = torch.full((count, length), self._tokenizer.pad_token_id)
        mask, labels = torch.zeros_like(ids), torch.full_like(ids, IGNORED)
        for i, (prompt, answer) in enumerate(zip(prompts, said, strict=True)):
            size = len(prompt) + len(answer)
            place = slice(0, size) if answer else slice(length - size, length)
            heard = self._misname(answer, misnamed, rng) if rng else answer
            ids[i, place], mask[i, place] = torch.tensor(prompt + heard), 1
            if answer:
                labels[i, len(prompt) - 1 : size - 1] = torch.tensor(answer)
        inputs = {
            'input_ids': ids,
            'attention_mask': mask,
            'mm_token_type_ids': (ids == self._processor.image_token_id).int(),
            'pixel_values': self.patches(torch.from_numpy(np.array(pictures))),
            'image_grid_thw': torch.tensor([grid] * count),
        }
        return Batch(inputs, labels)

    def _single(self, words: Iterable[str]) -> list[int]:
        """Return the ids of those words that are a token of their own."""
        ids = [self._tokenizer(f' {word}')['input_ids'] for word in words]
        return [own[0] for own in ids if len(own) == 1]

    def _misname(self, ids: list[int], share: float, rng: np.random.Generator) -> list[int]:
        """Replace some of the colours by any, and some of the shapes."""
        heard = list(ids)
        for i, token in enumerate(ids):
            for names in self._names:
                if token in names and rng.random() < share:
                    heard[i] = names[rng.integers(len(names))]
        return heard

    def patches(self, pictures: torch.Tensor) -> torch.Tensor:
        """Cut (B, height, width, 3) uint8 into rows of a patch each, as the processor does."""
        count, height, width, _ = pictures.shape
        p, m = self._patch, self.merge
        scaled = (pictures.permute(0, 3, 1, 2).float() / 255 - self._mean) / self._std
        cells = scaled.reshape(count, 3, height // p // m, m, p, width // p // m, m, p)
        rows = cells.permute(0, 2, 5, 3, 6, 1, 4, 7)  # picture, cell, patch, channel, pixel
        twice = rows[..., None, :, :].expand(*rows.shape[:6], 2, p, p)  # a picture is two frames
        return twice.reshape(-1, 3 * 2 * p * p)
