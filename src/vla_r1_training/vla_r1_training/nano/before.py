"""The model as it was: what it said rightly of pictures is kept while something else is learned.

Learning from its probabilities instead of the certain answer (learning without forgetting, arXiv
1606.09282) has no gradient where nothing has changed; answers drawn anew in every step have one
everywhere, beside which little is learned of a few words that decide.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional
from transformers.modeling_outputs import BaseModelOutputWithPooling

from vla_r1_training.nano.batches import Batch, IGNORED

_NEAR = 20
"""Thousandths of the picture by which a coordinate may be off and is right."""
_MORE = 1.0
"""Nats by which a thing's own name is to be likelier than any other, at least."""


@dataclass(frozen=True)
class Was:
    """What the model before said of N tokens that are learned, and what is wished beside it.

    Attributes:
        goals: (N, V) logits.
        kept: (N,) bool, whether they are to be learned: the likeliest token is right; a
            coordinate's, nearly. Names in the list always, corrected.
        names: ids of colours, and of shapes, and (N,) bool where one of them is listed.
    """

    goals: torch.Tensor
    kept: torch.Tensor
    names: Sequence[tuple[torch.Tensor, torch.Tensor]]

    def gaps(self, logits: torch.Tensor) -> torch.Tensor:
        """Return (N,) Kullback-Leibler divergences of (N, V) logits from it [nats]."""
        goals, said = self.goals.log_softmax(-1), logits.log_softmax(-1)
        return functional.kl_div(said, goals, reduction='none', log_target=True).sum(-1)

    def name_gap(self, logits: torch.Tensor) -> torch.Tensor:
        """Return how far the log-odds of all colours and shapes in the list are from it [nats].

        Also where they are so small that probabilities would not tell: a thing that is seen less
        clearly becomes another one by these.
        """
        total, count = logits.sum() * 0.0, 0
        for words, rows in self.names:
            odds, goals = _log_odds(logits[rows][:, words]), _log_odds(self.goals[rows][:, words])
            total = total + functional.smooth_l1_loss(odds, goals, reduction='sum')
            count += goals.numel()
        return total / max(1, count)


class Before:
    """A model that is not trained any more.

    Args:
        model: a Qwen2.5-VL.
        expected: what is added to its log-odds that a thing in the list has the colour, and the
            shape, that is asked for [nats].
    """

    def __init__(self, model: Any, expected: tuple[float, float]) -> None:
        self._model, self._expected = model, expected

    def sees_as(self, model: Any) -> bool:
        """Whether a model's vision encoder is this one's, and stays so."""
        own = self._model.model.visual.state_dict()
        return all(
            not value.requires_grad and torch.equal(value, own[name])
            for name, value in model.model.visual.named_parameters()
        )

    def says(
        self,
        batch: Batch,
        coordinates: torch.Tensor,
        names: Sequence[torch.Tensor],
        images: Sequence[torch.Tensor] = (),
    ) -> Was:
        """Return what it says where something is learned.

        Args:
            batch: questions about pictures.
            coordinates: ids of their tokens, in order.
            names: ids of colours, and of shapes.
            images: the visual tokens of each picture, if they are known.
        """
        inputs = dict(batch.inputs)
        if images:
            del inputs['pixel_values']
            inputs['mm_encoder_outputs'] = encoded(images)
        learned = batch.labels != IGNORED
        labels, wanted, listed = (of[learned] for of in (batch.labels, batch.wanted, batch.listed))
        with torch.no_grad():
            hidden = self._model.model(**inputs, use_cache=False).last_hidden_state
            goals = self._model.lm_head(hidden[learned]).float()
        said = goals.argmax(-1)
        here, there = places(said, coordinates), places(labels, coordinates)
        near = (here >= 0) & (there >= 0) & ((here - there).abs() <= _NEAR)
        kept, where = (said == labels) | near, []
        for ids, more in zip(names, self._expected, strict=True):
            rows = listed & torch.isin(labels, ids)
            kept |= rows
            where.append((ids, rows))
            goals[rows] = _corrected(goals[rows], labels[rows], ids)
            asked = torch.isin(wanted, ids).nonzero()[:, 0]
            goals[asked, wanted[asked]] += more
        return Was(goals, kept, where)


def encoded(images: Sequence[torch.Tensor]) -> dict[str, BaseModelOutputWithPooling]:
    """Return the visual tokens of pictures as what a Qwen2.5-VL takes instead of their pixels."""
    return {'image': BaseModelOutputWithPooling(pooler_output=images)} if images else {}


def _corrected(logits: torch.Tensor, right: torch.Tensor, among: torch.Tensor) -> torch.Tensor:
    """Return (N, V) logits in which what is right is the likeliest of some others, clearly."""
    others = logits.scatter(1, right[:, None], -torch.inf)[:, among].amax(1)
    out = logits.clone()
    rows = torch.arange(len(right), device=right.device)
    out[rows, right] = logits[rows, right].maximum(others + _MORE)
    return out


def places(ids: torch.Tensor, among: torch.Tensor) -> torch.Tensor:
    """Return where each of (N,) ids stands among (K,) others, -1 for those that do not."""
    same = ids[:, None] == among
    return torch.where(same.any(-1), same.int().argmax(-1), -1)


def _log_odds(logits: torch.Tensor) -> torch.Tensor:
    """Return (N, K) logarithms of p / (1 - p)."""
    same = torch.eye(logits.shape[-1], dtype=torch.bool, device=logits.device)
    others = logits[:, None, :].expand(-1, len(same), -1).masked_fill(same, -torch.inf)
    return logits - others.logsumexp(-1)
