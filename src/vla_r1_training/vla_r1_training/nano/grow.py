"""A model gets more blocks, which change nothing until they have learned something.

Each is a copy of the block before it whose outputs are zero, and only these are trained then: what
the model knows stays where it is (block expansion, arXiv 2401.02415).
"""

from collections.abc import Collection
from copy import deepcopy
from typing import Any

from torch import nn


def grow(model: Any, blocks: int) -> None:
    """Add blocks to a Qwen2.5-VL's language model, evenly; only these are trained from now on.

    Args:
        model: as it is; it is changed.
        blocks: how many more.

    Raises:
        ValueError: there are fewer blocks to copy than shall be added.
    """
    text = model.model.language_model
    old = list(text.layers)
    if not 0 < blocks <= len(old):
        raise ValueError(f'a model of {len(old)} blocks grows by 1 to {len(old)}, not {blocks}')
    copied = {len(old) * (i + 1) // blocks - 1 for i in range(blocks)}
    layers, types, added = [], [], []
    for i, layer in enumerate(old):
        layers.append(layer)
        types.append(text.config.layer_types[i])
        if i in copied:
            new = deepcopy(layer)
            nn.init.zeros_(new.self_attn.o_proj.weight)
            nn.init.zeros_(new.mlp.down_proj.weight)
            added.append(str(len(layers)))
            layers.append(new)
            types.append(types[-1])
    for i, layer in enumerate(layers):
        layer.self_attn.layer_idx = i  # its place in the cache of keys and values
    text.layers = nn.ModuleList(layers)
    text.config.num_hidden_layers, text.config.layer_types = len(layers), types
    train_only(model, added)


def train_only(model: Any, blocks: Collection[str]) -> None:
    """Let some blocks of a Qwen2.5-VL's language model alone be trained from now on.

    Args:
        model: whose weights are to be trained or not.
        blocks: which, counted from 0.

    Raises:
        ValueError: it has no such block.
    """
    layers = dict(model.model.language_model.layers.named_children())
    unknown = ' '.join(block for block in blocks if block not in layers)
    if unknown:
        raise ValueError(f'its blocks are {" ".join(layers)}: {unknown} is none')
    model.requires_grad_(False)
    for block in blocks:
        layers[block].requires_grad_(True)
