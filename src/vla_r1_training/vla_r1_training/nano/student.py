"""The model in training: its loss over text, and what its visual tokens are asked."""

from collections.abc import Mapping, Sequence
from types import MethodType
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from vla_r1_sim.vocabulary import COLORS, SHAPES

from vla_r1_training.nano.batches import Batch, IGNORED
from vla_r1_training.nano.before import Before, encoded, places, Was
from vla_r1_training.nano.hints import Cells, Hints
from vla_r1_training.nano.pairs import without_unshown
from vla_r1_training.nano.tokenizer import COORDINATES

_MIDDLE_LAYER = 2
"""Of the language model, whose visual tokens are asked for places in the picture."""


class Student(nn.Module):
    """The model and its hints, which are saved together and trained as one.

    Args:
        model: a Qwen2.5-VL.
        tokenizer: with a token for each coordinate, colour and shape.
        shown: (colours, shapes) bool: the pairs that are in the pictures.
        hinted: whether its visual tokens are asked.
        number_weight: of a told coordinate beside a word's.
        before: the model as it was, whose probabilities are learned where it is right.
        expected: by how much the odds shall be above its that a thing has the colour, and the
            shape, that is asked for [nats].
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        shown: torch.Tensor,
        *,
        hinted: bool = True,
        number_weight: float = 1.0,
        before: Any = None,
        expected: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        super().__init__()
        self.model = model
        self._number_weight = number_weight
        embed = model.model.visual.patch_embed
        embed.forward = MethodType(_embed_patches, embed)
        words = {'colors': COLORS, 'shapes': SHAPES}
        tokens = {name: [f'Ġ{word}' for word in said] for name, said in words.items()}
        for name, said in {'coordinates': list(COORDINATES), **tokens}.items():
            ids = torch.tensor(tokenizer.convert_tokens_to_ids(said))
            self.register_buffer(name, ids, persistent=False)
        self.register_buffer('shown', shown, persistent=False)
        self._before = Before(before, expected) if before else None
        self._sees_as_before = bool(self._before and self._before.sees_as(model))
        hidden_size = model.config.text_config.hidden_size
        heads = (Hints(hidden_size, relative=relative) for relative in (True, False))
        self.hints = nn.ModuleList(heads if hinted else ())

    def forward(
        self, batch: Batch, cells: Cells, smooth: float, more: Mapping[str, Batch]
    ) -> dict[str, torch.Tensor]:
        """Return the losses of text, of hints where it has them, and those of more questions.

        Args:
            batch: questions and answers.
            cells: what is where in their pictures.
            smooth: standard deviation of what counts as right [tokens].
            more: questions without pictures, or about those of the batch; these teach nothing
                about how pictures are seen.
        """
        inputs = dict(batch.inputs)
        pixels, grid = inputs.pop('pixel_values', None), inputs['image_grid_thw']
        images = batch.images or self.look(pixels, grid)
        out = self._run(inputs, images, output_hidden_states=bool(self.hints))
        logits = self._logits(batch, out.last_hidden_state)
        was = None
        if self._before:
            names, known = (self.colors, self.shapes), images if self._sees_as_before else ()
            was = self._before.says(batch, self.coordinates, names, known)
        losses = {'text': self._text(batch, logits, smooth, was=was)}
        if self.hints:
            visual = batch.inputs['mm_token_type_ids'] == 1
            seen = [out.hidden_states[i][visual] for i in (0, _MIDDLE_LAYER)]
            asked = zip(self.hints, seen, strict=True)
            hints = [hint(tokens, cells, self.shown) for hint, tokens in asked]
            losses['hints'] = torch.stack(hints).sum()
        if was is not None:
            losses['names'] = was.name_gap(logits)
        for name, other in more.items():
            which = [] if other.pictures is None else other.pictures.tolist()
            heard = self._run(other.inputs, [images[i].detach() for i in which])
            logits = self._logits(other, heard.last_hidden_state)
            losses[name] = self._text(other, logits, smooth, number_weight=self._number_weight)
        return losses

    def look(self, patches: torch.Tensor, grid: torch.Tensor) -> Sequence[torch.Tensor]:
        """Return the visual tokens of each of B pictures.

        Args:
            patches: of all of them, as `Batcher.patches` cuts them.
            grid: (B, 3), their patches in time, height and width.
        """
        found = self.model.model.get_image_features(patches, grid, return_dict=True)
        images: Sequence[torch.Tensor] = found.pooler_output
        return images

    def _run(
        self, inputs: Mapping[str, torch.Tensor], images: Sequence[torch.Tensor], **options: bool
    ) -> Any:
        """Return what the model makes of texts and of pictures that have been encoded."""
        return self.model.model(
            **inputs, mm_encoder_outputs=encoded(images), use_cache=False, **options
        )

    def _logits(self, batch: Batch, hidden: torch.Tensor) -> torch.Tensor:
        """Return (N, V) for the N tokens of a batch that are learned."""
        logits: torch.Tensor = self.model.lm_head(hidden[batch.labels != IGNORED])
        return logits.float()

    def _text(
        self,
        batch: Batch,
        said: torch.Tensor,
        smooth: float,
        *,
        number_weight: float = 1.0,
        was: Was | None = None,
    ) -> torch.Tensor:
        """Return the loss of the (N, V) logits of what is learned of a batch's answers."""
        learned = batch.labels != IGNORED
        before = functional.pad(batch.seen, (1, 0), value=IGNORED)[:, :-1][learned]
        behind = functional.pad(batch.seen, (0, 1), value=IGNORED)[:, 1:][learned]
        colors, shapes = places(before, self.colors), places(behind, self.shapes)
        right = batch.labels[learned]
        logits = without_unshown(said, self.shapes, colors, self.shown, right)
        logits = without_unshown(logits, self.colors, shapes, self.shown.T, right)
        targets = self._targets(right, logits, smooth)
        weights = torch.where(torch.isin(right, self.coordinates), number_weight, 1.0)
        losses = functional.cross_entropy(logits, targets, reduction='none')
        if was is not None:
            losses = torch.where(was.kept, was.gaps(said), losses)
        return (losses * weights).sum() / weights.sum()

    def _targets(self, labels: torch.Tensor, logits: torch.Tensor, smooth: float) -> torch.Tensor:
        """Return (N, V) probabilities: certain, but for coordinates a bell curve."""
        targets = functional.one_hot(labels, logits.shape[-1]).to(logits.dtype)
        if smooth > 0.0:
            exact = targets[:, self.coordinates]
            rows = exact.any(-1).nonzero()[:, 0]
            places = torch.arange(len(self.coordinates), device=labels.device)
            offset = places - exact[rows].argmax(-1, keepdim=True)
            bell = torch.softmax(-0.5 * (offset / smooth) ** 2, -1)
            targets[rows[:, None], self.coordinates] = bell
        return targets


def _embed_patches(embed: Any, patches: torch.Tensor) -> torch.Tensor:
    """Do what the patches' convolution does, whose kernel is a whole patch, as a matrix product.

    Its gradient alone takes a third of a step as PyTorch convolves bf16 on some CPUs.
    """
    weight = embed.proj.weight.flatten(1)
    return functional.linear(patches.to(weight.dtype), weight)
