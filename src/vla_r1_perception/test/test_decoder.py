"""The tokens of the NumPy decoder are those of transformers' own `generate`."""

import numpy as np
import pytest
import torch
from transformers import GenerationConfig, Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration
from vla_r1_core.types import Task
from vla_r1_perception.backends import make_reasoner
from vla_r1_perception.config import ReasonerConfig
from vla_r1_perception.decoder import can_decode, Decoder, MOST_WEIGHTS
from vla_r1_perception.processor import load_processor

LONGEST = 40


@pytest.fixture
def model(tiny_model):
    """Return a greedy model with two layers, whose query heads share key heads."""
    config = Qwen2_5_VLConfig.from_pretrained(tiny_model)
    config.vision_config.out_hidden_size = 64
    text = config.text_config
    text.hidden_size, text.num_hidden_layers, text.layer_types = 64, 2, ['full_attention'] * 2
    text.num_attention_heads, text.num_key_value_heads = 4, 2
    torch.manual_seed(1)
    made = Qwen2_5_VLForConditionalGeneration(config).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            if parameter.ndim > 1:
                parameter.normal_(0, 0.3)
            else:
                parameter.uniform_(0.5, 1.5)
    made.generation_config = GenerationConfig(
        do_sample=False, eos_token_id=config.text_config.eos_token_id, pad_token_id=1
    )
    return made


def prompts(tiny_model, count):
    """Return inputs of prompts that differ in length and picture, padded on the left."""
    processor = load_processor(tiny_model)
    processor.tokenizer.padding_side = 'left'
    said = ['pick', 'put the red cube into the bowl', 'reach'][:count]
    chats = [
        processor.apply_chat_template(
            [{'role': 'user', 'content': [{'type': 'image'}, {'type': 'text', 'text': text}]}],
            add_generation_prompt=True,
            tokenize=False,
        )
        for text in said
    ]
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (84, 112, 3), dtype=np.uint8) for _ in said]
    return processor(text=chats, images=images, padding=True, return_tensors='pt')


def generated(model, inputs):
    ids = model.generate(**inputs, max_new_tokens=LONGEST)[:, inputs['input_ids'].shape[1] :]
    end = model.generation_config.eos_token_id
    rows = [row.tolist() for row in ids]
    return [row[: row.index(end)] if end in row else row for row in rows]


@pytest.mark.parametrize('count', [1, 3])
def test_they_are_the_same(model, tiny_model, count):
    inputs = prompts(tiny_model, count)
    said = Decoder(model).generate(inputs, LONGEST)
    assert said == generated(model, inputs)
    assert len({tuple(tokens) for tokens in said}) == count
    assert all(len(set(tokens)) > 3 for tokens in said)


def test_each_ends_at_its_own_end(model, tiny_model):
    inputs = prompts(tiny_model, 3)
    said = Decoder(model).generate(inputs, LONGEST)
    token = said[0][len(said[0]) // 2]
    model.generation_config.eos_token_id = token
    ended = Decoder(model).generate(inputs, LONGEST)
    assert ended == [s[: s.index(token)] if token in s else s for s in said]
    assert ended == generated(model, inputs)


def test_it_tells_each_token_and_stops_when_told(model, tiny_model):
    inputs = prompts(tiny_model, 1)
    whole = Decoder(model).generate(inputs, LONGEST)[0]
    told = []
    Decoder(model).generate(
        inputs, LONGEST, on_token=lambda said: (told.append(list(said)), len(said) < 5)[1]
    )
    assert told == [whole[:n] for n in range(1, 6)]


def test_what_is_sampled_large_or_on_a_gpu_is_left_to_transformers(model, monkeypatch):
    assert can_decode(model)
    monkeypatch.setattr(model, 'num_parameters', lambda: MOST_WEIGHTS + 1)
    assert not can_decode(model)
    monkeypatch.undo()
    for name, value in (('do_sample', True), ('num_beams', 2), ('suppress_tokens', [3])):
        before = getattr(model.generation_config, name)
        setattr(model.generation_config, name, value)
        assert not can_decode(model)
        setattr(model.generation_config, name, before)
    assert can_decode(model)


def test_the_reasoner_says_the_same_with_it(model, tiny_model, tmp_path, monkeypatch):
    model.save_pretrained(tmp_path)
    load_processor(tiny_model).save_pretrained(tmp_path)
    config = ReasonerConfig(backend='transformers', device='cpu', max_new_tokens=LONGEST)

    def text():
        streamed = []
        answer = make_reasoner(config, str(tmp_path)).answer(
            np.zeros((120, 160, 3), np.uint8), 'pick up the red cube', Task.AFFORDANCE, seed=0,
            on_token=lambda text, n: streamed.append(text), should_stop=lambda: False,
        )  # fmt: skip
        assert streamed[-1] == answer.text
        return answer.text

    fast = text()
    monkeypatch.setattr('vla_r1_perception.transformers_backend.can_decode', lambda model: False)
    assert text() == fast


def test_samples_differ_by_seed_and_come_from_the_same_prompt(model, tiny_model):
    inputs, decoder = prompts(tiny_model, 2), Decoder(model)
    greedy = decoder.generate(inputs, LONGEST)
    copies = decoder.generate(inputs, LONGEST, samples=3)
    assert copies == [greedy[0]] * 3 + [greedy[1]] * 3
    cold = decoder.generate(inputs, LONGEST, samples=3, temperature=1e-4)
    assert cold == copies
    drawn = [decoder.generate(inputs, LONGEST, samples=3, temperature=5.0, seed=s) for s in (1, 2)]
    assert len({tuple(tokens) for tokens in drawn[0] + drawn[1]}) == 12
    assert drawn[0] == decoder.generate(inputs, LONGEST, samples=3, temperature=5.0, seed=1)


def test_tokens_are_drawn_as_often_as_the_softmax_says(model, tiny_model):
    inputs = prompts(tiny_model, 1)
    with torch.inference_mode():
        logits = model(**inputs).logits[0, -1].double() / 8.0
    wanted = torch.softmax(logits, -1).numpy()
    count = 4000
    said = Decoder(model).generate(inputs, 1, samples=count, temperature=8.0, seed=3)
    tokens = np.array([row[0] if row else model.generation_config.eos_token_id for row in said])
    often = np.bincount(tokens, minlength=len(wanted)) / count
    spread = np.sqrt(wanted * (1 - wanted) / count)
    assert (wanted > 0.002).sum() > 20
    assert (np.abs(often - wanted) < 5 * spread + 1 / count).all()
