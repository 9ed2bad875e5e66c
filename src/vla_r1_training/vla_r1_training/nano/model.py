"""The nano model: Qwen2.5-VL's architecture, small enough to be trained and to answer on a CPU."""

import json
import math
from pathlib import Path

import torch
from transformers import (
    GenerationConfig,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2Tokenizer,
)
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil
from vla_r1_perception.processor import ImageOnlyProcessor

from vla_r1_training.nano.tokenizer import CHAT_TEMPLATE, COORDINATES, make_tokenizer, SPECIAL

PICTURE = (336, 252)
"""Width and height of what it sees [px]: 12 by 9 visual tokens."""
_ROOM = (98, 104)
"""Between which areas no picture is scaled [% of that of `PICTURE`].

Not exactly that one: the processor rounds sides down to whole tokens, and 640 x 480 would lose a
row.
"""
_INIT_STD = 0.06


def make_nano(folder: Path, *, seed: int) -> None:
    """Write a model that has learned nothing yet, with its tokenizer and processor."""
    tokenizer = make_tokenizer()
    ids = {name: tokenizer.convert_tokens_to_ids(name) for name in SPECIAL}
    torch.manual_seed(seed)
    model = Qwen2_5_VLForConditionalGeneration(nano_config(len(tokenizer), ids))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.normal_(0.0, _INIT_STD)
        _order_coordinates(model, tokenizer)
    model.generation_config = GenerationConfig(
        do_sample=False, eos_token_id=ids['<|im_end|>'], pad_token_id=ids['<|endoftext|>']
    )
    model.save_pretrained(folder)
    least, most = (PICTURE[0] * PICTURE[1] * percent // 100 for percent in _ROOM)
    ImageOnlyProcessor(
        Qwen2VLImageProcessorPil(min_pixels=least, max_pixels=most),
        tokenizer,
        chat_template=CHAT_TEMPLATE,
    ).save_pretrained(folder)
    _complete(folder / 'processor_config.json')


def _complete(file: Path) -> None:
    """Name the processor as the real model does, with the part that only torchvision can load."""
    config = json.loads(file.read_text())
    images = config['image_processor']
    videos = {key: value for key, value in images.items() if key != 'image_processor_type'}
    config['processor_class'] = 'Qwen2_5_VLProcessor'
    config['video_processor'] = {**videos, 'video_processor_type': 'Qwen2VLVideoProcessor'}
    file.write_text(json.dumps(config, indent=2) + '\n')


def nano_config(vocabulary: int, ids: dict[str, int]) -> Qwen2_5_VLConfig:
    """Return the configuration; 2.5 million weights."""
    return Qwen2_5_VLConfig(
        text_config={
            'vocab_size': vocabulary,
            'hidden_size': 160,
            'intermediate_size': 448,
            'num_hidden_layers': 4,
            'num_attention_heads': 5,
            'num_key_value_heads': 5,
            'max_position_embeddings': 4096,
            # At the usual theta of a million a small head cannot tell columns apart.
            'rope_parameters': {
                'rope_type': 'default',
                'rope_theta': 100.0,
                'mrope_section': [2, 3, 3, 2, 3, 3],
            },
            'bos_token_id': None,
            'eos_token_id': ids['<|im_end|>'],
            'pad_token_id': ids['<|endoftext|>'],
            'tie_word_embeddings': True,
        },
        vision_config={
            'depth': 4,
            'hidden_size': 128,
            'intermediate_size': 352,
            'num_heads': 4,
            'out_hidden_size': 160,
            'fullatt_block_indexes': [0, 1, 2, 3],
        },
        image_token_id=ids['<|image_pad|>'],
        video_token_id=ids['<|video_pad|>'],
        vision_start_token_id=ids['<|vision_start|>'],
        vision_end_token_id=ids['<|vision_end|>'],
        tie_word_embeddings=True,
    )


def _order_coordinates(
    model: Qwen2_5_VLForConditionalGeneration, tokenizer: Qwen2Tokenizer
) -> None:
    """Give coordinates that are near each other like embeddings: waves of many lengths."""
    weight = model.get_input_embeddings().weight
    rows = torch.tensor([tokenizer.convert_tokens_to_ids(text) for text in COORDINATES])
    value = torch.linspace(0, 1, len(rows))[:, None]
    frequency = torch.logspace(math.log10(0.5), math.log10(60.0), weight.shape[1])
    phase = torch.rand(weight.shape[1]) * 2 * math.pi
    weight[rows] = _INIT_STD * math.sqrt(2) * torch.cos(2 * math.pi * frequency * value + phase)
