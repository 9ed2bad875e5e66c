"""What a local model folder holds, checked before anything heavy is loaded."""

import hashlib
import json
from pathlib import Path

from vla_r1_core.errors import ReasonCode, ReasoningError

MODEL_TYPE = 'qwen2_5_vl'
SHIPPED = Path(__file__).parent / 'models'
"""Models that come with this package, a folder each; they are told by their names."""
_CHUNK = 1 << 20  # [bytes]


def find_model(model: str) -> Path:
    """Return the folder of a model that is told by its folder, or by its name if it is shipped.

    Raises:
        ReasoningError: MODEL_NOT_LOADED, there is none; with those that are shipped.
    """
    shipped = {folder.name: folder for folder in SHIPPED.glob('*/')}
    folder = Path(model).expanduser()
    if model and folder.is_dir():
        return folder
    if model in shipped:
        return shipped[model]
    names = f', or to {" or ".join(sorted(shipped))}, which comes with it' if shipped else ''
    raise not_loaded(
        f'there is no model folder {model!r}; set the parameter model to a local folder '
        f'with a Qwen2.5-VL model (config.json, *.safetensors, tokenizer){names}'
    )


def check_folder(model: str) -> Path:
    """Return a model's folder if it holds a Qwen2.5-VL with weights; see `find_model`.

    Raises:
        ReasoningError: MODEL_NOT_LOADED, with what is missing.
    """
    folder = find_model(model)
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


def weights_sha256(*folders: Path) -> str:
    """Return the hash of all weight files' contents, one after the other, in hexadecimal."""
    digest = hashlib.sha256()
    for path in (file for folder in folders for file in weight_files(folder)):
        with path.open('rb') as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    return digest.hexdigest()


def not_loaded(message: str) -> ReasoningError:
    """Return a MODEL_NOT_LOADED error."""
    return ReasoningError(ReasonCode.MODEL_NOT_LOADED, message)
