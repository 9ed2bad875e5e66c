"""Every parameter of the reasoner node: default, unit and bounds, defined once."""

from dataclasses import dataclass

from vla_r1_core.config import param


@dataclass(frozen=True)
class ReasonerConfig:
    """Parameters of the reasoner node."""

    backend: str = param('scripted', 'which kind of model', choices=('scripted', 'transformers'))
    model: str = param('', 'local model folder; the scripted backend needs none')
    autostart: bool = param(True, 'configure and activate at start, without a lifecycle manager')
    seed: int = param(0, 'seed of the sampler', ge=0)

    max_image_age_s: float = param(2.0, 'oldest image to answer about', unit='s', ge=0.001)
    image_wait_s: float = param(2.0, 'for a fresh image before refusing', unit='s', ge=0.0)
    max_instruction_chars: int = param(1000, 'longest instruction', ge=1)
    answer_timeout_s: float = param(120.0, 'give up on an answer after this', unit='s', ge=0.001)
    overlay: bool = param(True, 'publish the picture with box, trace and thought')

    device: str = param('auto', 'transformers: auto, cpu, cuda, cuda:1, ...')
    dtype: str = param(
        'auto',
        'transformers: number format of the weights; auto: as they are saved',
        choices=('auto', 'float32', 'bfloat16', 'float16'),
    )
    max_new_tokens: int = param(1024, 'transformers: longest answer', unit='tokens', ge=1)
    max_pixels: int = param(
        1003520, 'transformers: larger images are scaled down to this', unit='px', ge=3136
    )
