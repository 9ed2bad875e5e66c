"""The model in training: its loss over text, and what its visual tokens are asked."""

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from vla_r1_training.nano.batches import Batch, IGNORED
from vla_r1_training.nano.hints import Cells, Hints

_MIDDLE_LAYER = 2
"""Of the language model, whose visual tokens are asked for places in the picture."""


class Student(nn.Module):
    """The model and its hints, which are saved together and trained as one.

    Args:
        model: a Qwen2.5-VL.
        coordinates: (1001,), ids of the coordinates' tokens, in order.
    """

    def __init__(self, model: Any, coordinates: torch.Tensor) -> None:
        super().__init__()
        self.model = model
        self.register_buffer('coordinates', coordinates, persistent=False)
        hidden_size = model.config.text_config.hidden_size
        self.hints = nn.ModuleList(
            [Hints(hidden_size, relative=True), Hints(hidden_size, relative=False)]
        )

    def forward(self, batch: Batch, cells: Cells, smooth: float) -> dict[str, torch.Tensor]:
        """Return the losses of text and hints.

        Args:
            batch: questions and answers.
            cells: what is where in their pictures.
            smooth: standard deviation of what counts as right [tokens].
        """
        out = self.model.model(**batch.inputs, output_hidden_states=True, use_cache=False)
        learned = batch.labels != IGNORED
        logits = self.model.lm_head(out.last_hidden_state[learned]).float()
        text = functional.cross_entropy(
            logits, self._targets(batch.labels[learned], logits, smooth)
        )
        visual = batch.inputs['mm_token_type_ids'] == 1
        seen = [out.hidden_states[i][visual] for i in (0, _MIDDLE_LAYER)]
        hints = [hint(tokens, cells) for hint, tokens in zip(self.hints, seen, strict=True)]
        return {'text': text, 'hints': torch.stack(hints).sum()}

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
