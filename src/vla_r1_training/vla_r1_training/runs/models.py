"""Models as they are loaded to be trained."""

from collections.abc import Mapping
import logging
from pathlib import Path
from typing import Any

import torch
from transformers import Qwen2_5_VLForConditionalGeneration


def load_model(folder: Path, dtype: torch.dtype) -> Any:
    """Load a Qwen2.5-VL to train it.

    On a CPU PyTorch's fused attention is slow where gradients are needed: a step of the nano
    model takes 1.3 times as long with it.
    """
    attention = 'sdpa' if torch.accelerator.is_available() else 'eager'
    return Qwen2_5_VLForConditionalGeneration.from_pretrained(
        folder, dtype=dtype, attn_implementation=attention
    )


def warn_if_slow(precision: str) -> None:
    """Say so when the chosen precision is the slow one on this machine."""
    if torch.accelerator.is_available() or precision != 'bf16':
        return
    if not has_bf16(torch.cpu.get_capabilities()):
        logging.warning(
            'this CPU has no bf16 and computes it in software: a new run is faster with '
            'precision: fp32'
        )


def has_bf16(capabilities: Mapping[str, object]) -> bool:
    """Whether a CPU that can do this (as `torch.cpu.get_capabilities` tells) multiplies bf16."""
    return any(value for name, value in capabilities.items() if name.endswith('bf16'))
