"""The model in training: its loss over text, and what its visual tokens are asked."""

from collections.abc import Mapping, Sequence
from types import MethodType
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from transformers.modeling_outputs import BaseModelOutputWithPooling
from vla_r1_sim.vocabulary import COLORS, SHAPES

from vla_r1_training.nano.batches import Batch, IGNORED
from vla_r1_training.nano.hints import Cells, Hints
from vla_r1_training.nano.pairs import without_unshown
from vla_r1_training.nano.tokenizer import COORDINATES

_NEAR = 20
"""Thousandths of the picture by which a coordinate may be off and is right."""
_MIDDLE_LAYER = 2
"""Of the language model, whose visual tokens are asked for places in the picture."""


class Student(nn.Module):
    """The model and its hints, which are saved together and trained as one.

    Args:
        model: a Qwen2.5-VL.
        tokenizer: with a token for each coordinate, colour and shape.
        shown: (colours, shapes) bool: the pairs that are in the pictures.
        number_weight: of a coordinate beside a word's.
        before: the model as it was, whose probabilities are learned where it is right.
        expected: by how much the odds shall be above its that a thing is called as asked [nats].
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        shown: torch.Tensor,
        *,
        number_weight: float = 1.0,
        before: Any = None,
        expected: float = 0.0,
    ) -> None:
        super().__init__()
        self.model = model
        self._number_weight = number_weight
        self._before = (before,)  # no part of what is trained and saved
        self._expected = expected
        embed = model.model.visual.patch_embed
        embed.forward = MethodType(_embed_patches, embed)
        words = {'colors': COLORS, 'shapes': SHAPES}
        tokens = {name: [f'Ġ{word}' for word in said] for name, said in words.items()}
        for name, said in {'coordinates': list(COORDINATES), **tokens}.items():
            ids = torch.tensor(tokenizer.convert_tokens_to_ids(said))
            self.register_buffer(name, ids, persistent=False)
        self.register_buffer('shown', shown, persistent=False)
        hidden_size = model.config.text_config.hidden_size
        self.hints = nn.ModuleList(
            [Hints(hidden_size, relative=True), Hints(hidden_size, relative=False)]
        )

    def forward(
        self, batch: Batch, cells: Cells, smooth: float, more: Mapping[str, Batch]
    ) -> dict[str, torch.Tensor]:
        """Return the losses of text and hints, and by name those of more questions.

        Args:
            batch: questions and answers.
            cells: what is where in their pictures.
            smooth: standard deviation of what counts as right [tokens].
            more: questions without pictures, or about those of the batch; these teach nothing
                about how pictures are seen.
        """
        inputs = dict(batch.inputs)
        pixels, grid = inputs.pop('pixel_values'), inputs['image_grid_thw']
        images = self.model.model.get_image_features(pixels, grid, return_dict=True).pooler_output
        out = self._run(inputs, images, output_hidden_states=True)
        was = self._was(batch)
        text = self._text(batch, out.last_hidden_state, smooth, was)
        visual = batch.inputs['mm_token_type_ids'] == 1
        seen = [out.hidden_states[i][visual] for i in (0, _MIDDLE_LAYER)]
        hints = [
            hint(tokens, cells, self.shown) for hint, tokens in zip(self.hints, seen, strict=True)
        ]
        losses = {'text': text, 'hints': torch.stack(hints).sum()}
        if was is not None:
            losses['names'] = self._names(batch, out.last_hidden_state, was)
        for name, other in more.items():
            which = [] if other.pictures is None else other.pictures.tolist()
            heard = self._run(other.inputs, [images[i].detach() for i in which])
            losses[name] = self._text(other, heard.last_hidden_state, smooth, told=True)
        return losses

    def _was(self, batch: Batch) -> torch.Tensor | None:
        """Return (N, V) logits of the model before for what is learned, its wishes added."""
        (before,) = self._before
        if before is None:
            return None
        learned = batch.labels != IGNORED
        with torch.no_grad():
            hidden = before.model(**batch.inputs, use_cache=False).last_hidden_state[learned]
            was: torch.Tensor = before.lm_head(hidden).float()
        return was

    def _wished(self, batch: Batch, was: torch.Tensor) -> torch.Tensor:
        """Return logits in which what is asked for is more likely."""
        wanted = batch.wanted[batch.labels != IGNORED]
        rows = (wanted != IGNORED).nonzero()[:, 0]
        out = was.clone()
        out[rows, wanted[rows]] += self._expected
        return out

    def _names(self, batch: Batch, hidden: torch.Tensor, was: torch.Tensor) -> torch.Tensor:
        """Return how far the odds of names in the list are from where they shall be [nats].

        Also where they are so small that probabilities would not tell.
        """
        learned = batch.labels != IGNORED
        rows = batch.listed[learned] & self._right(was, batch.labels[learned])
        goals, right = self._wished(batch, was)[rows], batch.labels[learned][rows]
        logits = self.model.lm_head(hidden[learned][rows]).float()
        total, count = logits.sum() * 0.0, 0
        for words in (self.colors, self.shapes):
            own = torch.isin(right, words)
            odds, goal = _log_odds(logits[own][:, words]), _log_odds(goals[own][:, words])
            total = total + functional.smooth_l1_loss(odds, goal, reduction='sum')
            count += goal.numel()
        return total / max(1, count)

    def _right(self, logits: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        """Return (N,) bool: whether the likeliest is right, or nearly, where it is a coordinate."""
        said = logits.argmax(-1)
        here, there = _places(said, self.coordinates), _places(right, self.coordinates)
        near = (here >= 0) & (there >= 0) & ((here - there).abs() <= _NEAR)
        return (said == right) | near

    def _run(
        self, inputs: Mapping[str, torch.Tensor], images: Sequence[torch.Tensor], **options: bool
    ) -> Any:
        """Return what the model makes of texts and of pictures that have been encoded."""
        encoded = {'image': BaseModelOutputWithPooling(pooler_output=images)} if images else {}
        return self.model.model(**inputs, mm_encoder_outputs=encoded, use_cache=False, **options)

    def _text(
        self,
        batch: Batch,
        hidden: torch.Tensor,
        smooth: float,
        was: torch.Tensor | None = None,
        told: bool = False,
    ) -> torch.Tensor:
        """Return the loss of what is learned of a batch's answers."""
        learned = batch.labels != IGNORED
        logits = plain = self.model.lm_head(hidden[learned]).float()
        before = functional.pad(batch.seen, (1, 0), value=IGNORED)[:, :-1][learned]
        behind = functional.pad(batch.seen, (0, 1), value=IGNORED)[:, 1:][learned]
        colors, shapes = _places(before, self.colors), _places(behind, self.shapes)
        right = batch.labels[learned]
        logits = without_unshown(logits, self.shapes, colors, self.shown, right)
        logits = without_unshown(logits, self.colors, shapes, self.shown.T, right)
        targets = self._targets(right, logits, smooth)
        weight = self._number_weight if told else 1.0
        weights = torch.where(torch.isin(right, self.coordinates), weight, 1.0)
        losses = functional.cross_entropy(logits, targets, reduction='none')
        if was is not None:
            goals = self._wished(batch, was).softmax(-1)
            kept = functional.kl_div(plain.log_softmax(-1), goals, reduction='none').sum(-1)
            trusted = self._right(was, right)
            losses = torch.where(trusted, kept, losses)
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


def _log_odds(logits: torch.Tensor) -> torch.Tensor:
    """Return (N, K) logarithms of p / (1 - p)."""
    logits = logits.float()
    same = torch.eye(logits.shape[-1], dtype=torch.bool, device=logits.device)
    others = logits[:, None, :].expand(-1, len(same), -1).masked_fill(same, -torch.inf)
    return logits - others.logsumexp(-1)


def _places(ids: torch.Tensor, among: torch.Tensor) -> torch.Tensor:
    """Return where each of (N,) ids stands among (K,) others, -1 for those that do not."""
    same = ids[:, None] == among
    return torch.where(same.any(-1), same.int().argmax(-1), -1)
