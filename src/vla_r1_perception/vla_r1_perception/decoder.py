"""A small Qwen2.5-VL's text, token by token, in NumPy.

A model of a few million weights needs some 0.2 ms of arithmetic for a token; what `generate` takes
besides is several times that. transformers still sees the picture and reads the prompt; here only
the tokens after it are computed; the likeliest ones are the same. Formulas: Qwen2.5-VL as in
transformers' `modeling_qwen2_5_vl` (RMSNorm, rotary positions, grouped-query attention, SwiGLU).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
import torch

MOST_WEIGHTS = 50_000_000
"""Above this the arithmetic counts, and torch does it better."""
_GREEDY = {
    'do_sample': (False,), 'num_beams': (None, 1), 'repetition_penalty': (None, 1.0),
    'no_repeat_ngram_size': (None, 0), 'suppress_tokens': (None,), 'bad_words_ids': (None,),
    'begin_suppress_tokens': (None,), 'min_new_tokens': (None,), 'forced_eos_token_id': (None,),
}  # fmt: skip
"""What generation_config.json may say, so that the likeliest token is always the next."""

Array = NDArray[np.float32]


@dataclass(frozen=True)
class _Layer:
    """Weights of a layer; matrices are (inputs, outputs)."""

    norm: Array
    qkv: Array
    qkv_bias: Array
    out: Array
    mlp_norm: Array
    gate_up: Array
    down: Array


def can_decode(model: Any) -> bool:
    """Whether this model is small enough, on the CPU, and speaks greedily."""
    settings = model.generation_config
    return (
        model.device.type == 'cpu'
        and model.num_parameters() <= MOST_WEIGHTS
        and all(getattr(settings, name, None) in allowed for name, allowed in _GREEDY.items())
        and model.config.text_config.hidden_act == 'silu'
        and not model.config.text_config.use_sliding_window
    )


class Decoder:
    """Answers with a model's own weights.

    Args:
        model: a `Qwen2_5_VLForConditionalGeneration` that `can_decode`; later changes of its
            weights are not seen.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        config = model.config.text_config
        text = model.model.language_model
        self._heads, self._kv_heads = config.num_attention_heads, config.num_key_value_heads
        self._epsilon = config.rms_norm_eps
        self._layers = [_layer(layer) for layer in text.layers]
        self._norm = _numpy(text.norm.weight)
        self._embeddings = _numpy(text.embed_tokens.weight)
        self._head = np.ascontiguousarray(_numpy(model.lm_head.weight).T)
        self._frequencies = _numpy(text.rotary_emb.inv_freq)
        end = model.generation_config.eos_token_id
        self._ends = np.array([end] if isinstance(end, int) else end)

    def generate(
        self,
        inputs: dict[str, Any],
        max_new_tokens: int,
        *,
        samples: int = 1,
        temperature: float = 0.0,
        seed: int = 0,
        on_token: Callable[[list[int]], bool] = lambda tokens: True,
    ) -> list[list[int]]:
        """Return what the model says to each of B prompts, without the token that ends it.

        Args:
            inputs: of the model, as its processor makes them; padded on the left.
            max_new_tokens: longest answer.
            samples: answers to each prompt, which is read once; they follow each other.
            temperature: of the softmax that tokens are drawn from; 0: the likeliest.
            seed: of what is drawn.
            on_token: is told what the first of them has said so far after each of its tokens;
                all end when it returns False.
        """
        with torch.inference_mode():
            prompt = self._model(**inputs, use_cache=True, logits_to_keep=1)
        keys, values = _caches(prompt.past_key_values, max_new_tokens, samples)
        mask = np.where(_numpy(inputs['attention_mask']) > 0, 0, -np.inf).astype(np.float32)
        length = mask.shape[1]
        place = (mask == 0).sum(-1) + self._model.model.rope_deltas.reshape(-1).numpy()
        logits = _numpy(prompt.logits[:, -1])
        mask, place, logits = (np.repeat(each, samples, axis=0) for each in (mask, place, logits))
        said: list[list[int]] = [[] for _ in logits]
        speaking = np.ones(len(logits), bool)
        rng = np.random.default_rng(seed)
        for step in range(max_new_tokens):
            tokens = _drawn(rng, logits, temperature)
            speaking &= ~np.isin(tokens, self._ends)
            for i in np.flatnonzero(speaking):
                said[i].append(int(tokens[i]))
            if not speaking.any() or not on_token(said[0]):
                break
            if step + 1 < max_new_tokens:
                logits = self._step(tokens, place + step, keys, values, mask, length + step)
        return said

    def _step(
        self,
        tokens: NDArray[np.int64],
        places: NDArray[np.int64],
        keys: list[Array],
        values: list[Array],
        mask: Array,
        length: int,
    ) -> Array:
        """Return (B, vocabulary) logits of the token after `tokens`, whose caches it writes.

        Args:
            tokens: (B,)
            places: (B,), their rotary positions.
            keys: (B, key heads, longest, head size) of each layer, `length` of them written.
            values: likewise.
            mask: (B, prompt), 0 or -inf where the prompt is padding.
            length: of the prompt and what has been said.
        """
        angles = places[:, None, None] * np.concatenate([self._frequencies] * 2)
        cos, sin = np.cos(angles, dtype=np.float32), np.sin(angles, dtype=np.float32)
        hidden: Array = self._embeddings[tokens]
        count, prompt = mask.shape
        groups = self._heads // self._kv_heads
        for layer, key_cache, value_cache in zip(self._layers, keys, values, strict=True):
            qkv = self._normed(hidden, layer.norm) @ layer.qkv + layer.qkv_bias
            qkv = qkv.reshape(count, self._heads + 2 * self._kv_heads, -1)
            rotated = qkv[:, : -self._kv_heads]
            half = rotated.shape[-1] // 2
            turned = np.concatenate([-rotated[..., half:], rotated[..., :half]], -1)
            rotated = rotated * cos + turned * sin
            key_cache[:, :, length] = rotated[:, self._heads :]
            value_cache[:, :, length] = qkv[:, -self._kv_heads :]
            size = rotated.shape[-1]
            query = rotated[:, : self._heads].reshape(count, self._kv_heads, groups, size)
            scores = query @ key_cache[:, :, : length + 1].swapaxes(-1, -2)
            scores *= np.float32(size**-0.5)
            scores[..., :prompt] += mask[:, None, None]
            heard = _softmax(scores) @ value_cache[:, :, : length + 1]
            hidden += heard.reshape(count, -1) @ layer.out
            gate, up = np.split(self._normed(hidden, layer.mlp_norm) @ layer.gate_up, 2, axis=-1)
            swish: Array = gate / (1 + np.exp(-gate)) * up
            hidden += swish @ layer.down
        logits: Array = self._normed(hidden, self._norm) @ self._head
        return logits

    def _normed(self, hidden: Array, weight: Array) -> Array:
        square = np.square(hidden).mean(-1, keepdims=True)
        normed: Array = hidden / np.sqrt(square + np.float32(self._epsilon)) * weight
        return normed


def greedily(model: Any) -> Callable[[dict[str, Any], int], Any]:
    """Return what answers with the likeliest tokens: a `Decoder`, or the model where none can.

    It takes inputs of B prompts, padded on the left, and the most tokens of an answer, and returns
    B rows of tokens.
    """
    if can_decode(model):
        return Decoder(model).generate

    def generate(inputs: dict[str, Any], max_new_tokens: int) -> Any:
        ids = model.generate(**inputs, max_new_tokens=max_new_tokens, do_sample=False)
        return ids[:, inputs['input_ids'].shape[1] :]

    return generate


def _layer(layer: Any) -> _Layer:
    attention, mlp = layer.self_attn, layer.mlp
    projections = (attention.q_proj, attention.k_proj, attention.v_proj)
    return _Layer(
        norm=_numpy(layer.input_layernorm.weight),
        qkv=np.concatenate([_numpy(p.weight).T for p in projections], axis=1),
        qkv_bias=np.concatenate([_numpy(p.bias) for p in projections]),
        out=np.ascontiguousarray(_numpy(attention.o_proj.weight).T),
        mlp_norm=_numpy(layer.post_attention_layernorm.weight),
        gate_up=np.concatenate([_numpy(p.weight).T for p in (mlp.gate_proj, mlp.up_proj)], axis=1),
        down=np.ascontiguousarray(_numpy(mlp.down_proj.weight).T),
    )


def _caches(prompt: Any, more: int, copies: int) -> tuple[list[Array], list[Array]]:
    """Return keys and values of each prompt, so many times, with room for `more` tokens."""

    def roomy(cache: torch.Tensor) -> Array:
        count, heads, length, size = cache.shape
        # Not zeros: what is not written yet costs nothing.
        out = np.empty((count * copies, heads, length + more, size), np.float32)
        out[:, :, :length] = np.repeat(_numpy(cache), copies, axis=0)
        return out

    layers = prompt.layers
    return [roomy(layer.keys) for layer in layers], [roomy(layer.values) for layer in layers]


def _drawn(rng: np.random.Generator, logits: Array, temperature: float) -> NDArray[np.int64]:
    """Return (B,) tokens: the likeliest, or drawn."""
    if temperature == 0.0:
        tokens: NDArray[np.int64] = logits.argmax(-1)
        return tokens
    sums = _softmax(logits / np.float32(temperature)).cumsum(-1, dtype=np.float64)
    wanted = rng.random((len(logits), 1)) * sums[:, -1:]
    return np.asarray((sums <= wanted).sum(-1))


def _softmax(scores: Array) -> Array:
    weights: Array = np.exp(scores - scores.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    return weights


def _numpy(tensor: torch.Tensor) -> Array:
    array: Array = tensor.detach().float().numpy()
    return array
