"""Batches for a Qwen2.5-VL model, as its own processor makes them, but many at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
import torch
from vla_r1_core.prompt import build_prompt, IMAGE_MARKER
from vla_r1_sim.vocabulary import COLORS, SHAPES

from vla_r1_training.scenes.examples import Asked
from vla_r1_training.scenes.thoughts import SCENE_LEADS

_PER_TOKEN = ('labels', 'seen', 'wanted', 'listed')
IGNORED = -100
"""The label of tokens that are given, not learned."""
_MISNAMED = 0.5
"""Of the colours and shapes in a list that is misnamed: share that is replaced by any."""


def strangely_colored(looks: NDArray[np.int_]) -> NDArray[np.bool_]:
    """Return (B,), in which pictures a colour looks like another one, or like none.

    Args:
        looks: (B, colours), which colour each looks like, or -1.
    """
    strange: NDArray[np.bool_] = (looks != np.arange(len(COLORS))).any(1)
    return strange


@dataclass(frozen=True)
class Batch:
    """Inputs of the model and the tokens that it should say.

    Attributes:
        inputs: keyword arguments of the model.
        labels: (B, L), the token that should come next at each place, or `IGNORED`.
        seen: (B, L), the same with the colours that things seem to have, learned or not;
            `IGNORED` for those of things without colours.
        wanted: (B, L), where a thing's colour or shape is listed, the one that is asked for;
            `IGNORED` elsewhere, and where more or less than a colour and a shape is asked for.
        listed: (B, L) bool, whether it is in the list of what is seen.
        pictures: (B,), whose pictures of another batch they are asked about, where they are.
        images: the visual tokens of each picture, where they are known; then there are no pixels.
    """

    inputs: dict[str, torch.Tensor]
    labels: torch.Tensor
    seen: torch.Tensor
    wanted: torch.Tensor
    listed: torch.Tensor
    pictures: torch.Tensor | None = None
    images: Sequence[torch.Tensor] = ()

    def to(self, device: torch.device) -> 'Batch':
        """Return it on a device."""
        inputs = {name: value.to(device) for name, value in self.inputs.items()}
        tokens = {name: getattr(self, name).to(device) for name in _PER_TOKEN}
        images = [image.to(device) for image in self.images]
        return replace(self, inputs=inputs, images=images, **tokens)


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
        self._colors, self._shapes = self._single(COLORS), self._single(SHAPES)
        self._seeing = self._ids(f'. {lead}' for lead in SCENE_LEADS)
        vocabulary = self._tokenizer.get_vocab()
        self._stops = {id_ for token, id_ in vocabulary.items() if token.startswith('.')}

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
        looks: NDArray[np.int_] | None = None,
        rng: np.random.Generator | None = None,
        images: Sequence[torch.Tensor] = (),
    ) -> Batch:
        """Put questions and their answers into a batch.

        Args:
            asked: B questions.
            answers: B answers; '' to be left to the model, for which padding is on the left.
            pictures: (B, height, width, 3), sides multiples of a visual token's.
            misnamed: share of the pictures in whose list of what is seen many colours and shapes
                are others than the model should have said, while it shall go on with the right
                ones. So it learns each of the two words from the picture; otherwise it learns
                from the first which second ones go with it, and never says a pair that it was
                not taught. What comes behind such a list is not learned: what is meant shall
                follow from what is listed.
            looks: (B, colours), what each colour that is named looks like in a picture, -1 where
                colours are gone; by default each like itself. Where that is not so, no colour is
                learned of what is seen, and all that is said there counts as said rightly: which
                thing is meant follows from it.
            rng: draws which.
            images: the visual tokens of each picture, if they are known; otherwise its pixels are
                in the batch.
        """
        grid = self.grid(pictures)
        visual_tokens = int(grid[0].prod()) // self.merge**2
        said = self._said(answers)
        strange = np.zeros(len(said), bool) if looks is None else strangely_colored(looks)
        heard, learned, looking = list(said), list(said), list(said)
        for i, answer in enumerate(said):
            if strange[i]:
                learned[i] = self._colorless(answer)
            elif rng is not None and rng.random() < misnamed:
                heard[i], learned[i] = self._misname(answer, rng)
            if looks is not None:
                looking[i] = self._looking(answer, looks[i])
        written = self._written(asked, visual_tokens, heard, learned, looking)
        written.inputs['image_grid_thw'] = grid
        if images:
            return replace(written, images=images)
        written.inputs['pixel_values'] = self.patches(torch.from_numpy(np.array(pictures)))
        return written

    def told(
        self,
        asked: list[Asked],
        answers: list[str],
        pictures: Sequence[int] = (),
        of: Batch | None = None,
    ) -> Batch:
        """Put questions into a batch of which what is seen is told, and the rest is learned.

        Where the list ends is not learned: that follows from a picture.

        Args:
            asked: B questions.
            answers: B answers, which begin with a list of what is seen.
            pictures: B places in a batch, whose pictures they are asked about; none without.
            of: that batch.
        """
        said = self._said(answers)
        learned, unseen = [], [[IGNORED] * len(answer) for answer in said]
        for answer in said:
            first, last = self._listed(answer)
            learned.append([IGNORED if first < i <= last else t for i, t in enumerate(answer)])
        if of is None:
            return self._written(asked, 0, said, learned, unseen)
        which = torch.tensor(pictures)
        grid = of.inputs['image_grid_thw'][which]
        visual_tokens = int(grid[0].prod()) // self.merge**2
        written = self._written(asked, visual_tokens, said, learned, unseen)
        written.inputs['image_grid_thw'] = grid
        return replace(written, pictures=which)

    def _said(self, answers: list[str]) -> list[list[int]]:
        """Return the ids of answers, with the token that ends them; none for an empty one."""
        end = self._tokenizer.eos_token_id
        return [[*self._tokenizer(a)['input_ids'], end] if a else [] for a in answers]

    def _written(
        self,
        asked: list[Asked],
        visual_tokens: int,
        heard: list[list[int]],
        learned: list[list[int]],
        looking: list[list[int]],
    ) -> Batch:
        """Put the ids of answers behind their prompts, and beside them what is learned and seen.

        Padding is on the right, and on the left of prompts without an answer.
        """
        prompts = [self.prompt(a, visual_tokens) for a in asked]
        length = max(len(p) + len(h) for p, h in zip(prompts, heard, strict=True))
        ids = torch.full((len(asked), length), self._tokenizer.pad_token_id)
        mask, labels = torch.zeros_like(ids), torch.full_like(ids, IGNORED)
        seen, wanted = labels.clone(), labels.clone()
        listed = torch.zeros_like(ids, dtype=torch.bool)
        for i, (prompt, answer) in enumerate(zip(prompts, heard, strict=True)):
            size = len(prompt) + len(answer)
            place = slice(0, size) if answer else slice(length - size, length)
            ids[i, place], mask[i, place] = torch.tensor(prompt + answer), 1
            if answer:
                follows = slice(len(prompt) - 1, size - 1)
                labels[i, follows] = torch.tensor(learned[i])
                seen[i, follows] = torch.tensor(looking[i])
                first, last = self._listed(answer)
                names = self._wanted(asked[i].request, answer, first, last)
                wanted[i, follows] = torch.tensor(names)
                listed[i, len(prompt) + first : len(prompt) + last - 1] = True
        inputs = {
            'input_ids': ids,
            'attention_mask': mask,
            'mm_token_type_ids': (ids == self._processor.image_token_id).int(),
        }
        return Batch(inputs, labels, seen, wanted, listed)

    def _single(self, words: Iterable[str]) -> list[int]:
        """Return the ids of those words that are a token of their own."""
        return self._ids(f' {word}' for word in words)

    def _ids(self, texts: Iterable[str]) -> list[int]:
        ids = [self._tokenizer(text)['input_ids'] for text in texts]
        return [own[0] for own in ids if len(own) == 1]

    def _listed(self, answer: list[int]) -> tuple[int, int]:
        """Return where in an answer the list of what is seen begins, and the full stop behind."""
        first = next((i for i, token in enumerate(answer) if token in self._seeing), len(answer))
        behind = range(first + 1, len(answer))
        return first, next((i for i in behind if answer[i] in self._stops), len(answer))

    def _wanted(self, request: str, answer: list[int], first: int, last: int) -> list[int]:
        """Return what is asked for where an answer lists a colour or a shape, if it is both."""
        _, *words = self._tokenizer(f' {request}')['input_ids']
        if len(words) != 2 or words[0] not in self._colors or words[1] not in self._shapes:
            return [IGNORED] * len(answer)
        becomes = dict.fromkeys(self._colors, words[0]) | dict.fromkeys(self._shapes, words[1])
        return [
            becomes.get(token, IGNORED) if first < i < last else IGNORED
            for i, token in enumerate(answer)
        ]

    def _misname(self, answer: list[int], rng: np.random.Generator) -> tuple[list[int], list[int]]:
        """Return an answer with other names in its list, and what of it is still learned."""
        first, last = self._listed(answer)
        heard = list(answer)
        for i in range(first, last):
            for names in (self._colors, self._shapes):
                if answer[i] in names and rng.random() < _MISNAMED:
                    heard[i] = names[rng.integers(len(names))]
        return heard, answer[:last] + [IGNORED] * (len(answer) - last)

    def _colorless(self, answer: list[int]) -> list[int]:
        """Return an answer without the colours of what is seen, which no picture tells."""
        first, last = self._listed(answer)
        return [
            IGNORED if token in self._colors and first < i < last else token
            for i, token in enumerate(answer)
        ]

    def _looking(self, answer: list[int], looks: NDArray[np.int_]) -> list[int]:
        """Return an answer with the colours that things seem to have."""
        like = [self._colors[i] if i >= 0 else IGNORED for i in looks.tolist()]
        becomes = dict(zip(self._colors, like, strict=True))
        return [becomes.get(token, token) for token in answer]

    def grid(self, pictures: NDArray[np.uint8]) -> torch.Tensor:
        """Return (B, 3), how many patches there are in time, height and width of each picture."""
        count, height, width, _ = pictures.shape
        return torch.tensor([[1, height // self._patch, width // self._patch]] * count)

    def patches(self, pictures: torch.Tensor) -> torch.Tensor:
        """Cut (B, height, width, 3) uint8 into rows of a patch each, as the processor does."""
        count, height, width, _ = pictures.shape
        p, m = self._patch, self.merge
        scaled = (pictures.permute(0, 3, 1, 2).float() / 255 - self._mean) / self._std
        cells = scaled.reshape(count, 3, height // p // m, m, p, width // p // m, m, p)
        rows = cells.permute(0, 2, 5, 3, 6, 1, 4, 7)  # picture, cell, patch, channel, pixel
        twice = rows[..., None, :, :].expand(*rows.shape[:6], 2, p, p)  # a picture is two frames
        return twice.reshape(-1, 3 * 2 * p * p)
