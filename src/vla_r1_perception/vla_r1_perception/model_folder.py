"""What a local model folder holds, checked before anything heavy is loaded."""

import hashlib
import json
from pathlib import Path

from vla_r1_core.errors import ReasonCode, ReasoningError

MODEL_TYPE = 'qwen2_5_vl'
_CHUNK = 1 << 20  # [bytes]


def check_folder(model: str) -> Path:
    """Return the folder if it holds a Qwen2.5-VL model with weights.

    Raises:
        ReasoningError: MODEL_NOT_LOADED, with what is missing.
    """
    folder = Path(model).expanduser()
    if not model or not folder.is_dir():
        raise not_loaded(
            f'there is no model folder {model!r}; set the parameter model to a local folder '
            'with a Qwen2.5-VL model (config.json, *.safetensors, tokenizer)'
        )
    try:
        model_type = json.loads((folder / 'config.json').read_text()).get('model_type')
    except (OSError, ValueError, AttributeError) as error:
        raise not_loaded(f'{folder} has no readable config.json: {error}') from error
    if model_type != MODEL_TYPE:
        raise not_loaded(
            f'{folder} holds a model of type {model_type!r}; this backend runs {MODEL_TYPE!r}'
        )
    if not weight_files(folder):
        raise not_loaded(f'{folder} has no weights; put its *.safetensors files there')
    return folder


def weight_files(folder: Path) -> list[Path]:
    """Return the weight files in the order of their names."""
    return sorted(folder.glob('*.safetensors'))


def weights_sha256(folder: Path) -> str:
    """Return the hash of the weight files' contents, one after the other, in hexadecimal."""
    digest = hashlib.sha256()
    for path in weight_files(folder):
        with path.open('rb') as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    return digest.hexdigest()


def not_loaded(message: str) -> ReasoningError:
    """Return a MODEL_NOT_LOADED error."""
    return ReasoningError(ReasonCode.MODEL_NOT_LOADED, message)
