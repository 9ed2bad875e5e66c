"""A Qwen2.5-VL folder as a model that answers: number format, quantization, attention, LoRA."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from transformers import Qwen2_5_VLForConditionalGeneration

from vla_r1_perception.config import ReasonerConfig
from vla_r1_perception.model_folder import not_loaded

_ADAPTER = 'adapter_config.json'


def load_model(folder: Path, config: ReasonerConfig) -> Any:
    """Load a model as the parameters say.

    Raises:
        ReasoningError: MODEL_NOT_LOADED, with what to do about it.
    """
    device = _device(config.device)
    options: dict[str, Any] = {}
    if config.attention != 'auto':
        options['attn_implementation'] = config.attention
    if config.quantization != 'none':
        _need('bitsandbytes', f'quantization {config.quantization}')
        options['quantization_config'] = _quantization(config)
        options['device_map'] = {'': device}
    try:
        model, info = Qwen2_5_VLForConditionalGeneration.from_pretrained(
            folder, dtype=config.dtype, local_files_only=True, output_loading_info=True, **options
        )
    except Exception as error:  # a broken folder raises anything, from a dozen libraries
        raise not_loaded(f'{folder} cannot be loaded: {error}') from error
    if info['missing_keys']:
        # Without this the model would answer from random numbers.
        missing = sorted(info['missing_keys'])
        raise not_loaded(f'{folder} lacks {len(missing)} weights, such as {missing[0]}')
    if config.adapter:
        model = _with_adapter(model, Path(config.adapter).expanduser())
    return (model if config.quantization != 'none' else model.to(device)).eval()


def _with_adapter(model: Any, folder: Path) -> Any:
    """Merge a LoRA adapter into a model."""
    if not (folder / _ADAPTER).is_file():
        raise not_loaded(
            f'there is no LoRA adapter in {str(folder)!r}; set the parameter adapter to a local '
            f'folder with {_ADAPTER} and its weights, or to nothing'
        )
    _need('peft', 'a LoRA adapter')
    from peft import PeftModel

    try:
        return PeftModel.from_pretrained(model, str(folder)).merge_and_unload()
    except Exception as error:
        raise not_loaded(f'the adapter {folder} does not fit: {error}') from error


def _quantization(config: ReasonerConfig) -> Any:
    from transformers import BitsAndBytesConfig

    if config.quantization == '8bit':
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type='nf4', bnb_4bit_compute_dtype=torch.bfloat16
    )


def _need(package: str, what: str) -> None:
    if not find_spec(package):
        raise not_loaded(f'{what} needs the package {package}: pip install {package}')


def _device(wanted: str) -> torch.device:
    """Return the device, of the best kind there is when `wanted` is 'auto'."""
    if wanted == 'auto':
        return torch.device('cuda' if torch.cuda.is_available() else 'cpu')
    try:
        device = torch.device(wanted)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise not_loaded(f'device {wanted!r} cannot be used here: {error}') from error
    return device
