"""Write a randomly initialised Qwen2.5-VL of a few thousand weights: `tiny_model.py FOLDER`."""

import sys

from tokenizers import pre_tokenizers
import torch
from transformers import (
    GenerationConfig,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2Tokenizer,
)
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil
from vla_r1_perception.processor import ImageOnlyProcessor

SPECIAL = (
    *('<|endoftext|>', '<|im_start|>', '<|im_end|>', '<|vision_start|>', '<|vision_end|>'),
    *('<|vision_pad|>', '<|image_pad|>', '<|video_pad|>'),
)
TEMPLATE = (
    '{% for m in messages %}<|im_start|>{{ m.role }}\n'
    '{% for c in m.content %}{% if c.type == "image" %}'
    '<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ c.text }}{% endif %}{% endfor %}'
    '<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}'
)


def main(folder: str) -> None:
    """Write the model; its text is noise, its interface is the real one."""
    tokenizer = _tokenizer()
    ids = {name: tokenizer.convert_tokens_to_ids(name) for name in SPECIAL}
    torch.manual_seed(0)
    model = Qwen2_5_VLForConditionalGeneration(_config(len(tokenizer), ids))
    # Noise that may not end early: tests count on the length.
    model.generation_config = GenerationConfig(
        do_sample=True, eos_token_id=ids['<|im_end|>'], pad_token_id=ids['<|endoftext|>'],
        suppress_tokens=list(ids.values()),
    )  # fmt: skip
    model.save_pretrained(folder)
    ImageOnlyProcessor(
        Qwen2VLImageProcessorPil(min_pixels=56 * 56, max_pixels=112 * 112),
        tokenizer,
        chat_template=TEMPLATE,
    ).save_pretrained(folder)


def _tokenizer() -> Qwen2Tokenizer:
    """One token per byte."""
    vocabulary = {c: i for i, c in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    return Qwen2Tokenizer(
        vocab=vocabulary,
        merges=[],
        eos_token='<|im_end|>',
        pad_token='<|endoftext|>',
        unk_token=None,
        additional_special_tokens=list(SPECIAL),
    )


def _config(vocabulary: int, ids: dict[str, int]) -> Qwen2_5_VLConfig:
    return Qwen2_5_VLConfig(
        text_config={
            'vocab_size': vocabulary,
            'hidden_size': 32,
            'intermediate_size': 32,
            'num_hidden_layers': 1,
            'num_attention_heads': 2,
            'num_key_value_heads': 2,
            'max_position_embeddings': 4096,
            'rope_parameters': {
                'rope_type': 'default',
                'rope_theta': 100.0,
                'mrope_section': [2, 3, 3],
            },
            'bos_token_id': None,
            'eos_token_id': ids['<|im_end|>'],
            'pad_token_id': ids['<|endoftext|>'],
            'tie_word_embeddings': True,
        },
        vision_config={
            'depth': 1,
            'hidden_size': 32,
            'intermediate_size': 32,
            'num_heads': 2,
            'out_hidden_size': 32,
            'fullatt_block_indexes': [0],
        },
        image_token_id=ids['<|image_pad|>'],
        video_token_id=ids['<|video_pad|>'],
        vision_start_token_id=ids['<|vision_start|>'],
        vision_end_token_id=ids['<|vision_end|>'],
        tie_word_embeddings=True,
    )


if __name__ == '__main__':
    main(sys.argv[1])
