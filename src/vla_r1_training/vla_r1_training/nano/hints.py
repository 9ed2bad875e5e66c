"""What is where, asked of the visual tokens themselves: heads that are used in training only.

Without them the loss of the text alone takes four times as long to teach a small model to see.
"""

import numpy as np
from numpy.typing import NDArray
import torch
from torch import nn
from torch.nn import functional
from vla_r1_sim.vocabulary import COLORS, SHAPES

from vla_r1_training.nano.batches import IGNORED, strangely_colored
from vla_r1_training.nano.pairs import without_unshown
from vla_r1_training.scenes.examples import Asked

_COLORS = (*COLORS, 'none')
_SHAPES = (*SHAPES, 'bowl', 'tray', 'none')
_BOX_SCALE = 20.0
"""Boxes are a twentieth of the picture: errors count as much as a wrong colour."""


class Hints(nn.Module):
    """Reads colour, shape and box of the thing whose middle is in a visual token's cell.

    Args:
        hidden_size: of a visual token.
        relative: the box's middle is told from the cell's; otherwise from the picture's.
    """

    def __init__(self, hidden_size: int, *, relative: bool) -> None:
        super().__init__()
        self._relative = relative
        self._read = nn.Linear(hidden_size, len(_COLORS) + len(_SHAPES) + 4)

    def forward(self, tokens: torch.Tensor, truth: 'Cells', shown: torch.Tensor) -> torch.Tensor:
        """Return the loss of (N, hidden_size) visual tokens, all pictures' in order.

        Args:
            tokens: of the pictures.
            truth: of each token.
            shown: (colours, shapes) bool: the pairs that are in the pictures.
        """
        color, shape, box = self._read(tokens).split([len(_COLORS), len(_SHAPES), 4], dim=-1)
        named = [torch.arange(count, device=tokens.device) for count in shown.shape]
        given = [
            torch.where(which < count, which, -1)
            for which, count in zip((truth.look, truth.shape), shown.shape, strict=True)
        ]
        color = without_unshown(color.float(), named[0], given[1], shown.T, truth.color)
        shape = without_unshown(shape.float(), named[1], given[0], shown, truth.shape)
        full = truth.shape != len(_SHAPES) - 1
        names = functional.cross_entropy(
            color, truth.color, reduction='none', ignore_index=IGNORED
        )
        names = names + functional.cross_entropy(shape, truth.shape, reduction='none')
        # As many cells are empty, full ones and empty ones count the same in all.
        loss = names[full].mean() + names[~full].mean()
        wanted = truth.box - truth.origin * self._relative
        error = functional.smooth_l1_loss(box[full], wanted[full] * _BOX_SCALE)
        return loss + error


class Cells:
    """The truth for every visual token: (N,) colour and shape, (N, 4) box and origin of the cell.

    `look` is the colour that a thing seems to have, which may be another; -1 for none.

    Args:
        asked: a question about each picture.
        rows, columns: of visual tokens in a picture.
        looks: (B, colours), which colour each looks like in a picture, -1 where colours are gone;
            by default each like itself. Where that is not so, colours are not asked.
    """

    def __init__(
        self,
        asked: list[Asked],
        rows: int,
        columns: int,
        looks: NDArray[np.int_] | None = None,
    ) -> None:
        count = len(asked) * rows * columns
        self.color = torch.full((count,), len(_COLORS) - 1)
        self.shape = torch.full((count,), len(_SHAPES) - 1)
        self.box = torch.zeros(count, 4)
        y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing='ij')
        middles = torch.stack([(x + 0.5) / columns, (y + 0.5) / rows], -1).reshape(-1, 2)
        self.origin = functional.pad(middles, (0, 2)).repeat(len(asked), 1)
        for i, question in enumerate(asked):
            for thing in question.things:
                box = thing.box
                cell = int(box.y * rows) * columns + int(box.x * columns)
                where = i * rows * columns + cell
                color, _, shape = thing.name.rpartition(' ')
                self.color[where] = _COLORS.index(color or 'none')
                self.shape[where] = _SHAPES.index(shape)
                self.box[where] = torch.tensor([box.x, box.y, box.width, box.height])
        self.look = self.color.clone()
        if looks is not None:
            none = np.full((len(looks), 1), len(_COLORS) - 1)
            like = torch.from_numpy(np.hstack([looks, none])).repeat_interleave(rows * columns, 0)
            self.look = like.gather(1, self.color[:, None])[:, 0]
            strange = torch.from_numpy(strangely_colored(looks))
            self.color[strange.repeat_interleave(rows * columns)] = IGNORED

    def to(self, device: torch.device) -> 'Cells':
        """Move it to a device."""
        self.color, self.shape = self.color.to(device), self.shape.to(device)
        self.look = self.look.to(device)
        self.box, self.origin = self.box.to(device), self.origin.to(device)
        return self
