"""A small tokenizer with Qwen's special tokens: words whole, one token per coordinate.

What every answer repeats, such as ', "width":', is one token, too, so that an answer has some
sixty of them instead of three hundred. Any text can be written: the rest falls back to bytes.
"""

from collections.abc import Iterable, Iterator
import itertools

from tokenizers import AddedToken, pre_tokenizers
from transformers import Qwen2Tokenizer
from vla_r1_core.prompt import build_prompt, IMAGE_MARKER, Intent
from vla_r1_core.types import Task
from vla_r1_sim.look import KINDS
from vla_r1_sim.vocabulary import CONTAINERS, SYNONYMS

from vla_r1_training.scenes.phrases import DISTANCES, GOALS, OTHER, SAID, SIDES, WAYS
from vla_r1_training.scenes.thoughts import FAR, NOT_THERE, SCENE_LEADS, TARGET_LEADS, TASK_LEADS

SPECIAL = (
    *('<|endoftext|>', '<|im_start|>', '<|im_end|>', '<|vision_start|>', '<|vision_end|>'),
    *('<|vision_pad|>', '<|image_pad|>', '<|video_pad|>'),
)
CHAT_TEMPLATE = (
    '{% for m in messages %}<|im_start|>{{ m.role }}\n'
    '{% for c in m.content %}{% if c.type == "image" %}'
    '<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ c.text }}{% endif %}{% endfor %}'
    '<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}'
)
COORDINATES = tuple(f' {i / 1000:.3f}' for i in range(1001))
_PIECES = (
    *('<think>', *TASK_LEADS),
    *(f'. {lead}' for lead in (*SCENE_LEADS, *TARGET_LEADS, FAR, 'To:')),
    *(NOT_THERE, '.</think> so, the answer is <output>', 'null</output>'),
    *('{"x":', ', "y":', ', "width":', ', "height":', '}</output>'),
    *('[[', '], [', ']]</output>'),
    *('user\n', 'assistant\n'),
    *(
        build_prompt('', task).removesuffix(IMAGE_MARKER)
        for task in (Task.AFFORDANCE, Task.TRAJECTORY)
    ),
)
_VOCABULARY = 640
"""Bytes and words, before the pieces and coordinates."""


def make_tokenizer() -> Qwen2Tokenizer:
    """Train the tokenizer on the words that are trained on; the same every time."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    bytes_only = Qwen2Tokenizer(
        vocab={c: i for i, c in enumerate(alphabet)},
        merges=[],
        eos_token='<|im_end|>',
        pad_token='<|endoftext|>',
        unk_token=None,
        additional_special_tokens=list(SPECIAL),
    )
    tokenizer = bytes_only.train_new_from_iterator(_corpus(), _VOCABULARY)

    tokenizer.add_tokens(
        [AddedToken(text, normalized=False, special=False) for text in (*_PIECES, *COORDINATES)]
    )
    return tokenizer


def _corpus() -> Iterator[str]:
    """Write what is said and thought, every word often enough to become one token."""
    kinds = [' '.join(kind) for kind in KINDS]
    for said, kind in zip(_said(), itertools.cycle(kinds), strict=False):
        yield f' {said}'
        yield said.format(it=f'the {kind}', way='', goal='')
    words = [*SYNONYMS, *CONTAINERS, *(intent.value for intent in Intent), 'object', 'one']
    places = [*SIDES, *DISTANCES, *WAYS, *itertools.chain(*GOALS.values()), OTHER]
    for text in (*kinds, *words, *places):
        yield from [f' {text}'] * 20


def _said() -> Iterable[str]:
    return itertools.chain(*SAID.values())
